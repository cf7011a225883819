package compare

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kmatrix/matrix"
)

func near(a, b float64) bool { return math.Abs(a-b) < 5e-4 }

func TestRatesOfBootsThatDisagree(t *testing.T) {
	boots := func(kernel string, classes string) []matrix.Result {
		var list []matrix.Result
		for i, c := range classes {
			list = append(list, observed(kernel, i+1, map[rune]matrix.Class{'s': matrix.Stable, 'z': matrix.Zeroed}[c], 0))
		}
		return list
	}
	for name, test := range map[string]struct {
		a, c string
		want matrix.Verdict
	}{
		"a few":           {"zzz", "sz", matrix.VerdictInconclusive},
		"always, often":   {"zzzzzzzzzz", "szsssssszs", matrix.VerdictDiffers},
		"often and often": {"zzszsszzsz", "szzzssszzs", matrix.VerdictInconclusive},
		"never, rarely":   {"ssssssss", "ssssszss", matrix.VerdictInconclusive},
	} {
		cell := Compare(run("a", "a", "c"), append(boots("a", test.a), boots("c", test.c)...)).Rows[0].Cells[1]
		if cell.Verdict != test.want || cell.P == nil {
			t.Errorf("%s: %q, p %v", name, cell.Verdict, cell.P)
		}
	}
	cell := Compare(run("a", "a", "c"), boots("c", "ssz")).Rows[0].Cells[1]
	r := cell.Rates()[0]
	if want := (State{Outcome: matrix.Pass, Class: matrix.Stable}); r.State != want || r.Count != 2 || r.N != 3 || !near(r.Low, 0.0943) || !near(r.High, 0.9916) {
		t.Errorf("%+v", r)
	}
}

// TestACostThatCrashesIsSaid: a boot without a value is not hidden by those with one.
func TestACostThatCrashesIsSaid(t *testing.T) {
	run := run("a", "a", "c")
	var results []matrix.Result
	for boot := 1; boot <= 8; boot++ {
		for _, kernel := range []string{"a", "c"} {
			r := observed(kernel, boot, "", 0)
			r.Observation, r.Sample = nil, &matrix.Sample{Value: 1, Unit: "insn/B", Clock: matrix.ClockIcount}
			if kernel == "c" && boot > 2 {
				r.Sample, r.Outcome = nil, matrix.Crash
			}
			results = append(results, r)
		}
	}
	c := Compare(run, results)
	cell := c.Rows[0].Cells[1]
	crash := State{Outcome: matrix.Crash}
	if got := cell.States(); cell.Verdict != matrix.VerdictDiffers || !cmp.Equal(got, []StateCount{{crash, 6, 0, 0}}) || !cell.Flaky() {
		t.Errorf("%q, %+v, flaky %v", cell.Verdict, got, cell.Flaky())
	}
	f := c.Differences()
	if len(f) != 1 || len(f[0].Answers) != 2 || f[0].Answers[1].Split == nil {
		t.Fatalf("%+v", f)
	}
	if r := f[0].Answers[1].Split.Rates[0]; r.State != crash || r.Count != 6 || r.N != 8 {
		t.Errorf("%+v", r)
	}
}
