package compare

import (
	"cmp"
	"math"
	"slices"

	"kmatrix/matrix"
	"kmatrix/matrix/cost"
)

// CostFinding is how the costs of a column are beside those of another, in rows of
// which the same is to say.
type CostFinding struct {
	Kernel  string
	Against Reference
	Verdict matrix.Verdict
	// Deltas are those of the rows: one of a finding of costs that differ.
	Deltas []RowDelta
	// Margin is within which they are shown to be the same.
	Margin float64
	// Limit is why there is no verdict, or none that is conclusive, and Need about how
	// many boots a side would tell where nothing else limits them.
	Limit cost.Limitation
	Need  int
}

// RowDelta is the cost of a cell beside another's, with its row.
type RowDelta struct {
	*cost.Delta
	Row Row
}

// Reference is what a column's costs are compared with: the baseline or, with Base,
// the kernel's base.
type Reference struct {
	Name string
	Base bool
}

// References returns those that a column has costs beside, in their order.
func (c Comparison) References(column int) []Reference {
	var list []Reference
	for _, r := range c.Rows {
		for _, k := range r.Cells[column].Deltas {
			if ref := (Reference{k.Against, k.Base}); !slices.Contains(list, ref) {
				list = append(list, ref)
			}
		}
	}
	return list
}

// Costs lists how the columns' costs stand to their bases' and to the baseline's: of
// each column and reference first those that differ, one by one: where the disks read
// otherwise first, since the CPU's time does not rank these, then by the largest
// difference of it. Then the others together, by what is to say of them.
func (c Comparison) Costs() []CostFinding {
	var list []CostFinding
	for i := range c.Columns {
		for _, ref := range c.References(i) {
			list = append(list, c.costs(i, ref)...)
		}
	}
	return list
}

// costs lists how one column stands to one other.
func (c Comparison) costs(column int, ref Reference) []CostFinding {
	var differing, alike []CostFinding
	for _, r := range c.Rows {
		for _, k := range r.Cells[column].Deltas {
			if k.Against != ref.Name || k.Base != ref.Base {
				continue
			}
			f := CostFinding{Kernel: c.Columns[column].Name, Against: ref, Verdict: k.Verdict, Limit: k.Limit}
			switch {
			case k.Differs():
				f.Deltas = []RowDelta{{k, r}}
				differing = append(differing, f)
				continue
			case k.Verdict == matrix.VerdictSame:
				f.Margin = k.Margin
			case k.Limit.Code == cost.Unlimited:
				f.Need = k.Need
			}
			at := slices.IndexFunc(alike, func(o CostFinding) bool {
				return o.Verdict == f.Verdict && o.Margin == f.Margin && o.Need == f.Need && o.Limit == f.Limit
			})
			if at < 0 {
				alike, at = append(alike, f), len(alike)
			}
			alike[at].Deltas = append(alike[at].Deltas, RowDelta{k, r})
		}
	}
	slices.SortStableFunc(differing, func(a, b CostFinding) int {
		x, y := a.Deltas[0], b.Deltas[0]
		return cmp.Or(cmp.Compare(more(y.Reads), more(x.Reads)), cmp.Compare(math.Abs(math.Log(y.Ratio)), math.Abs(math.Log(x.Ratio))))
	})
	return append(differing, alike...)
}

// more returns by how much the disks read more or less on one side, in KiB a pass.
func more(r *cost.Reads) float64 {
	if r == nil {
		return 0
	}
	return math.Abs(r.Value - r.Other)
}

// deltas puts the costs of a column beside those of another, over all rows.
func (c *Comparison) deltas(column, other int, base bool) {
	var all []*cost.Delta
	for r := range c.Rows {
		row := &c.Rows[r]
		cell, beside := &row.Cells[column], row.Cells[other]
		if cell.Sample() == nil || beside.Sample() == nil {
			continue
		}
		k := cost.Beside(row.Probe, cell.Samples(), beside.Samples())
		k.Against, k.Base = c.Columns[other].Name, base
		k.Analyses = max(c.analyses(column, row.Machine), c.analyses(other, row.Machine))
		if k.Limit.Code == cost.Unlimited {
			k.Limit = c.limitation(column, other, row.Machine, k.Clock)
		}
		cell.Deltas = append(cell.Deltas, k)
		all = append(all, k)
	}
	cost.Decide(all)
}

// Samples lists the samples of a cell's boots that count.
func (c Cell) Samples() cost.Samples {
	var list cost.Samples
	for _, r := range c.Results {
		if measured(r) {
			list = append(list, r.Sample)
		}
	}
	return list
}

// Sample returns the median boot's sample of a cost; nil when the cell has none.
func (c Cell) Sample() *matrix.Sample { return c.Samples().Median() }

// measured reports whether a boot has a sample that counts.
func measured(r matrix.Result) bool { return r.Sample != nil && r.Outcome == matrix.Pass }
