package cost

import (
	"kmatrix/matrix"
)

// Reads are what the disks read in a pass, in KiB, in the median boot of each side, of
// costs that differ in it. A cost is the time in which its thread had the CPU: what it
// waits for a disk is not in it, so that such costs are not ordered by that time alone.
type Reads struct {
	Value float64 `json:"value"`
	Other float64 `json:"other"`
}

// LeastRead is the smallest difference that counts, in KiB a pass: a page.
const LeastRead = 4

// readsOf returns what the disks read where all boots of one side read more than any of
// the other's: by a page in each pass at least, and by a tenth; else nil, also where a
// kernel does not tell.
func readsOf(side, other Samples) *Reads {
	a, b := readRange(side), readRange(other)
	if a == nil || b == nil {
		return nil
	}
	gap := max(a[0]-b[1], b[0]-a[1])
	if gap < LeastRead || gap < max(a[1], b[1])/10 {
		return nil
	}
	return &Reads{Value: *PerPass(side.Median(), CounterRead), Other: *PerPass(other.Median(), CounterRead)}
}

// readRange returns the least and the most that a boot of a side read in a pass; nil
// where one does not tell.
func readRange(side Samples) *[2]float64 {
	var bounds *[2]float64
	for _, s := range side {
		n := PerPass(s, CounterRead)
		switch {
		case n == nil:
			return nil
		case bounds == nil:
			bounds = &[2]float64{*n, *n}
		default:
			*bounds = [2]float64{min(bounds[0], *n), max(bounds[1], *n)}
		}
	}
	return bounds
}

// order takes what the disks read into account: a verdict by the CPU stands where the
// side that is better by it reads less, too.
func (r Reads) order(v matrix.Verdict) matrix.Verdict {
	switch {
	case v == matrix.VerdictWorse && r.Value > r.Other, v == matrix.VerdictBetter && r.Value < r.Other:
		return v
	}
	return matrix.VerdictNotOrdered
}
