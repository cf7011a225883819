package stats

import (
	"math"

	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"
)

const (
	// power is the chance of a verdict that the number of values is chosen for.
	power = 0.8
	// rankEfficiency is how much of normal data the rank test uses (3/π).
	rankEfficiency = 3 / math.Pi
	// MostNeeded is the largest number of values that is worth saying.
	MostNeeded = 1000
)

// Needed estimates how many values a side it takes to show a difference of the ratio
// that was seen, beyond the tolerance, or that there is none beyond the margin, whichever
// takes fewer, when so many tests are corrected together; 0 when more than [MostNeeded].
// Either side has two values at least, whose spread is taken for normal, on a logarithmic
// scale. Tolerance and margin are parts.
func Needed(a, b []float64, ratio, tolerance, margin float64, tests int) (n int, ok bool) {
	variance := (stat.Variance(logs(a), nil) + stat.Variance(logs(b), nil)) / 2
	d, tolerance, margin := math.Abs(math.Log(ratio)), math.Log1p(tolerance), math.Log1p(margin)
	size := func(alpha, beta, gap float64) float64 {
		if gap <= 0 {
			return math.Inf(1)
		}
		z := distuv.UnitNormal.Quantile(1-alpha) + distuv.UnitNormal.Quantile(1-beta)
		return math.Ceil(2 * z * z * variance / (gap * gap) / rankEfficiency)
	}
	most := min(
		size(Alpha/2/float64(tests), 1-power, d-tolerance),
		size(Alpha/float64(tests), (1-power)/2, margin-tolerance-d),
	)
	if most > MostNeeded {
		return 0, false
	}
	return int(most), true
}

func logs(values []float64) []float64 {
	list := make([]float64, len(values))
	for i, v := range values {
		list[i] = math.Log(v)
	}
	return list
}
