package host

import (
	"cmp"
	"time"
)

// slowest is the lowest speed of a host, see [capacity.Speed], that deadlines are
// stretched for.
const slowest = 1. / 20

// Deadlines say how long each phase of a session may take, by the host's
// clock, less what this host did not let it run ([deadline.Wait]). The zero value means
// the defaults, which a slow host stretches ([Config]).
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
	// ends the guest: a hundred times what it takes.
	grace time.Duration
}

// orDefault fills in the defaults for a host of that speed.
func (d Deadlines) orDefault(speed float64) Deadlines {
	for _, one := range []struct {
		d   *time.Duration
		def time.Duration
	}{{&d.Boot, 90 * time.Second}, {&d.Agent, 60 * time.Second}, {&d.Probe, 30 * time.Second}, {&d.grace, 3 * time.Second}} {
		if *one.d == 0 {
			*one.d = time.Duration(float64(one.def) / min(1, max(slowest, cmp.Or(speed, 1)))).Round(time.Second)
		}
	}
	return d
}

// budgets returns the budgets of those probes that have one.
func (r *Runner) budgets(probes []string) map[string]time.Duration {
	all := map[string]time.Duration{}
	for _, name := range probes {
		if own := r.probe(name).Budget; own > 0 {
			all[name] = cmp.Or(r.cfg.Budget, own)
		}
	}
	return all
}

// limit returns how long the first of the probes that are left may take.
func (r *Runner) limit(left []string, budgets map[string]time.Duration) time.Duration {
	d := r.cfg.Deadlines.Probe
	if len(left) > 0 {
		if p := r.probe(left[0]).Program; p != nil && p.Deadline > 0 {
			d = p.Deadline
		}
		d += budgets[left[0]]
	}
	return d
}
