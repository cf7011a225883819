package compare

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kmatrix/matrix"
)

// costsOf makes a run with the given probes on a machine: of each column, the
// values of its boots for each probe.
func costsOf(clock matrix.Clock, probes []string, columns ...column) Comparison {
	run := matrix.Run{Machines: []matrix.Machine{{Name: "m"}}, Probes: probes, Baseline: columns[0].name}
	unit := map[matrix.Clock]string{matrix.ClockIcount: "insn/B", matrix.ClockWall: "ns/B"}[clock]
	var results []matrix.Result
	for _, col := range columns {
		run.Kernels = append(run.Kernels, matrix.Column{Name: col.name, Base: col.base, ConfigDigest: col.config})
		for p, values := range col.values {
			for boot, v := range values {
				c := matrix.Cell{Kernel: col.name, Machine: "m", Probe: probes[p]}
				s := &matrix.Sample{Value: v, Unit: unit, Better: matrix.Lower, Clock: clock, Indicative: col.indicative, Iterations: 4, Counters: col.counters}
				results = append(results, matrix.Result{Kernel: col.name, Machine: "m", Probe: probes[p], Cell: c.ID(), Boot: boot + 1, Attempt: matrix.Attempt{Outcome: matrix.Pass, Finding: matrix.Finding{Sample: s}}})
			}
		}
	}
	return Compare(run, results)
}

type column struct {
	name, base, config string
	values             [][]float64
	indicative         bool
	counters           map[string]int64
}

// pair compares one probe of two kernels that are built alike.
func pair(clock matrix.Clock, probe string, base, other []float64) *Delta {
	c := costsOf(clock, []string{probe}, column{name: "a", config: "x", values: [][]float64{base}}, column{name: "b", config: "x", values: [][]float64{other}})
	return c.Rows[0].Cells[1].Deltas[0]
}

func TestVerdictsOnCosts(t *testing.T) {
	eight := func(at float64) []float64 {
		return []float64{at * 0.99, at * 0.994, at * 0.997, at, at * 1.002, at * 1.004, at * 1.007, at * 1.01}
	}
	wide := func(at float64) []float64 {
		return []float64{at * 0.8, at * 0.85, at * 0.9, at * 0.97, at * 1.02, at * 1.1, at * 1.2, at * 1.3}
	}
	const probe = "cost/tee/4k"
	for name, test := range map[string]struct {
		clock       matrix.Clock
		base, other []float64
		probe       string
		want        Verdict
	}{
		"instructions, one boot, equal":       {matrix.ClockIcount, []float64{1}, []float64{1.001}, probe, Same},
		"instructions, one boot, 4 times":     {matrix.ClockIcount, []float64{0.08}, []float64{0.34}, probe, Worse},
		"instructions, one boot, a half":      {matrix.ClockIcount, []float64{2}, []float64{1}, probe, Better},
		"instructions, one boot, 0.7 % more":  {matrix.ClockIcount, []float64{1}, []float64{1.007}, probe, Worse},
		"instructions, a delay of 1 %":        {matrix.ClockIcount, []float64{1, 1.0002, 1.0004}, []float64{1.0098, 1.01, 1.0101}, probe, Worse},
		"instructions, A/A":                   {matrix.ClockIcount, []float64{1, 1.002, 1.004}, []float64{1.001, 1.0005, 1.003}, probe, Same},
		"instructions, boots that disagree":   {matrix.ClockIcount, []float64{1, 1.01, 1.02}, []float64{1.01, 0.995, 1.015}, probe, Inconclusive},
		"the same of a probe that waits":      {matrix.ClockIcount, []float64{1, 1.01, 1.01}, []float64{1.01, 0.995, 1.015}, "cost/read-write-cold/4k", Same},
		"time, one boot":                      {matrix.ClockWall, []float64{1}, []float64{4}, probe, Inconclusive},
		"time, three boots":                   {matrix.ClockWall, []float64{1, 1.1, 1.2}, []float64{4, 4.1, 4.2}, probe, Inconclusive},
		"time, equal":                         {matrix.ClockWall, eight(1), eight(1.001), probe, Same},
		"time, twice":                         {matrix.ClockWall, eight(1), eight(2), probe, Worse},
		"time, a tenth less":                  {matrix.ClockWall, eight(1), eight(0.9), probe, Better},
		"time, too wide to tell":              {matrix.ClockWall, wide(1), wide(1.05), probe, Inconclusive},
		"time, all boots equal":               {matrix.ClockWall, slices.Repeat([]float64{1}, 8), slices.Repeat([]float64{1}, 8), probe, Same},
		"what no clock counts":                {matrix.ClockIcount, []float64{0}, []float64{1}, probe, NoVerdict},
		"a cost beyond all bounds":            {matrix.ClockIcount, []float64{1e-300}, []float64{1e300}, probe, NoVerdict},
		"what a broken guest says is no cost": {matrix.ClockIcount, []float64{1}, []float64{-1}, probe, NoVerdict},
	} {
		k := pair(test.clock, test.probe, test.base, test.other)
		if k.Verdict != test.want || (k.Limit.Code != Unlimited) && (test.want == Worse || test.want == Same) {
			t.Errorf("%s: %q (%s), %.4g (%.4g…%.4g), p %v", name, k.Verdict, k.Limit.Code, k.Ratio, k.Low, k.High, k.P)
		}
		if test.want == Inconclusive && k.Need <= min(len(test.base), len(test.other)) {
			t.Errorf("%s: it would take %d boots", name, k.Need)
		}
	}
}

// TestOneBootByWallClockIsToldWhatItTakes asks too few boots for any verdict.
func TestOneBootByWallClockIsToldWhatItTakes(t *testing.T) {
	for _, n := range []int{1, 3} {
		k := pair(matrix.ClockWall, "cost/tee/4k", slices.Repeat([]float64{1}, n), slices.Repeat([]float64{4}, n))
		if want := (Limitation{Code: TooFewBoots, Boots: n, Fewest: 4}); k.Verdict != Inconclusive || k.Limit != want || k.Need != 8 {
			t.Errorf("%d boots: %s, %+v, %d boots would do", n, k.Verdict, k.Limit, k.Need)
		}
	}
}

// TestAComparisonOfEqualsFindsNoDifference draws both sides from the same noise: of
// comparisons of 20 probes, at most one in twenty may find any difference.
func TestAComparisonOfEqualsFindsNoDifference(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	const probes, comparisons = 20, 200
	names := make([]string, probes)
	for i := range names {
		names[i] = "cost/p/" + string(rune('a'+i))
	}
	draw := func() [][]float64 {
		all := make([][]float64, probes)
		for i := range all {
			for range 8 {
				all[i] = append(all[i], math.Exp(r.NormFloat64()*0.1))
			}
		}
		return all
	}
	wrong := 0
	for range comparisons {
		c := costsOf(matrix.ClockWall, names, column{name: "a", config: "x", values: draw()}, column{name: "b", config: "x", values: draw()})
		if c.Count(Better)+c.Count(Worse) > 0 {
			wrong++
		}
	}
	if wrong > comparisons/20+8 {
		t.Errorf("%d of %d comparisons of equals find a difference", wrong, comparisons)
	}
}

// TestNeedIsEnough takes the number of boots that an inconclusive comparison asks
// for, of a difference that is there.
func TestNeedIsEnough(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	draw := func(n int, at float64) []float64 {
		var list []float64
		for range n {
			list = append(list, at*math.Exp(r.NormFloat64()*0.05))
		}
		return list
	}
	asked, found := 0, 0
	for range 100 {
		k := pair(matrix.ClockWall, "cost/tee/4k", draw(5, 1), draw(5, 1.08))
		if k.Verdict != Inconclusive || k.Need == 0 || k.Need > 60 {
			continue
		}
		asked++
		if v := pair(matrix.ClockWall, "cost/tee/4k", draw(k.Need, 1), draw(k.Need, 1.08)).Verdict; v == Worse {
			found++
		}
	}
	if asked < 20 || found < asked/2 {
		t.Errorf("of %d that were repeated with the boots they asked for, %d found the difference", asked, found)
	}
}

func TestKernelsAreComparedWithTheirBaseWhateverTheBaseline(t *testing.T) {
	names := []string{"cost/read-write/64k", "cost/splice-file-pipe/64k"}
	base := column{name: "6.12-built", config: "own", values: [][]float64{{0.735, 0.7351}, {0.08, 0.0801}}, counters: map[string]int64{"kib_read": 2}}
	patched := column{name: "fix", base: "6.12-built", config: "own", values: [][]float64{{0.735, 0.735}, {0.336, 0.337}}, counters: map[string]int64{"pages_copied": 1024, "kib_read": 0}}
	c := costsOf(matrix.ClockIcount, names, column{name: "6.1", config: "debian", values: [][]float64{{0.7}, {0.14}}}, base, patched)
	copied := 256.0
	want := func(c Comparison, column int) []CostFinding {
		ref := Reference{Name: "6.12-built", Base: true}
		return []CostFinding{
			{Kernel: "fix", Against: ref, Verdict: Worse, Deltas: []RowDelta{{c.Rows[1].Cells[column].Deltas[0], c.Rows[1]}}},
			{Kernel: "fix", Against: ref, Verdict: Same, Margin: 0.01, Deltas: []RowDelta{{c.Rows[0].Cells[column].Deltas[0], c.Rows[0]}}},
		}
	}
	same := cmp.AllowUnexported(Delta{})
	if diff := cmp.Diff(want(c, 2), c.Costs(), same); diff != "" {
		t.Error(diff)
	}
	if k := c.Rows[1].Cells[2].Deltas[0]; !near(k.Ratio, 4.2) || k.Low > 4.18 || k.High < 4.22 || !cmp.Equal(k.Counters, []Counter{{Name: "pages_copied", Value: &copied}}) {
		t.Errorf("%+v", k)
	}
	if c.CostComparable(1) || c.CostComparable(2) || c.Count(Worse) != 1 {
		t.Errorf("%d cells are worse, and the baseline's costs are compared with another build's", c.Count(Worse))
	}
	// With the base as the baseline it is compared once.
	c = costsOf(matrix.ClockIcount, names, base, patched)
	if diff := cmp.Diff(want(c, 1), c.Costs(), same); diff != "" || !c.CostComparable(1) {
		t.Errorf("with the base as the baseline: %s", diff)
	}
}

func TestIndicativeTimesAllowNoVerdict(t *testing.T) {
	v := [][]float64{{1, 1.01, 1.02, 1.03, 1.04, 1.05}}
	c := costsOf(matrix.ClockWall, []string{"cost/tee/4k"}, column{name: "a", config: "x", values: v, indicative: true}, column{name: "b", config: "x", values: [][]float64{{5, 5.1, 5.2, 5.3, 5.4, 5.5}}, indicative: true})
	if k := c.Rows[0].Cells[1].Deltas[0]; k.Verdict != NoVerdict || k.Limit.Code != Indicative {
		t.Errorf("%+v", k)
	}
}
