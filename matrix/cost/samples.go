package cost

import (
	"slices"

	"kmatrix/matrix"
	"kmatrix/matrix/stats"
)

// Samples are those of a cell's boots that count, a boot each.
type Samples []*matrix.Sample

// Median returns the median boot's sample; nil where there is none. Of an even number it
// is the lower of the two in the middle, so that it is one that was measured.
func (s Samples) Median() *matrix.Sample {
	if len(s) == 0 {
		return nil
	}
	list := slices.Clone(s)
	slices.SortFunc(list, func(a, b *matrix.Sample) int {
		switch {
		case a.Value < b.Value:
			return -1
		case a.Value > b.Value:
			return 1
		}
		return 0
	})
	return list[(len(list)-1)/2]
}

// Spread returns the bounds of the median of the boots, see [Delta]; false with fewer
// than two.
func (s Samples) Spread() (low, high float64, ok bool) {
	if len(s) < 2 {
		return 0, 0, false
	}
	low, high = stats.MedianInterval(s.values(), stats.Alpha)
	return low, high, true
}

// values returns the samples' values, sorted.
func (s Samples) values() []float64 {
	var list []float64
	for _, sample := range s {
		list = append(list, sample.Value)
	}
	slices.Sort(list)
	return list
}

// all reports whether all samples are so.
func (s Samples) all(so func(*matrix.Sample) bool) bool {
	return !slices.ContainsFunc(s, func(sample *matrix.Sample) bool { return !so(sample) })
}
