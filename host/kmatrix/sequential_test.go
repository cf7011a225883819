package main

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"kmatrix/matrix"
	"kmatrix/matrix/compare"
)

// drawn are boots of two kernels whose costs are drawn by chance: most of each, by
// cell.
type drawn struct {
	run    matrix.Run
	values map[string][]float64
	// results are those that were asked for.
	results []matrix.Result
}

// draw makes boots whose costs spread by that part. The second kernel costs the
// factor more.
func draw(random *rand.Rand, clock matrix.Clock, sizes []int, probes []string, spread, factor float64) *drawn {
	d := &drawn{values: map[string][]float64{}}
	d.run = matrix.Run{Baseline: "a", Machines: []matrix.Machine{{Name: "m", Clock: clock, Boots: sizes[0], Looks: sizes}}, Probes: probes}
	for i, kernel := range []string{"a", "b"} {
		d.run.Kernels = append(d.run.Kernels, matrix.Column{Name: kernel, ConfigDigest: "c"})
		for _, p := range probes {
			id := matrix.Cell{Kernel: kernel, Machine: "m", Probe: p}.ID()
			for range sizes[len(sizes)-1] {
				d.values[id] = append(d.values[id], math.Exp(spread*random.NormFloat64())*math.Pow(factor, float64(i)))
			}
		}
	}
	return d
}

// boots are the results of a cell's boots behind the first so many up to another
// number.
func (d *drawn) boots(c matrix.Cell, behind, upTo int) (list []matrix.Result) {
	clock := d.run.Machines[0].Clock
	unit := map[matrix.Clock]string{matrix.ClockWall: "ns/B", matrix.ClockIcount: "insn/B"}[clock]
	for boot := behind; boot < upTo; boot++ {
		list = append(list, matrix.Result{Kernel: c.Kernel, Machine: c.Machine, Probe: c.Probe, Cell: c.ID(), Boot: boot + 1, Attempt: matrix.Attempt{Outcome: matrix.Pass, Finding: matrix.Finding{Sample: &matrix.Sample{Value: d.values[c.ID()][boot], Unit: unit, Clock: clock, Better: matrix.Lower}}}})
	}
	return list
}

func (d *drawn) cells() (list []matrix.Cell) {
	for _, k := range d.run.Kernels {
		for _, p := range d.run.Probes {
			list = append(list, matrix.Cell{Kernel: k.Name, Machine: "m", Probe: p})
		}
	}
	return list
}

// looked runs the looks, and returns what they come to.
func (d *drawn) looked(t *testing.T) compare.Comparison {
	t.Helper()
	s := sequential{
		header: func() matrix.Run { return d.run },
		update: func(change func(*matrix.Run)) error { change(&d.run); return nil },
		ask: func(_ context.Context, cells []matrix.Cell, behind, upTo map[string]int) ([]matrix.Result, error) {
			for _, c := range cells {
				d.results = append(d.results, d.boots(c, behind[c.Machine], upTo[c.Machine])...)
			}
			return d.results, nil
		},
	}
	_, c, err := s.run(t.Context(), d.cells())
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// differs tells whether any cost was found to differ.
func differs(c compare.Comparison) bool { return c.Count(compare.Worse)+c.Count(compare.Better) > 0 }

// peeked looks at the same sizes as if each were the only one, until a difference
// is found.
func (d *drawn) peeked() bool {
	run := d.run
	run.Machines = slices.Clone(run.Machines)
	sizes := run.Machines[0].Looks
	run.Machines[0].Looks = nil
	for _, n := range sizes {
		var results []matrix.Result
		for _, c := range d.cells() {
			results = append(results, d.boots(c, 0, n)...)
		}
		if differs(compare.Compare(run, results)) {
			return true
		}
	}
	return false
}

// TestLooksHoldTheRateOfFalseFindings compares a kernel with itself many times by a
// noisy clock. Looking again and again errs more often than a single look may; with
// the level split over the looks it does not.
func TestLooksHoldTheRateOfFalseFindings(t *testing.T) {
	const runs = 400
	random := rand.New(rand.NewPCG(1, 2))
	var split, plain float64
	for range runs {
		d := draw(random, matrix.ClockWall, []int{8, 16, 32}, []string{"cost/tee/4k"}, 0.3, 1)
		if d.peeked() {
			plain++
		}
		if differs(d.looked(t)) {
			split++
		}
	}
	split, plain = split/runs, plain/runs
	t.Logf("false findings: %.1f %% with the level split over three looks, %.1f %% without", 100*split, 100*plain)
	if split > compare.Alpha {
		t.Errorf("%.1f %% of comparisons of a kernel with itself found a difference", 100*split)
	}
	if plain < 1.5*compare.Alpha {
		t.Errorf("plain looks err in %.1f %%: the test tells nothing", 100*plain)
	}
}

// TestLooksEndWithTheVerdict has costs that are easily told apart beside one that
// is not, by both clocks.
func TestLooksEndWithTheVerdict(t *testing.T) {
	for name, test := range map[string]struct {
		clock          matrix.Clock
		sizes          []int
		spread, factor float64
		verdict        compare.Verdict
		boots          int
	}{
		"wall, twice the cost":        {matrix.ClockWall, []int{8, 16, 32}, 0.02, 2, compare.Worse, 8},
		"wall, half of it":            {matrix.ClockWall, []int{8, 16, 32}, 0.02, 0.5, compare.Better, 8},
		"wall, the same":              {matrix.ClockWall, []int{8, 16, 32}, 0.01, 1, compare.Same, 8},
		"wall, hidden by noise":       {matrix.ClockWall, []int{8, 16, 32}, 0.5, 1.001, compare.Inconclusive, 32},
		"counted, a percent more":     {matrix.ClockIcount, []int{3, 12}, 0.0002, 1.01, compare.Worse, 3},
		"counted, the same":           {matrix.ClockIcount, []int{3, 12}, 0.0002, 1, compare.Same, 3},
		"counted, hidden by outliers": {matrix.ClockIcount, []int{3, 12}, 0.05, 1.001, compare.Inconclusive, 12},
	} {
		random := rand.New(rand.NewPCG(3, 5)) // each its own: a map has no order
		d := draw(random, test.clock, test.sizes, []string{"cost/tee/4k"}, test.spread, test.factor)
		c := d.looked(t)
		k := c.Rows[0].Cells[1].Deltas[0]
		if k.Verdict != test.verdict || k.Boots != test.boots || k.OtherBoots != test.boots || k.Looks != len(test.sizes) || d.run.Machines[0].Boots != test.boots {
			t.Errorf("%s: %s of %d boots (%d of the machine), %d looks", name, k.Verdict, k.Boots, d.run.Machines[0].Boots, k.Looks)
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
	c := d.looked(t)
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
	run := matrix.Run{Baseline: "a", Machines: []matrix.Machine{{Name: "m", Boots: 3, Looks: []int{3, 12}}}, Probes: []string{"stability/tee/x", "stability/tee/y"}, Kernels: []matrix.Column{{Name: "a"}, {Name: "b"}}}
	var results []matrix.Result
	s := sequential{
		header: func() matrix.Run { return run },
		update: func(change func(*matrix.Run)) error { change(&run); return nil },
		ask: func(_ context.Context, cells []matrix.Cell, behind, upTo map[string]int) ([]matrix.Result, error) {
			for _, c := range cells {
				for boot := behind[c.Machine]; boot < upTo[c.Machine]; boot++ {
					class := matrix.Stable
					if c.Kernel == "b" && c.Probe == "stability/tee/x" && boot != 1 {
						class = matrix.Zeroed
					}
					results = append(results, matrix.Result{Kernel: c.Kernel, Machine: c.Machine, Probe: c.Probe, Cell: c.ID(), Boot: boot + 1, Attempt: matrix.Attempt{Outcome: matrix.Pass, Finding: matrix.Finding{Observation: &matrix.Observation{Class: class}}}})
				}
			}
			return results, nil
		},
	}
	var cells []matrix.Cell
	for _, k := range run.Kernels {
		for _, p := range run.Probes {
			cells = append(cells, matrix.Cell{Kernel: k.Name, Machine: "m", Probe: p})
		}
	}
	_, c, err := s.run(t.Context(), cells)
	if err != nil {
		t.Fatal(err)
	}
	flaky, steady := c.Rows[0].Cells[1], c.Rows[1].Cells[1]
	if flaky.Verdict != compare.Differs || len(flaky.Results) != 12 || len(c.Rows[0].Cells[0].Results) != 12 {
		t.Errorf("rates after %d boots: %s", len(flaky.Results), flaky.Verdict)
	}
	if steady.Verdict != compare.Same || len(steady.Results) != 3 {
		t.Errorf("a behaviour that repeats was asked %d times, and is %s", len(steady.Results), steady.Verdict)
	}
}
