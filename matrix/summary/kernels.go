package summary

import (
	"slices"

	"kmatrix/matrix"
	"kmatrix/matrix/compare"
)

// Kernel counts what the cells of a column show.
type Kernel struct {
	// Column is its index.
	Column int
	Counts map[Showing]int
	// Missing counts the cells that have no answer, or no result yet, and Why has the
	// outcomes of the former, each once.
	Missing int
	Why     []matrix.Outcome
}

// Answered is how many cells have an answer.
func (k Kernel) Answered() int {
	n := 0
	for _, count := range k.Counts {
		n += count
	}
	return n
}

func kernels(c compare.Comparison) []Kernel {
	var list []Kernel
	for i := range c.Columns {
		k := Kernel{Column: i, Counts: map[Showing]int{}, Why: c.Untested(i).Outcomes()}
		for _, r := range c.Rows {
			if s, ok := of(r.Cells[i]); ok {
				k.Counts[s]++
			} else {
				k.Missing++
			}
		}
		slices.Sort(k.Why)
		list = append(list, k)
	}
	return list
}
