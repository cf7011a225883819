package compare

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kmatrix/matrix"
	"kmatrix/matrix/cost"
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
		if c.Count(matrix.VerdictBetter)+c.Count(matrix.VerdictWorse) > 0 {
			wrong++
		}
	}
	if wrong > comparisons/20+8 {
		t.Errorf("%d of %d comparisons of equals find a difference", wrong, comparisons)
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
			{Kernel: "fix", Against: ref, Verdict: matrix.VerdictWorse, Deltas: []RowDelta{{c.Rows[1].Cells[column].Deltas[0], c.Rows[1]}}},
			{Kernel: "fix", Against: ref, Verdict: matrix.VerdictSame, Margin: 0.01, Deltas: []RowDelta{{c.Rows[0].Cells[column].Deltas[0], c.Rows[0]}}},
		}
	}
	same := cmp.AllowUnexported(cost.Delta{})
	if diff := cmp.Diff(want(c, 2), c.Costs(), same); diff != "" {
		t.Error(diff)
	}
	if k := c.Rows[1].Cells[2].Deltas[0]; !near(k.Ratio, 4.2) || k.Low > 4.18 || k.High < 4.22 || !cmp.Equal(k.Counters, []cost.Counter{{Name: "pages_copied", Value: &copied}}) {
		t.Errorf("%+v", k)
	}
	if c.CostComparable(1) || c.CostComparable(2) || c.Count(matrix.VerdictWorse) != 1 {
		t.Errorf("%d cells are worse, and the baseline's costs are compared with another build's", c.Count(matrix.VerdictWorse))
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
	if k := c.Rows[0].Cells[1].Deltas[0]; k.Verdict != matrix.NoVerdict || k.Limit.Code != cost.Indicative {
		t.Errorf("%+v", k)
	}
}
