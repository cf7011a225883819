package experiment

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kmatrix/host"
	"kmatrix/matrix"
	"kmatrix/matrix/compare"
	"kmatrix/matrix/stats"
)

// drawn is a run of two kernels whose costs are drawn by chance: by cell those of as many
// boots as there may be.
type drawn struct {
	fake
	values map[string][]float64
}

// draw makes boots whose costs spread by that part. The second kernel costs the
// factor more.
func draw(random *rand.Rand, clock matrix.Clock, sizes []int, probes []string, spread, factor float64) *drawn {
	d := &drawn{values: map[string][]float64{}}
	d.run = matrix.Run{Baseline: "a", Machines: []matrix.Machine{{Name: "m", Clock: clock, Boots: sizes[0], Analyses: sizes}}, Probes: probes}
	for i, kernel := range []string{"a", "b"} {
		d.run.Kernels = append(d.run.Kernels, matrix.Column{Name: kernel, ConfigDigest: "c"})
		for _, p := range probes {
			id := matrix.Cell{Kernel: kernel, Machine: "m", Probe: p}.ID()
			for range sizes[len(sizes)-1] {
				d.values[id] = append(d.values[id], math.Exp(spread*random.NormFloat64())*math.Pow(factor, float64(i)))
			}
		}
	}
	unit := map[matrix.Clock]string{matrix.ClockWall: "ns/B", matrix.ClockIcount: "insn/B"}[clock]
	d.answer = func(c matrix.Cell, boot int) matrix.Result {
		return passed(matrix.Finding{Sample: &matrix.Sample{Value: d.values[c.ID()][boot-1], Unit: unit, Clock: clock, Better: matrix.Lower}})
	}
	return d
}

// sequentially has all cells answered, and returns what they come to.
func (f *fake) sequentially(t *testing.T) compare.Comparison {
	t.Helper()
	c, err := Sequential(t.Context(), f, f, f.cells(), nil)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// differs tells whether any cost was found to differ.
func differs(c compare.Comparison) bool {
	return c.Count(matrix.VerdictWorse)+c.Count(matrix.VerdictBetter) > 0
}

// peeked makes verdicts at the same sizes as if each were the only one, until a difference
// is found.
func (d *drawn) peeked() bool {
	run := d.run
	run.Machines = slices.Clone(run.Machines)
	sizes := run.Machines[0].Analyses
	run.Machines[0].Analyses = nil
	for _, n := range sizes {
		once := fake{answer: d.answer}
		if err := once.Run(context.Background(), d.cells(), host.BootRange{UpTo: map[string]int{"m": n}}); err != nil {
			panic(err) // a fake that is told of none has none
		}
		if differs(compare.Compare(run, once.results)) {
			return true
		}
	}
	return false
}

// TestLooksHoldTheRateOfFalseFindings compares a kernel with itself many times by a
// noisy clock. Testing again and again errs more often than a single analysis may;
// with the level split over the analyses it does not.
func TestLooksHoldTheRateOfFalseFindings(t *testing.T) {
	const runs = 400
	random := rand.New(rand.NewPCG(1, 2))
	var split, plain float64
	for range runs {
		d := draw(random, matrix.ClockWall, []int{8, 16, 32}, []string{"cost/tee/4k"}, 0.3, 1)
		if d.peeked() {
			plain++
		}
		if differs(d.sequentially(t)) {
			split++
		}
	}
	split, plain = split/runs, plain/runs
	t.Logf("false findings: %.1f %% with the level split over three analyses, %.1f %% without", 100*split, 100*plain)
	if split > stats.Alpha {
		t.Errorf("%.1f %% of comparisons of a kernel with itself found a difference", 100*split)
	}
	if plain < 1.5*stats.Alpha {
		t.Errorf("plain analyses err in %.1f %%: the test tells nothing", 100*plain)
	}
}

// TestLooksEndWithTheVerdict has costs that are easily told apart beside one that
// is not, by both clocks.
func TestLooksEndWithTheVerdict(t *testing.T) {
	for name, test := range map[string]struct {
		clock          matrix.Clock
		sizes          []int
		spread, factor float64
		verdict        matrix.Verdict
		boots          int
	}{
		"wall, twice the cost":        {matrix.ClockWall, []int{8, 16, 32}, 0.02, 2, matrix.VerdictWorse, 8},
		"wall, half of it":            {matrix.ClockWall, []int{8, 16, 32}, 0.02, 0.5, matrix.VerdictBetter, 8},
		"wall, the same":              {matrix.ClockWall, []int{8, 16, 32}, 0.01, 1, matrix.VerdictSame, 8},
		"wall, hidden by noise":       {matrix.ClockWall, []int{8, 16, 32}, 0.5, 1.001, matrix.VerdictInconclusive, 32},
		"counted, a percent more":     {matrix.ClockIcount, []int{3, 12}, 0.0002, 1.01, matrix.VerdictWorse, 3},
		"counted, the same":           {matrix.ClockIcount, []int{3, 12}, 0.0002, 1, matrix.VerdictSame, 3},
		"counted, hidden by outliers": {matrix.ClockIcount, []int{3, 12}, 0.05, 1.001, matrix.VerdictInconclusive, 12},
	} {
		random := rand.New(rand.NewPCG(3, 5)) // each its own: a map has no order
		d := draw(random, test.clock, test.sizes, []string{"cost/tee/4k"}, test.spread, test.factor)
		c := d.sequentially(t)
		k := c.Rows[0].Cells[1].Deltas[0]
		if k.Verdict != test.verdict || k.Boots != test.boots || k.OtherBoots != test.boots || k.Analyses != len(test.sizes) || d.run.Machines[0].Boots != test.boots {
			t.Errorf("%s: %s of %d boots (%d of the machine), %d analyses", name, k.Verdict, k.Boots, d.run.Machines[0].Boots, k.Analyses)
		}
	}
}

// TestOnlyTheUndecidedGoOn has two probes of which one is told apart at once.
func TestOnlyTheUndecidedGoOn(t *testing.T) {
	d := draw(rand.New(rand.NewPCG(5, 6)), matrix.ClockWall, []int{8, 16, 32}, []string{"cost/tee/1m", "cost/tee/4k"}, 0.5, 1)
	for boot := range 32 {
		d.values["a/m/cost/tee/1m"][boot] = 1 + float64(boot)/1000
		d.values["b/m/cost/tee/1m"][boot] = 2 + float64(boot)/1000
	}
	c := d.sequentially(t)
	var got []string
	for _, r := range c.Rows {
		k := r.Cells[1].Deltas[0]
		got = append(got, fmt.Sprintf("%s %s %d %d", r.Probe, k.Verdict, k.Boots, k.OtherBoots))
	}
	if want := []string{"cost/tee/1m worse 8 8", "cost/tee/4k inconclusive 32 32"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

// TestABehaviourThatIsFlakyGoesOn has a kernel whose boots disagree, so that its
// rates are worth more boots, and one probe that never does.
func TestABehaviourThatIsFlakyGoesOn(t *testing.T) {
	f := fake{run: matrix.Run{Baseline: "a", Machines: []matrix.Machine{{Name: "m", Boots: 3, Analyses: []int{3, 12}}}, Probes: []string{"stability/tee/x", "stability/tee/y"}, Kernels: []matrix.Column{{Name: "a"}, {Name: "b"}}}}
	f.answer = func(c matrix.Cell, boot int) matrix.Result {
		class := matrix.Stable
		if c.Kernel == "b" && c.Probe == "stability/tee/x" && boot != 2 {
			class = matrix.Zeroed
		}
		return passed(matrix.Finding{Observation: &matrix.Observation{Class: class}})
	}
	c := f.sequentially(t)
	flaky, steady := c.Rows[0].Cells[1], c.Rows[1].Cells[1]
	if flaky.Verdict != matrix.VerdictDiffers || len(flaky.Results) != 12 || len(c.Rows[0].Cells[0].Results) != 12 {
		t.Errorf("rates after %d boots: %s", len(flaky.Results), flaky.Verdict)
	}
	if steady.Verdict != matrix.VerdictSame || len(steady.Results) != 3 {
		t.Errorf("a behaviour that repeats was asked %d times, and is %s", len(steady.Results), steady.Verdict)
	}
}

// TestEachRangeIsToldOfBeforeItIsAsked follows the ranges, and ends them by errors.
func TestEachRangeIsToldOfBeforeItIsAsked(t *testing.T) {
	interrupted := errors.New("interrupted")
	for name, test := range map[string]struct {
		fails map[int]error
		full  error
		want  []host.BootRange
		// boots is how many the run says that there are.
		boots int
		err   error
	}{
		"to the end":               {nil, nil, []host.BootRange{{UpTo: boots(8)}, {After: boots(8), UpTo: boots(16)}, {After: boots(16), UpTo: boots(32)}}, 32, nil},
		"interrupted":              {map[int]error{1: interrupted}, nil, []host.BootRange{{UpTo: boots(8)}, {After: boots(8), UpTo: boots(16)}}, 16, interrupted},
		"interrupted in the first": {map[int]error{0: interrupted}, nil, []host.BootRange{{UpTo: boots(8)}}, 8, interrupted},
		"no room to tell of boots": {nil, errFull, []host.BootRange{{UpTo: boots(8)}}, 8, errFull},
	} {
		d := draw(rand.New(rand.NewPCG(3, 5)), matrix.ClockWall, []int{8, 16, 32}, []string{"cost/tee/4k"}, 0.5, 1.001)
		d.fails, d.errs = test.fails, test.full
		var told []host.BootRange
		c, err := Sequential(t.Context(), d, d, d.cells(), func(open []matrix.Cell, b host.BootRange) {
			if len(open) != 2 || d.run.Machines[0].Boots != b.After["m"] || len(told) != len(d.asked)-1 {
				t.Errorf("%s: told of %d cells in %+v when the run has %d boots, of %d ranges", name, len(open), b, d.run.Machines[0].Boots, len(d.asked))
			}
			told = append(told, b)
		})
		if !errors.Is(err, test.err) || (err == nil) != (test.err == nil) {
			t.Errorf("%s: the error is %v", name, err)
		}
		if diff := cmp.Diff(test.want, d.asked); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		if d.run.Machines[0].Boots != test.boots || len(c.Rows) != 1 || len(c.Rows[0].Cells[0].Results) == 0 {
			t.Errorf("%s: the run says %d boots; %d rows are compared", name, d.run.Machines[0].Boots, len(c.Rows))
		}
	}
}

var errFull = errors.New("no space left on device")

func boots(n int) map[string]int { return map[string]int{"m": n} }

// TestWithoutLooksThereIsOneRange asks a machine that has none, though nothing is decided.
func TestWithoutLooksThereIsOneRange(t *testing.T) {
	d := draw(rand.New(rand.NewPCG(3, 5)), matrix.ClockWall, []int{8}, []string{"cost/tee/4k"}, 0.5, 1.001)
	d.run.Machines[0].Analyses = nil
	if d.sequentially(t); len(d.asked) != 1 || len(d.results) != 16 {
		t.Errorf("%d results of %+v", len(d.results), d.asked)
	}
}
