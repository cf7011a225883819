package report

import (
	"strings"
	"testing"

	"kmatrix/matrix"
	"kmatrix/matrix/compare"
)

// TestARunFromElsewhereDrivesNoTerminal writes a run whose every text holds escapes.
func TestARunFromElsewhereDrivesNoTerminal(t *testing.T) {
	const bad = "x\x1b[31m\u009b1m\u202e\x07\x1b]0;t\r"
	run := matrix.Run{Baseline: "a", Kernels: []matrix.Column{{Name: "a", Version: bad}, {Name: "b" + bad, Version: bad, Outcome: matrix.Unavailable, Detail: bad}}, Machines: []matrix.Machine{{Name: "m"}}, Probes: []string{"stability/" + bad}}
	results := []matrix.Result{
		{Kernel: "a", Machine: "m", Probe: "stability/" + bad, Boot: 1, Attempt: matrix.Attempt{Outcome: matrix.Crash, Detail: bad}},
		{Kernel: "a", Machine: "m", Probe: "cost/" + bad, Boot: 1, Attempt: matrix.Attempt{Outcome: matrix.Pass, Finding: matrix.Finding{Sample: &matrix.Sample{Value: 1, Unit: bad}}}},
	}
	for _, colour := range []bool{false, true} {
		var b strings.Builder
		doc := Document{Run: run, Results: results, Dir: bad, Comparison: compare.Compare(run, results), Options: Options{Width: 140, Colour: colour, All: true}}
		if err := (tableFormat{}).Write(&b, doc); err != nil {
			t.Fatal(err)
		}
		text := strings.NewReplacer(red, "", yellow, "", reset, "").Replace(b.String())
		if colour == (text == b.String()) {
			t.Errorf("colour %v: the table's own colours are not as asked", colour)
		}
		if strings.ContainsAny(text, "\x1b\u009b\u202e\x07\r") || !strings.Contains(text, "crash") {
			t.Errorf("it is %q", text)
		}
	}
}
