package compare

import (
	"slices"

	"kmatrix/matrix"
)

// Untested says of a column which of its cells no boot answered, and why. A cell
// without results is still to come, and is none of them.
type Untested struct {
	// Cells is how many there are, and All reports that the column has no others:
	// nothing is known of how its kernel behaves.
	Cells int
	All   bool
	// Reasons are why, each once, in the order of the rows.
	Reasons []Reason
}

// Reason is why cells have no answer.
type Reason struct {
	Outcome matrix.Outcome
	Detail  string
	// Machines are those on which it is the reason.
	Machines []string
}

// Outcomes returns the outcomes of the cells, each once.
func (u Untested) Outcomes() []matrix.Outcome {
	var list []matrix.Outcome
	for _, r := range u.Reasons {
		if !slices.Contains(list, r.Outcome) {
			list = append(list, r.Outcome)
		}
	}
	return list
}

// Untested returns what is untested of a column. One whose kernel could not be had is
// untested whether its cells have results by now or not.
func (c Comparison) Untested(column int) Untested {
	var u Untested
	for _, row := range c.Rows {
		cell := row.Cells[column]
		if len(cell.Results) == 0 || cell.Answered() {
			continue
		}
		u.Cells++
		for _, r := range cell.Results {
			u.add(Reason{Outcome: r.Outcome, Detail: r.Detail}, row.Machine)
		}
	}
	u.All = u.Cells > 0 && !slices.ContainsFunc(c.Rows, func(r Row) bool { return r.Cells[column].Answered() })
	if col := c.Columns[column]; col.Absent() {
		u.All, u.Reasons = true, []Reason{{Outcome: col.Outcome, Detail: col.Detail}}
	}
	return u
}

// add counts a machine to a reason.
func (u *Untested) add(r Reason, machine string) {
	i := slices.IndexFunc(u.Reasons, func(o Reason) bool { return o.Outcome == r.Outcome && o.Detail == r.Detail })
	if i < 0 {
		u.Reasons, i = append(u.Reasons, r), len(u.Reasons)
	}
	if m := &u.Reasons[i].Machines; !slices.Contains(*m, machine) {
		*m = append(*m, machine)
	}
}
