package compare

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kmatrix/matrix"
)

func near(a, b float64) bool { return math.Abs(a-b) < 5e-4 }

// TestKnownValues holds the statistics to values that are published: Fisher's tea,
// Clopper and Pearson's tables, Holm's correction, the smallest probabilities of
// the rank test.
func TestKnownValues(t *testing.T) {
	if p := fisher(3, 4, 1, 4); !near(p, 0.4857) {
		t.Errorf("Fisher's tea: p = %v", p)
	}
	if p := fisher(0, 6, 6, 6); !near(p, 2.0/924) {
		t.Errorf("none of six and six of six: p = %v", p)
	}
	for _, test := range []struct {
		k, n      int
		low, high float64
	}{{0, 10, 0, 0.3085}, {10, 10, 0.6915, 1}, {2, 3, 0.0943, 0.9916}, {5, 10, 0.1871, 0.8129}} {
		if low, high := clopperPearson(test.k, test.n); !near(low, test.low) || !near(high, test.high) {
			t.Errorf("%d of %d: %v…%v", test.k, test.n, low, high)
		}
	}
	got := holm([]float64{0.01, 0.04, 0.03, 0.005})
	for i, want := range []float64{0.03, 0.06, 0.06, 0.02} {
		if !near(got[i], want) {
			t.Errorf("Holm: %v", got)
		}
	}
	for probes, want := range map[int]int{1: 4, 6: 5, 23: 6, 24: 7, 321: 8} {
		if n := fewestRanked(probes); n != want {
			t.Errorf("%d probes need %d boots, want %d", probes, n, want)
		}
	}
}

// TestShift: the interval leaves 1 out exactly where the test finds a difference.
func TestShift(t *testing.T) {
	a := []float64{1, 1.1, 1.2, 1.3, 1.4, 1.5}
	for _, by := range []float64{0.5, 0.8, 0.95, 1.05, 1.3, 1.6} {
		b := scaled(a, by*1.0001)
		k := pair(matrix.ClockWall, "cost/tee/4k", a, b)
		if k.Low == 0 || k.Low > k.High || !near(k.Ratio, by*1.0001) {
			t.Errorf("× %v: %+v", by, k)
		}
		if outside := k.Low > 1 || k.High < 1; outside != (*k.P < Alpha) {
			t.Errorf("× %v: %v…%v and p = %v", by, k.Low, k.High, *k.P)
		}
	}
	if low, high := shift([]float64{1, 2, 3}, []float64{1, 2, 3}, Alpha); low != 0 || high != 0 {
		t.Errorf("three against three have the interval %v…%v", low, high)
	}
	// What is computed exactly meets what is approximated.
	var many []float64
	for i := range 41 {
		many = append(many, 1+float64(i)/100)
	}
	low, high := shift(many, many, Alpha)
	if low2, high2 := shift(many[:40], many[:40], Alpha); math.Abs(low-low2) > 0.01 || math.Abs(high-high2) > 0.01 {
		t.Errorf("41 boots: %v…%v; 40 boots: %v…%v", low, high, low2, high2)
	}
}

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
		want Verdict
	}{
		"a few":           {"zzz", "sz", Inconclusive},
		"always, often":   {"zzzzzzzzzz", "szsssssszs", Differs},
		"often and often": {"zzszsszzsz", "szzzssszzs", Inconclusive},
		"never, rarely":   {"ssssssss", "ssssszss", Inconclusive},
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
	if got := cell.States(); cell.Verdict != Differs || !cmp.Equal(got, []StateCount{{crash, 6, 0, 0}}) || !cell.Flaky() {
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
