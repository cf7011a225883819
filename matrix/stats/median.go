package stats

import (
	"math"

	"golang.org/x/perf/benchmath"
)

// MedianInterval returns the interval of the median of sorted values at that level,
// without an assumed distribution: at 5 % it is finite from six values on; below, it is
// the smallest and the largest.
func MedianInterval(values []float64, alpha float64) (low, high float64) {
	if math.Exp2(float64(1-len(values))) > alpha {
		return values[0], values[len(values)-1]
	}
	s := benchmath.AssumeNothing.Summary(sampleOf(values), 1-alpha)
	return s.Lo, s.Hi
}

func sampleOf(values []float64) *benchmath.Sample {
	thresholds := benchmath.DefaultThresholds
	return benchmath.NewSample(append([]float64(nil), values...), &thresholds)
}
