package report

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"kmatrix/matrix/compare"
)

// Live returns the lines of the table of a run that goes on, at most height of
// them, each no wider than the terminal: the columns as far as they are. What
// is still to come is shown as …, and a probe that no kernel has answered has
// no row yet. It returns none before the first answer.
func Live(doc Document, height int) ([]string, error) {
	doc.Options.live = true
	doc.Comparison.Rows = slices.DeleteFunc(slices.Clone(doc.Comparison.Rows), func(r compare.Row) bool {
		return !slices.ContainsFunc(r.Cells, compare.Cell.Answered)
	})
	if len(doc.Comparison.Rows) == 0 {
		return nil, nil
	}
	var b bytes.Buffer
	t, blocks, _ := fit(doc)
	for _, block := range blocks {
		if err := t.render(&b, block); err != nil {
			return nil, fmt.Errorf("write the table: %w", err)
		}
	}
	lines := strings.Split(strings.TrimRight(screened(string(trimLines(b.Bytes())), doc.Options.Colour), "\n"), "\n")
	for i, line := range lines {
		if visible(line) > doc.Options.Width {
			lines[i] = string([]rune(plain(line))[:doc.Options.Width-1]) + "…"
		}
	}
	if n := len(lines) - height; height > 0 && n > 0 {
		lines = append(lines[:height-1], fmt.Sprintf("… %d lines more, when the run is finished", n+1))
	}
	return lines, nil
}
