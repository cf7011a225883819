// Package bisect decides what a commit is to git bisect, from a comparison of two columns:
// the baseline, and a candidate that was built of the commit.
package bisect

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"kmatrix/matrix"
	"kmatrix/matrix/compare"
	"kmatrix/matrix/report"
)

// Verdict is what a commit is to git bisect.
type Verdict string

// The verdicts on a commit.
const (
	// Good is one that answers as the baseline does in every cell.
	Good Verdict = "good"
	// Bad is one that differs in a cell, whatever else lacks an answer, or that has an
	// outcome which was named as bad.
	Bad Verdict = "bad"
	// Skip is one that was not tested in a cell, or has no verdict there.
	Skip Verdict = "skip"
	// HostFailed tells of no commit: this host could not do its part.
	HostFailed Verdict = "host failed"
	// NoBaseline tells of no commit either: the baseline has no answer.
	NoBaseline Verdict = "no baseline"
)

// Answer is a verdict with what it rests on, in one line that begins with what git bisect
// does: "bad: …", "skip: …", "stop: …".
type Answer struct {
	Verdict Verdict
	Text    string
}

// Decide returns the answer of a comparison of two columns, one of which is the baseline.
// badOutcomes are those that make a commit bad whatever the baseline answers.
func Decide(c compare.Comparison, badOutcomes []string) Answer {
	baseline := slices.IndexFunc(c.Columns, func(col compare.Column) bool { return col.Baseline })
	candidate := 1 - baseline
	name, base := c.Columns[candidate].Name, c.Columns[baseline].Name
	s := sortCells(c, candidate, baseline, badOutcomes)
	of := func(list []string) string {
		text := fmt.Sprintf("%d of %d cells: %s", len(list), s.cells, list[0])
		if n := len(list) - 1; n > 0 {
			text += fmt.Sprintf("; and %d more", n)
		}
		return text
	}
	switch {
	case len(s.bad) > 0:
		return Answer{Bad, fmt.Sprintf("bad: %s differs from %s in %s", name, base, of(s.bad))}
	case len(s.host) > 0:
		return Answer{HostFailed, "stop: this host could not do its part in " + of(s.host)}
	case len(s.bare) > 0:
		return Answer{NoBaseline, fmt.Sprintf("stop: the baseline, %s, has no answer in %s", base, of(s.bare))}
	case len(s.untested) > 0:
		return Answer{Skip, fmt.Sprintf("skip: %s was not tested in %s", name, of(s.untested))}
	case len(s.open) > 0:
		return Answer{Skip, fmt.Sprintf("skip: %s has no verdict in %s", name, of(s.open))}
	}
	return Answer{Good, fmt.Sprintf("good: %s answers as %s in all %d cells", name, base, s.cells)}
}

// sorted are sentences on cells, by what they mean for git bisect.
type sorted struct {
	// bad are the candidate's cells that differ, or whose outcome was named as bad.
	bad []string
	// host are cells that this host spoiled, bare those that the baseline has no
	// answer to, untested those that the candidate has none to, and open those that
	// both answered without a verdict.
	host, bare, untested, open []string
	cells                      int
}

// sortCells sorts the cells of the two columns.
func sortCells(c compare.Comparison, candidate, baseline int, badOutcomes []string) sorted {
	s := sorted{cells: len(c.Rows)}
	for _, row := range c.Rows {
		cell, base := row.Cells[candidate], row.Cells[baseline]
		name := row.Probe
		if row.Machines > 1 {
			name += " on " + row.Machine
		}
		is := func(o matrix.Outcome) func(matrix.Result) bool {
			return func(r matrix.Result) bool { return r.Outcome == o }
		}
		named := slices.IndexFunc(cell.Results, func(r matrix.Result) bool { return slices.Contains(badOutcomes, string(r.Outcome)) })
		spoiled := slices.IndexFunc(slices.Concat(cell.Results, base.Results), is(matrix.Infra))
		switch {
		case base.Answered() && named >= 0:
			s.bad = append(s.bad, reason(name, cell.Results[named]))
		case cell.Verdict == matrix.VerdictDiffers:
			s.bad = append(s.bad, fmt.Sprintf("%s: %s, and the baseline %s", name, cellText(cell), cellText(base)))
		case cell.Verdict.CostsDiffer():
			s.bad = append(s.bad, name+" "+report.Cost(cell.Deltas[0]))
		case spoiled >= 0:
			s.host = append(s.host, reason(name, slices.Concat(cell.Results, base.Results)[spoiled]))
		case !base.Answered():
			s.bare = append(s.bare, reasonOf(name, base))
		case !cell.Answered():
			s.untested = append(s.untested, reasonOf(name, cell))
		case cell.Verdict != matrix.VerdictSame:
			s.open = append(s.open, name+": "+undecided(cell, c.CostComparable(candidate)))
		}
	}
	return s
}

// cellText returns what a cell shows, or that it is a cost.
func cellText(c compare.Cell) string {
	return cmp.Or(report.Shown(c), "a cost")
}

func reason(name string, r matrix.Result) string {
	return strings.TrimSuffix(fmt.Sprintf("%s: %s: %s", name, r.Outcome, r.Detail), ": ")
}

// reasonOf is the reason of a cell without an answer.
func reasonOf(name string, c compare.Cell) string {
	if len(c.Results) == 0 {
		return name + ": no result"
	}
	return reason(name, c.Results[0])
}

// undecided says why a cell that was answered has no verdict; comparable reports
// whether its column's costs may be set against the baseline's.
func undecided(c compare.Cell, comparable bool) string {
	switch {
	case len(c.Deltas) > 0:
		return report.Cost(c.Deltas[0])
	case c.Sample() != nil && !comparable:
		return "its cost has another configuration or compiler than the baseline's"
	}
	return "inconclusive"
}
