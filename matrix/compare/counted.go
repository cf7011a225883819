package compare

import (
	"math"

	"golang.org/x/perf/benchmath"
)

// count gives a comparison of counted instructions its interval. Nothing is random
// in it but how the boots themselves differ: that is seen from two boots on, and
// the tolerance stands for what was not seen.
func (k *Delta) count() {
	a, b := spread(k.side, k.alpha()), spread(k.beside, k.alpha())
	k.Low = a[0] / b[1] / (1 + k.Tolerance)
	k.High = a[1] / b[0] * (1 + k.Tolerance)
}

// spread returns the bounds of a median: its interval at that level, which at 5 % is finite
// from six values on; below, the smallest and the largest. The values are sorted.
func spread(values []float64, alpha float64) [2]float64 {
	if math.Exp2(float64(1-len(values))) > alpha {
		return [2]float64{values[0], values[len(values)-1]}
	}
	s := benchmath.AssumeNothing.Summary(sampleOf(values), 1-alpha)
	return [2]float64{s.Lo, s.Hi}
}

func sampleOf(values []float64) *benchmath.Sample {
	thresholds := benchmath.DefaultThresholds
	return benchmath.NewSample(append([]float64(nil), values...), &thresholds)
}

// Spread returns the bounds of the median of a cell's boots, see [Delta]; false
// with fewer than two.
func (c Cell) Spread() (low, high float64, ok bool) {
	v := c.values()
	if len(v) < 2 {
		return 0, 0, false
	}
	s := spread(v, Alpha)
	return s[0], s[1], true
}
