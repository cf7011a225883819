package report

import (
	"fmt"
	"strings"

	"kmatrix/matrix"
	"kmatrix/matrix/compare"
)

// Shown returns what a cell shows: its state, or where its boots disagree the states with
// their counts, "1× stable, 2× zeroed 4096". It is "" for a cell without results, and
// for one that each boot measured.
func Shown(cell compare.Cell) string {
	if s, agreed := cell.State(); agreed {
		return s.String()
	}
	var list []string
	for _, s := range cell.States() {
		list = append(list, fmt.Sprintf("%d× %s", s.Count, s))
	}
	return strings.Join(list, ", ")
}

// uncounted returns a state without the counts of a probe that ended well: the bytes that
// are not the old ones, and the tests that passed.
func uncounted(s compare.State) string {
	if s.Outcome == matrix.Pass {
		s.Bytes = 0
		if s.Test.Skipped == 0 && s.Test.Outcome == matrix.Pass {
			s.Test.Single = true // "ok"
		}
	}
	return s.String()
}
