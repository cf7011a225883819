package compare

import (
	"slices"

	"kmatrix/matrix"
)

// analyses returns how many analyses of its verdicts a column has at most on a machine,
// see [matrix.Machine]; 0 where its boots are fixed.
func (c Comparison) analyses(column int, machine string) int {
	return len(machineOf(c.Columns[column].of, machine).Analyses)
}

// Undecided lists the cells, of both sides, whose comparison is inconclusive, on those
// of the machines that have analyses left; next is how many boots these get then, by
// their names.
//
// Cells that have their verdict get no more boots, and it stands: their probabilities
// are those of the analysis that they had it at, each of which was held to its part.
func (c Comparison) Undecided(machines []matrix.Machine) (cells []matrix.Cell, next map[string]int) {
	next = map[string]int{}
	for _, m := range machines {
		for _, n := range m.Analyses {
			if n > m.Boots && next[m.Name] == 0 {
				next[m.Name] = n
			}
		}
	}
	seen := map[string]bool{}
	add := func(column int, r Row) {
		cell := matrix.Cell{Kernel: c.Columns[column].Name, Machine: r.Machine, Probe: r.Probe}
		if !seen[cell.ID()] {
			seen[cell.ID()] = true
			cells = append(cells, cell)
		}
	}
	for _, r := range c.Rows {
		if next[r.Machine] == 0 {
			continue
		}
		// What is inconclusive is so of two columns: the order is that of the columns.
		open := map[int]bool{}
		for i, cell := range r.Cells {
			if cell.Verdict == matrix.VerdictInconclusive {
				open[i] = true
				if len(cell.Deltas) == 0 {
					open[c.baseline()] = true
				}
			}
			for _, k := range cell.Deltas {
				if k.Verdict == matrix.VerdictInconclusive {
					open[i] = true
					open[slices.IndexFunc(c.Columns, func(col Column) bool { return col.Name == k.Against })] = true
				}
			}
		}
		for i := range c.Columns {
			if open[i] {
				add(i, r)
			}
		}
	}
	undecided := map[string]bool{}
	for _, cell := range cells {
		undecided[cell.Machine] = true
	}
	for name := range next {
		if !undecided[name] {
			delete(next, name)
		}
	}
	return cells, next
}
