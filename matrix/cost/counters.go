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

// Counters of samples that tell what a cost leaves out, or to others.
const (
	// CounterRead counts what the disks read, in KiB.
	CounterRead = "kib_read"
	// CounterMinorFaults and CounterMajorFaults count page faults, the latter those that
	// wait for a disk.
	CounterMinorFaults = "minor_faults"
	CounterMajorFaults = "major_faults"
	// CounterResident is how many pages of the file are in the page cache afterwards.
	CounterResident = "pages_resident"
)

// explaining are the counters that can explain a cost, those that tell most first.
// Switches and minor faults come last: a few of each are chance.
var explaining = []string{"pages_copied", "pages_moved", CounterRead, "refaults", CounterResident, CounterMajorFaults, "instructions", CounterMinorFaults}

// level are the counters that say what there is, and are not summed over passes.
var level = map[string]bool{CounterResident: true}

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
		x, y := PerPass(a, name), PerPass(b, name)
		var u, v float64
		if x != nil {
			u = *x
		}
		if y != nil {
			v = *y
		}
		if Apart(u, v) {
			list = append(list, Counter{name, x, y})
		}
	}
	return list
}

// Apart reports whether what a counter counted in a pass of either of two costs differs by
// one at least, and by a tenth.
func Apart(a, b float64) bool { return max(a, b)-min(a, b) >= max(1, a/10, b/10) }

// PerPass returns what a counter of a sample counted in a pass, and of what is no sum but
// what there is, such as resident pages, that; nil where there is no such counter.
func PerPass(s *matrix.Sample, name string) *float64 {
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
