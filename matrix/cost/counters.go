package cost

import (
	"maps"
	"slices"

	"kmatrix/matrix"
)

// Counter is one that differs between two samples: what it counted in a pass, in
// the median boot of each side.
type Counter struct {
	Name string `json:"name"`
	// Value and Other are per pass; Other is nil where that kernel has no such
	// counter, and Value where the cell's has none.
	Value *float64 `json:"value"`
	Other *float64 `json:"other"`
}

// explaining are the counters that can explain a cost, those that tell most first.
// Switches and minor faults come last: a few of each are chance.
var explaining = []string{"pages_copied", "pages_moved", "kib_read", "refaults", "pages_resident", "major_faults", "instructions", "minor_faults"}

// level are the counters that say what there is, and are not summed over passes.
var level = map[string]bool{"pages_resident": true}

// counters lists those of two samples that differ by at least one in a pass, and by a tenth.
// A kernel that has not the counter counts as having none of it.
func counters(a, b *matrix.Sample) []Counter {
	var list []Counter
	names := slices.Sorted(maps.Keys(a.Counters))
	for name := range b.Counters {
		if _, both := a.Counters[name]; !both {
			names = append(names, name)
		}
	}
	for _, name := range explaining {
		if !slices.Contains(names, name) {
			continue
		}
		x, y := perPass(a, name), perPass(b, name)
		var u, v float64
		if x != nil {
			u = *x
		}
		if y != nil {
			v = *y
		}
		if d := max(u, v) - min(u, v); d >= 1 && d >= max(u, v)/10 {
			list = append(list, Counter{name, x, y})
		}
	}
	return list
}

// perPass returns what a counter counted in a pass; nil where there is no such counter.
func perPass(s *matrix.Sample, name string) *float64 {
	n, ok := s.Counters[name]
	if !ok {
		return nil
	}
	v := float64(n)
	if !level[name] && s.Iterations > 1 {
		v /= float64(s.Iterations)
	}
	return &v
}
