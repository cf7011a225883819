package compare

import (
	"cmp"
	"math"
	"slices"
)

// CostFinding is how the costs of a column are beside those of another, in rows of
// which the same is to say.
type CostFinding struct {
	Kernel  string
	Against Reference
	Verdict Verdict
	// Deltas are those of the rows: one of a finding that is better or worse.
	Deltas []RowDelta
	// Margin is within which they are shown to be the same.
	Margin float64
	// Limit is why there is no verdict, or none that is conclusive, and Need about how
	// many boots a side would tell where nothing else limits them.
	Limit Limitation
	Need  int
}

// RowDelta is the cost of a cell beside another's, with its row.
type RowDelta struct {
	*Delta
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
// each column and reference first those that are better or worse, one by one, the
// largest difference first; then the others together, by what is to say of them.
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
			case k.Verdict == Same:
				f.Margin = k.Margin
			case k.Limit.Code == Unlimited:
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
		return cmp.Compare(math.Abs(math.Log(b.Deltas[0].Ratio)), math.Abs(math.Log(a.Deltas[0].Ratio)))
	})
	return append(differing, alike...)
}
