package cost

import "kmatrix/matrix"

// Bounds are what is declared of a probe before it is measured.
type Bounds struct {
	// Tolerance is the part by which two boots of one kernel may differ: by how
	// much the interval is widened where instructions were counted. A rank test
	// of wall time needs none.
	Tolerance float64 `json:"tolerance,omitempty"`
	// Margin is the part within which two costs are called the same.
	Margin float64 `json:"margin"`
}

// The defaults. Counted instructions of what copies or moves pages repeat within a
// tenth of a percent.
var (
	counted = Bounds{Tolerance: 0.005, Margin: 0.01}
	timed   = Bounds{Margin: 0.05}
)

// waiting are the probes that repeat less well when counted, by their patterns, the
// first that matches: a connection has timers, and a disk's interrupts come when they
// come. From a cold cache splice waits in some passes and in others does not, as the
// host's disk is slow or fast, and what the interrupt does is in the time of the latter
// alone: fresh boots of 6.1 differ by up to 5.6 % there, and by less than a percent
// elsewhere.
var waiting = []struct {
	pattern string
	bounds  Bounds
}{
	{"cost/splice-file-pipe-cold/...", Bounds{Tolerance: 0.075, Margin: 0.15}},
	{"cost/*-cold/...", disk},
	{"cost/*-tcp/...", sockets},
	{"cost/*-tcp-*/...", sockets},
	{"cost/mmap-write/...", sockets},
	{"cost/mmap-write-pipe/...", sockets},
	{"cost/mmap-write-tee/...", sockets},
	{"cost/read-vmsplice/...", sockets},
}

var (
	sockets = Bounds{Tolerance: 0.02, Margin: 0.04}
	disk    = Bounds{Tolerance: 0.045, Margin: 0.09}
)

// boundsOf returns what is declared of the samples of a probe: of passes that read from a
// disk and waited for it at least what is of a cold cache, whatever the probe's name
// says. A file that is served again is cached on one kernel, and was taken from the
// cache on another: there fresh boots differed by 1.9 %.
func boundsOf(probe string, clock matrix.Clock, sides ...Samples) Bounds {
	b := BoundsOf(probe, clock)
	for _, side := range sides {
		read := !side.all(func(s *matrix.Sample) bool { return s.Waited == 0 || s.Counters[CounterRead] == 0 })
		if clock == matrix.ClockIcount && read && b.Tolerance < disk.Tolerance {
			b = disk
		}
	}
	return b
}

// BoundsOf returns what is declared of a probe by that clock.
func BoundsOf(probe string, clock matrix.Clock) Bounds {
	if clock != matrix.ClockIcount {
		return timed
	}
	for _, w := range waiting {
		if matrix.Match(w.pattern, probe) {
			return w.bounds
		}
	}
	return counted
}
