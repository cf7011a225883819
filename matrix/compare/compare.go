// Package compare puts the columns of a run beside a baseline.
//
// [Compare] is a pure function from results to rows of cells with verdicts;
// [Comparison.Differences] and [Comparison.Costs] list what differs. All of it is
// data: words are made of it where it is written. [Merge] makes one run of several
// stored ones.
//
// A difference in behaviour is a fact where each side's boots agree (rates.go
// where they do not): classes are compared, not how many bytes there were of each, and
// between runs that know other classes those that all know (classes.go). One in cost is
// a [cost.Delta], of samples that allow it and of columns that are comparable: a kernel
// with its base, and with the baseline where configuration and compiler are the
// baseline's. Where profiles were taken, [Comparison.Locate] says which functions account
// for a difference in cost.
package compare

import (
	"slices"
	"strings"

	"kmatrix/matrix"
	"kmatrix/matrix/builds"
	"kmatrix/matrix/cost"
	"kmatrix/matrix/stats"
)

// Comparison is a run, arranged.
type Comparison struct {
	Columns []Column
	// Rows are in the run's order of probes.
	Rows []Row
	// BuildDifferences has how the builds of columns that are set against each other
	// differ, by their indexes; see [Comparison.BuildDifference].
	BuildDifferences map[[2]int]*builds.Difference
}

// Column is one kernel.
type Column struct {
	matrix.Column
	Baseline bool
	// of is the run that it was measured in.
	of *matrix.Run
}

// Absent reports whether the kernel could not be had: it has no cells, and
// counts in no comparison.
func (c Column) Absent() bool { return c.Outcome != "" }

// CostComparable reports whether the column's costs may be set against the
// baseline's: only kernels of the same compiler and options may, see
// [builds.Difference]. The baseline's own may.
func (c Comparison) CostComparable(column int) bool {
	base := c.baseline()
	return base >= 0 && (column == base || c.BuildDifference(column, base).Comparable())
}

// baseline returns the baseline's column, -1 when there is none.
func (c Comparison) baseline() int {
	return slices.IndexFunc(c.Columns, func(col Column) bool { return col.Baseline })
}

// BaseOf returns the column of the kernel's base, -1 when it has none or it is not
// there.
func (c Comparison) BaseOf(column int) int {
	base := c.Columns[column].Base
	if base == "" {
		return -1
	}
	return slices.IndexFunc(c.Columns, func(col Column) bool { return col.Name == base && !col.Absent() })
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

// Group returns the beginning of the name that related rows share: kind and call
// of a stability probe, kind and load of a stress probe, "cost" for a cost.
func (r Row) Group() string { return groupOf(r.Probe) }

// InGroup returns the name behind its group.
func (r Row) InGroup() string {
	if _, rest, below := strings.Cut(r.Probe[len(r.Group()):], "/"); below {
		return rest
	}
	return r.Probe
}

func groupOf(probe string) string {
	kind, rest := matrix.SplitName(probe)
	if call, _, below := strings.Cut(rest, "/"); below && (kind == matrix.Stability || kind == matrix.Stress) {
		return kind.Name(call)
	}
	first, _, _ := strings.Cut(probe, "/")
	return first
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
		case !c.Same(r.Cells[first]):
			return false
		}
	}
	return first >= 0
}

// Cell is one square: the results of all its boots.
type Cell struct {
	Results []matrix.Result
	// Verdict is against the baseline; of costs that every boot measured and that
	// are compared with the column's base alone, against that.
	Verdict matrix.Verdict
	// Deltas are what its cost is beside others', the one that Verdict is of
	// first.
	Deltas []*cost.Delta
	// P is that of Fisher's test, where boots disagree, with Holm's correction and that
	// for interim analyses, see [cost.Delta]; nil elsewhere.
	P *float64
	// Need is about how many boots a side would tell rates apart that differ as
	// these do; 0 where that is told, or many would not do.
	Need int
	// Plain tells that its observations are compared without [matrix.Clobbered], which
	// another column's run does not tell, and judged so by the kernel's Contract.
	Plain    bool
	Contract matrix.Contract
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
	for _, k := range run.Kernels {
		c.Columns = append(c.Columns, Column{Column: k, Baseline: k.Name == run.Baseline, of: &run})
	}
	c.arrange(run, results)
	c.judge()
	return c
}

// arrange makes the rows.
func (c *Comparison) arrange(run matrix.Run, results []matrix.Result) {
	by := map[string][]matrix.Result{}
	ran := map[string]bool{}
	machines := map[string]int{}
	plain := c.plain()
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
				row.Cells = append(row.Cells, Cell{Results: list, Plain: plain, Contract: k.Contract})
			}
			c.Rows = append(c.Rows, row)
		}
	}
}

// judge compares each column with the baseline, and costs with the base, too.
func (c *Comparison) judge() {
	c.build()
	baseline := c.baseline()
	for i := range c.Columns {
		if c.Columns[i].Absent() {
			continue
		}
		base := c.BaseOf(i)
		if baseline >= 0 && i != baseline && !c.Columns[baseline].Absent() {
			c.behaviour(i, baseline)
			if c.CostComparable(i) {
				c.deltas(i, baseline, base == baseline)
			}
		}
		if base >= 0 && (base != baseline || !c.CostComparable(i)) {
			c.deltas(i, base, true)
		}
		for r := range c.Rows {
			if cell := &c.Rows[r].Cells[i]; len(cell.Deltas) > 0 && cell.Verdict == matrix.NoVerdict {
				cell.Verdict = cell.Deltas[0].Verdict
			}
		}
	}
}

// behaviour gives a column's cells their verdicts on what they show. Where boots
// disagree it takes the rates, with Holm's correction over such cells.
func (c *Comparison) behaviour(column, baseline int) {
	var flaky, beside []*Cell
	var p []float64
	analyses := 1
	for r := range c.Rows {
		cell, base := &c.Rows[r].Cells[column], &c.Rows[r].Cells[baseline]
		cell.Verdict = verdict(*cell, *base)
		if cell.Verdict == matrix.VerdictInconclusive {
			n := c.analyses(column, c.Rows[r].Machine)
			flaky, beside, p = append(flaky, cell), append(beside, base), append(p, stats.Bonferroni(rates(*cell, *base), n))
			analyses = max(analyses, n)
		}
	}
	for i, q := range stats.Holm(p) {
		flaky[i].P = &q
		if q < stats.Alpha {
			flaky[i].Verdict = matrix.VerdictDiffers
		} else {
			flaky[i].Need = rateNeed(*flaky[i], *beside[i], len(p)*analyses)
		}
	}
}

// verdict compares what a cell shows with what the baseline's does; costs are
// compared elsewhere.
func verdict(c, base Cell) matrix.Verdict {
	switch {
	case !c.Answered() || !base.Answered():
		return matrix.NoVerdict
	case c.Disagrees() || base.Disagrees():
		return matrix.VerdictInconclusive
	case c.Sample() != nil && base.Sample() != nil:
		return matrix.NoVerdict
	case c.SameAnswer(base):
		return matrix.VerdictSame
	}
	return matrix.VerdictDiffers
}

// Count counts the cells of that verdict, against whichever column.
func (c Comparison) Count(v matrix.Verdict) int {
	n := 0
	for _, r := range c.Rows {
		for _, cell := range r.Cells {
			if cell.Verdict == v || slices.ContainsFunc(cell.Deltas, func(k *cost.Delta) bool { return k.Verdict == v }) {
				n++
			}
		}
	}
	return n
}
