package compare

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

// The defaults. Counted instructions repeat within half a percent.
var (
	counted = Bounds{Tolerance: 0.005, Margin: 0.01}
	timed   = Bounds{Margin: 0.05}
)

// waiting are the patterns of probes that wait for a disk in every pass, whose
// interrupts come when they come: counted, they repeat less well.
var waiting = []string{"cost/splice-file-pipe-cold/...", "cost/read-write-cold/..."}

// BoundsOf returns what is declared of a probe by that clock.
func BoundsOf(probe string, clock matrix.Clock) Bounds {
	if clock != matrix.ClockIcount {
		return timed
	}
	for _, p := range waiting {
		if matrix.Match(p, probe) {
			return Bounds{Tolerance: 0.025, Margin: 0.05}
		}
	}
	return counted
}
