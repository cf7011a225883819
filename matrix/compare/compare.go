// Package compare puts the columns of a run beside a baseline.
//
// [Compare] is a pure function from results to rows of cells with verdicts, and
// [Comparison.Findings] says in words what differs. A difference in behaviour
// is a fact; one in cost is claimed only from samples that allow it, and a
// sample that is merely indicative allows none.
package compare

import (
	"slices"
	"strings"

	"kmatrix/matrix"
)

// Verdict says how a cell stands to the baseline's.
type Verdict string

const (
	// NoVerdict: there is nothing to compare, as in the baseline's own column.
	NoVerdict Verdict = ""
	// Same: the outcomes and classes are equal.
	Same Verdict = "same"
	// Differs: they are not.
	Differs Verdict = "differs"
	// Inconclusive: the samples allow no claim.
	Inconclusive Verdict = "inconclusive"
)

// Comparison is a run, arranged.
type Comparison struct {
	Columns []Column
	// Rows are in the run's order of probes.
	Rows []Row
}

// Column is one kernel.
type Column struct {
	matrix.Column
	Baseline bool
}

// Absent reports whether the kernel could not be had: it has no cells, and
// counts in no comparison.
func (c Column) Absent() bool { return c.Outcome != "" }

// CostComparable reports whether the column's costs may be set against the
// baseline's: only kernels of the same configuration, which names the compiler,
// are. The baseline's own may.
func (c Comparison) CostComparable(column int) bool {
	for _, base := range c.Columns {
		if base.Baseline {
			return c.Columns[column].Baseline || base.ConfigDigest != "" && base.ConfigDigest == c.Columns[column].ConfigDigest
		}
	}
	return false
}

// Row is one probe on one machine.
type Row struct {
	Probe, Machine string
	// Machines is how many machines the probe ran on: with more than one, a
	// row needs its machine's name.
	Machines int
	// Cells are one for each column.
	Cells []Cell
}

// Group is the beginning of the name that related rows share: kind and call
// of a stability probe, kind and load of a stress probe, "cost" for a cost.
func (r Row) Group() string {
	parts := strings.SplitN(r.Probe, "/", 3)
	if (parts[0] == "stability" || parts[0] == "stress") && len(parts) == 3 {
		return parts[0] + "/" + parts[1]
	}
	return parts[0]
}

// Uniform reports whether no cell of the row stands out: every column that is
// there shows the same, and it is no cost.
func (r Row) Uniform(columns []Column) bool {
	first := -1
	for i, c := range r.Cells {
		switch {
		case columns[i].Absent() || !c.Answered():
		case c.Sample() != nil:
			return false
		case first < 0:
			first = i
		case !c.same(r.Cells[first]):
			return false
		}
	}
	return first >= 0
}

// Cell is one square: the results of all its boots.
type Cell struct {
	Results []matrix.Result
	Verdict Verdict
}

// unanswered are the outcomes of cells that the kernel was never asked, or
// could give no answer to: they tell nothing of its behaviour.
var unanswered = []matrix.Outcome{matrix.BootFailed, matrix.BuildFailed, matrix.Unavailable, matrix.Infra, matrix.Lost}

// Answered reports whether the kernel answered in any boot; a crash and a hang
// are answers.
func (c Cell) Answered() bool {
	return slices.ContainsFunc(c.Results, func(r matrix.Result) bool { return !slices.Contains(unanswered, r.Outcome) })
}

// Compare arranges the results of a run.
func Compare(run matrix.Run, results []matrix.Result) Comparison {
	var c Comparison
	baseline := -1
	for i, k := range run.Kernels {
		c.Columns = append(c.Columns, Column{Column: k, Baseline: k.Name == run.Baseline})
		if k.Name == run.Baseline {
			baseline = i
		}
	}
	by := map[string][]matrix.Result{}
	ran := map[string]bool{}
	machines := map[string]int{}
	for _, r := range results {
		by[r.Cell] = append(by[r.Cell], r)
		if key := r.Machine + " " + r.Probe; !ran[key] {
			ran[key] = true
			machines[r.Probe]++
		}
	}
	for _, p := range run.Probes {
		for _, m := range run.Machines {
			if !ran[m.Name+" "+p] {
				continue
			}
			row := Row{Probe: p, Machine: m.Name, Machines: machines[p]}
			for _, k := range run.Kernels {
				list := by[matrix.Cell{Kernel: k.Name, Machine: m.Name, Probe: p}.ID()]
				slices.SortFunc(list, func(a, b matrix.Result) int { return a.Boot - b.Boot })
				row.Cells = append(row.Cells, Cell{Results: list})
			}
			for i := range row.Cells {
				if baseline >= 0 && i != baseline && !c.Columns[i].Absent() && !c.Columns[baseline].Absent() {
					row.Cells[i].Verdict = verdict(row.Cells[i], row.Cells[baseline])
				}
			}
			c.Rows = append(c.Rows, row)
		}
	}
	return c
}

// verdict compares a cell with the baseline's. Two samples of cost allow no
// claim so far: none is made from fewer than eight boots by the wall clock, nor
// without a test for equivalence.
func verdict(c, base Cell) Verdict {
	switch {
	case !c.Answered() || !base.Answered():
		return NoVerdict
	case c.Sample() != nil && base.Sample() != nil:
		return Inconclusive
	case c.same(base):
		return Same
	}
	return Differs
}

// Differing counts the cells that differ from the baseline.
func (c Comparison) Differing() int {
	n := 0
	for _, r := range c.Rows {
		for _, cell := range r.Cells {
			if cell.Verdict == Differs {
				n++
			}
		}
	}
	return n
}
