package compare

import (
	"slices"

	"kmatrix/matrix/builds"
)

// BuildDifference returns how the build of one column differs from another's.
func (c Comparison) BuildDifference(column, other int) *builds.Difference {
	if d, ok := c.BuildDifferences[[2]int{column, other}]; ok {
		return d
	}
	return builds.Compare(c.Columns[column].Column, c.Columns[other].Column)
}

// build compares the builds of all columns that are set against each other, once:
// configurations have thousands of options.
func (c *Comparison) build() {
	c.BuildDifferences = map[[2]int]*builds.Difference{}
	baseline := c.baseline()
	for i := range c.Columns {
		for _, other := range []int{baseline, c.BaseOf(i)} {
			if other >= 0 && other != i && !c.Columns[i].Absent() {
				c.BuildDifferences[[2]int{i, other}] = builds.Compare(c.Columns[i].Column, c.Columns[other].Column)
			}
		}
	}
}

// BuildFinding is how the build of a column is beside that of another.
type BuildFinding struct {
	Kernel  string
	Against Reference
	*builds.Difference
}

// Builds lists where builds differ of columns whose costs are to be set against each
// other, in the columns' order; none of a run without costs.
func (c Comparison) Builds() []BuildFinding {
	var list []BuildFinding
	baseline := c.baseline()
	for i, col := range c.Columns {
		measured := func(r Row) bool { return r.Cells[i].Sample() != nil }
		if col.Absent() || !slices.ContainsFunc(c.Rows, measured) {
			continue
		}
		base := c.BaseOf(i)
		for _, other := range slices.Compact([]int{base, baseline}) {
			if other < 0 || other == i || c.Columns[other].Absent() {
				continue
			}
			if d := c.BuildDifference(i, other); !d.Comparable() || len(d.Alone) > 0 {
				list = append(list, BuildFinding{col.Name, Reference{c.Columns[other].Name, other == base}, d})
			}
		}
	}
	return list
}
