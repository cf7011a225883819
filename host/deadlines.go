package host

import (
	"cmp"
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
}

func (d Deadlines) orDefault() Deadlines {
	for _, one := range []struct {
		d   *time.Duration
		def time.Duration
	}{{&d.Boot, 90 * time.Second}, {&d.Agent, 60 * time.Second}, {&d.Probe, 30 * time.Second}} {
		if *one.d == 0 {
			*one.d = one.def
		}
	}
	return d
}

// probeGrace is what the host gives the agent to end an overdue probe before
// it ends the guest.
const probeGrace = 10 * time.Second

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

// limit returns how long the host waits for the first of the probes that are
// left.
func (r *Runner) limit(left []string, budgets map[string]time.Duration) time.Duration {
	d := r.Deadlines.Probe
	if len(left) > 0 {
		if p := r.probe(left[0]).Program; p != nil && p.Deadline > 0 {
			d = p.Deadline
		}
		d += budgets[left[0]]
	}
	return d + probeGrace
}
