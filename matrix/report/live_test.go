package report

import (
	"slices"
	"strings"
	"testing"

	"kmatrix/matrix"
	"kmatrix/matrix/compare"
)

// TestLive takes results away from a run, as they are before it ends.
func TestLive(t *testing.T) {
	partial := func(keep func(matrix.Result) bool) Document {
		doc := sample("6.1", 1, "5.10", "5.15", "6.1")
		doc.Options = Options{Width: 80, Colour: true}
		doc.Results = slices.DeleteFunc(doc.Results, func(r matrix.Result) bool { return r.Outcome != matrix.Unavailable && !keep(r) })
		doc.Comparison = compare.Compare(doc.Run, doc.Results)
		return doc
	}
	live := func(doc Document, height int) []string {
		lines, err := Live(doc, height)
		if err != nil {
			t.Fatal(err)
		}
		return lines
	}
	if lines := live(partial(func(matrix.Result) bool { return false }), 24); lines != nil {
		t.Errorf("before the first answer it shows\n%s", strings.Join(lines, "\n"))
	}
	first := partial(func(r matrix.Result) bool { return r.Kernel == "5.10" && strings.HasPrefix(r.Probe, "cost/") })
	text := strings.Join(live(first, 24), "\n")
	if !strings.Contains(text, "5.15") || strings.Count(text, "…") != 1 || strings.Contains(text, "punch") {
		t.Errorf("with one answer of 5.10 it shows\n%s", text)
	}
	all := func(matrix.Result) bool { return true }
	whole := live(partial(all), 24)
	if text := strings.Join(whole, "\n"); strings.Contains(text, "…") || !strings.Contains(text, "≠") {
		t.Errorf("with all answers it shows\n%s", text)
	}
	cut := live(partial(all), 6)
	if want := "… 6 lines more, when the run is finished"; len(cut) != 6 || len(whole) != 11 || cut[5] != want {
		t.Errorf("of %d lines, 6 are\n%s\nwant the last to be %q", len(whole), strings.Join(cut, "\n"), want)
	}
	narrow := partial(all)
	narrow.Options.Width = 30
	for _, line := range live(narrow, 100) {
		if visible(line) > 30 {
			t.Errorf("a line is %d wide on a terminal of 30: %q", visible(line), line)
		}
	}
}
