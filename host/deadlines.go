package host

import (
	"cmp"
	"fmt"
	"time"
)

// Deadlines say how long each phase of a guest's life may take, by the host's
// clock. The zero value means the defaults.
type Deadlines struct {
	// Boot is from QEMU's start to agent-ready; the default of 90 s is fifty
	// times what a Debian kernel needs without KVM on an idle machine.
	Boot time.Duration
	// Agent is from agent-ready to the agent's hello: login, file systems
	// mounted. The default is 60 s.
	Agent time.Duration
	// Probe is for each single probe; the default is 30 s. A probe with a
	// budget has that on top.
	Probe time.Duration
	// grace is what the host gives the agent to end an overdue probe before it
	// ends the guest.
	grace time.Duration
}

func (d Deadlines) orDefault() Deadlines {
	for _, one := range []struct {
		d   *time.Duration
		def time.Duration
	}{{&d.Boot, 90 * time.Second}, {&d.Agent, 60 * time.Second}, {&d.Probe, 30 * time.Second}, {&d.grace, 10 * time.Second}} {
		if *one.d == 0 {
			*one.d = one.def
		}
	}
	return d
}

// budgets returns the budgets of those probes that have one.
func (r *Runner) budgets(probes []string) map[string]time.Duration {
	all := map[string]time.Duration{}
	for _, name := range probes {
		if own := r.probe(name).Budget; own > 0 {
			all[name] = cmp.Or(r.Budget, own)
		}
	}
	return all
}

// limit returns how long the first of the probes that are left may take.
func (r *Runner) limit(left []string, budgets map[string]time.Duration) time.Duration {
	d := r.Deadlines.Probe
	if len(left) > 0 {
		if p := r.probe(left[0]).Program; p != nil && p.Deadline > 0 {
			d = p.Deadline
		}
		d += budgets[left[0]]
	}
	return d
}

// late is what is said of a probe that took longer.
func (r *Runner) late(probe string, budgets map[string]time.Duration) error {
	return fmt.Errorf("no answer within %s", r.limit([]string{probe}, budgets))
}

// deadline watches over the probe that is waited for, by the host's clock alone:
// that of a guest may run fast, or jump.
type deadline struct {
	// overdue tells the guest to end a probe, and giveUp comes grace later.
	overdue func(probe string)
	giveUp  func()
	grace   time.Duration
	// probe is the one that runs, "" when the next has not begun.
	probe  string
	timers []*time.Timer
}

// set begins to wait for a probe, or with "" for the next one to begin.
func (d *deadline) set(probe string, limit time.Duration) {
	d.stop()
	d.probe = probe
	d.timers = []*time.Timer{time.AfterFunc(limit+d.grace, d.giveUp)}
	if probe != "" {
		d.timers = append(d.timers, time.AfterFunc(limit, func() { d.overdue(probe) }))
	}
}

// stop ends the waiting.
func (d *deadline) stop() {
	for _, t := range d.timers {
		t.Stop()
	}
}
