package report

import (
	"fmt"
	"slices"
	"strings"

	"kmatrix/matrix"
	"kmatrix/matrix/compare"
)

// Shown returns what a cell shows: its state, or where its boots disagree the states with
// their counts, "1× stable, 2× zeroed 4096". It is "" for a cell without results, and
// for one that each boot measured.
func Shown(cell compare.Cell) string {
	states := cell.States()
	if _, agreed := cell.State(); agreed {
		return states[0].Label()
	}
	var list []string
	for _, s := range states {
		list = append(list, fmt.Sprintf("%d× %s", s.Count, s.Label()))
	}
	return strings.Join(list, ", ")
}

// uncounted returns a state without the tests that passed, of a probe that ended well.
func uncounted(s compare.State) string {
	if s.Outcome == matrix.Pass && s.Test.Skipped == 0 && s.Test.Outcome == matrix.Pass {
		s.Test.Single = true // "ok"
	}
	return s.String()
}

// sameBytes reports whether rows that are alike agree on how many bytes are not the old
// ones, column by column.
func sameBytes(alike []compare.Row) bool {
	for i := range alike[0].Cells {
		for _, r := range alike[1:] {
			if !slices.Equal(alike[0].Cells[i].States(), r.Cells[i].States()) {
				return false
			}
		}
	}
	return true
}

// detail says where a stability probe's first byte is that is not the old one, and how
// large the folio was that mutations aim at: " @7491584, folio of order 4". Of boots that
// agree it is what the first of them saw.
func detail(cell compare.Cell) string {
	r := cell.Results[0]
	if kind, _ := matrix.SplitName(r.Probe); kind != matrix.Stability {
		return ""
	}
	text := ""
	if at := r.Observation.FirstOffset; at >= 0 {
		text = fmt.Sprintf(" @%d", at)
	}
	if n := r.Observation.FolioOrder; n != nil {
		text += fmt.Sprintf(", folio of order %d", *n)
	}
	return text
}
