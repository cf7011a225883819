package summary

import (
	"cmp"
	"math"
	"slices"

	"kmatrix/matrix"
	"kmatrix/matrix/compare"
)

// behaviours says how columns differ from the baseline and from their bases: those that
// differ in the same way together, the most different first.
func behaviours(c compare.Comparison) []Point {
	var list []Point
	for i, col := range c.Columns {
		baseline, base := baselineOf(c), c.BaseOf(i)
		for _, other := range slices.Compact([]int{baseline, base}) {
			if other < 0 || other == i || col.Absent() {
				continue
			}
			p := Point{Kind: BehaviourDiffers, Columns: []int{i}, Against: compare.Reference{Name: c.Columns[other].Name, Base: other == base}}
			p.Changes, p.Of = changes(c, i, other, other == baseline)
			if len(p.Changes) == 0 {
				continue
			}
			at := slices.IndexFunc(list, func(o Point) bool {
				return o.Against.Name == p.Against.Name && o.Of == p.Of && slices.Equal(o.Changes, p.Changes)
			})
			if at >= 0 {
				list[at].Columns, list[at].Against.Base = append(list[at].Columns, i), list[at].Against.Base && p.Against.Base
				continue
			}
			list = append(list, p)
		}
	}
	slices.SortStableFunc(list, func(a, b Point) int {
		return cmp.Or(cmp.Compare(worst(a.Changes), worst(b.Changes)), cmp.Compare(Sum(b.Changes), Sum(a.Changes)))
	})
	// One of a base stands among the first, which is what a series is asked for.
	if at := slices.IndexFunc(list, func(p Point) bool { return p.Against.Base }); at > 1 {
		p := list[at]
		list = slices.Insert(slices.Delete(list, at, at+1), 1, p)
	}
	return list
}

// Sum counts the cells that differ.
func Sum(changes []Change) int {
	n := 0
	for _, k := range changes {
		n += k.Count
	}
	return n
}

// worst ranks changes by the worst that any of them came to.
func worst(changes []Change) int {
	w := len(Showings)
	for _, k := range changes {
		w = min(w, rank(k.To))
	}
	return w
}

// baselineOf returns the index of the baseline, -1 where there is none.
func baselineOf(c compare.Comparison) int {
	return slices.IndexFunc(c.Columns, func(col compare.Column) bool { return col.Baseline && !col.Absent() })
}

// changes counts what cells of a column show where those of another show something else,
// the most frequent first, and how many can be compared. With judged, what differs is
// what has that verdict; else the boots of both must agree.
func changes(c compare.Comparison, column, other int, judged bool) (list []Change, compared int) {
	for _, r := range c.Rows {
		cell, base := r.Cells[column], r.Cells[other]
		to, ok := of(cell)
		from, too := of(base)
		if !ok || !too || to == Measured && from == Measured {
			continue
		}
		compared++
		differs := cell.Verdict == matrix.VerdictDiffers
		if !judged {
			differs = !cell.Disagrees() && !base.Disagrees() && !cell.SameAnswer(base)
		}
		if !differs {
			continue
		}
		at := slices.IndexFunc(list, func(k Change) bool { return k.From == from && k.To == to })
		if at < 0 {
			list, at = append(list, Change{From: from, To: to}), len(list)
		}
		list[at].Count++
	}
	slices.SortStableFunc(list, func(a, b Change) int { return cmp.Compare(b.Count, a.Count) })
	return list, compared
}

// costPoints says of each column how its costs stand to those of another: those that
// differ most first, and last those that do not.
func costPoints(c compare.Comparison) []Point {
	var list []Point
	for i := range c.Columns {
		for _, ref := range c.References(i) {
			counts := countCosts(c, i, ref)
			kind := CostsDiffer
			if counts.Differing() == 0 {
				kind = CostsSame
			}
			if counts.All() > 0 {
				list = append(list, Point{Kind: kind, Columns: []int{i}, Against: ref, Costs: &counts})
			}
		}
	}
	slices.SortStableFunc(list, func(a, b Point) int {
		return cmp.Or(cmp.Compare(b.Costs.Differing(), a.Costs.Differing()), cmp.Compare(b.Costs.All(), a.Costs.All()))
	})
	return list
}

// countCosts counts the verdicts of a column's costs beside those of another.
func countCosts(c compare.Comparison, column int, ref compare.Reference) CostCounts {
	var n CostCounts
	far := func(d compare.RowDelta) (ordered bool, by float64) {
		return d.Reads == nil, math.Abs(math.Log(d.Ratio))
	}
	for _, r := range c.Rows {
		for _, k := range r.Cells[column].Deltas {
			if k.Against != ref.Name || k.Base != ref.Base {
				continue
			}
			switch k.Verdict {
			case matrix.VerdictWorse:
				n.Worse++
			case matrix.VerdictBetter:
				n.Better++
			case matrix.VerdictNotOrdered:
				n.NotOrdered++
			case matrix.VerdictSame:
				n.Same++
			case matrix.VerdictInconclusive:
				n.Inconclusive++
			}
			if !k.Differs() {
				continue
			}
			if k.Reads != nil {
				n.Reading++
			}
			d := compare.RowDelta{Delta: k, Row: r}
			if n.Most.Delta == nil {
				n.Most = d
				continue
			}
			had, before := far(n.Most)
			ordered, by := far(d)
			if ordered && !had || ordered == had && by > before {
				n.Most = d
			}
		}
	}
	return n
}

// alike tells that no behaviour differs between kernels that can be compared.
func alike(c compare.Comparison, s Summary) []Point {
	base := baselineOf(c)
	var columns []int
	rows := 0
	for i := range c.Columns {
		if slices.ContainsFunc(c.Rows, func(r compare.Row) bool {
			shown, ok := of(r.Cells[i])
			return ok && shown != Measured
		}) {
			columns = append(columns, i)
		}
	}
	for _, r := range c.Rows {
		n := 0
		for _, cell := range r.Cells {
			if shown, ok := of(cell); ok && shown != Measured {
				n++
			}
		}
		if n > 1 {
			rows++
		}
	}
	if len(s.Families) > 0 || len(columns) < 2 || rows == 0 || !slices.Contains(columns, base) {
		return nil
	}
	return []Point{{Kind: BehaviourSame, Columns: columns, Of: rows}}
}

// uncompared tells that there is nothing to set the kernels against, or nothing to be set
// against it; Columns are those that have answers.
func uncompared(c compare.Comparison) []Point {
	var columns []int
	for i := range c.Columns {
		if slices.ContainsFunc(c.Rows, func(r compare.Row) bool { return r.Cells[i].Answered() }) {
			columns = append(columns, i)
		}
	}
	base := baselineOf(c)
	if len(columns) == 0 || slices.Contains(columns, base) && len(columns) > 1 {
		return nil
	}
	return []Point{{Kind: NothingCompared, Columns: columns}}
}

// incomparable lists the columns whose costs are not compared with the baseline's, nor
// with those of a base.
func incomparable(c compare.Comparison) []Point {
	p := Point{Kind: CostsIncomparable}
	base := baselineOf(c)
	for i, col := range c.Columns {
		measured := func(j int) bool {
			return slices.ContainsFunc(c.Rows, func(r compare.Row) bool { return r.Cells[j].Sample() != nil })
		}
		if base >= 0 && i != base && !col.Absent() && measured(i) && measured(base) && !c.CostComparable(i) {
			p.Columns = append(p.Columns, i)
		}
	}
	if len(p.Columns) == 0 {
		return nil
	}
	return []Point{p}
}
