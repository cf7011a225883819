package compare

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"kmatrix/matrix"
	"kmatrix/matrix/cost"
)

// profileOf is a profile of a cell on the machine m.
func profileOf(kernel, probe string, user, unlocated, rest int64, functions ...matrix.FunctionSamples) matrix.Profile {
	p := matrix.Profile{Kernel: kernel, Machine: "m", Probe: probe, ProfileCounts: matrix.ProfileCounts{User: user, Unlocated: unlocated, Rest: rest, Functions: functions, Passes: 9}}
	p.Cell = matrix.Cell{Kernel: kernel, Machine: "m", Probe: probe}.ID()
	p.Samples = user + unlocated + rest
	for _, f := range functions {
		p.Samples += f.Samples
	}
	return p
}

func hits(name string, n int64) matrix.FunctionSamples {
	return matrix.FunctionSamples{Name: name, Samples: n}
}

const locatedProbe = "cost/splice-file-pipe/64k"

// located compares a base that costs 0.1 with a kernel that costs 0.4, as their
// profiles have it.
func located(base, other matrix.Profile) *cost.Delta {
	c := costsOf(matrix.ClockIcount, []string{locatedProbe}, column{name: "base", config: "x", values: [][]float64{{0.1}}}, column{name: "rfc", config: "x", values: [][]float64{{0.4}}})
	c.Locate([]matrix.Profile{base, other})
	return c.Rows[0].Cells[1].Deltas[0]
}

func TestDifferencesAreLocated(t *testing.T) {
	base := profileOf("base", locatedProbe, 2000, 10, 0, hits("add_to_pipe", 5000), hits("iterate", 2990))
	rfc := profileOf("rfc", locatedProbe, 1000, 5, 20, hits("copy_page", 4500), hits("get_page", 2250), hits("add_to_pipe", 1250), hits("iterate", 745), hits("rare", 30), hits("odd", 200))
	// Parts of 0.4 and 0.1: of add_to_pipe 0.05 each, of iterate 0.0298 and 0.0299,
	// of rare 0.0012 and none.
	want := &cost.Where{
		Samples: 10_000, OtherSamples: 10_000,
		Functions: []cost.Function{
			{Name: "copy_page", Value: 0.18, Delta: 0.18, Share: 0.6, Uncertainty: 0.00796},
			{Name: "get_page", Value: 0.09, Delta: 0.09, Share: 0.3, Uncertainty: 0.00668},
			{Name: "odd", Value: 0.008, Delta: 0.008, Share: 0.008 / 0.3, Uncertainty: 0.00224},
			{Name: "rare", Value: 0.0012, Delta: 0.0012, Share: 0.004, Uncertainty: 0.00089},
		},
		Smaller: -0.0001, SmallerCount: 2, User: 0.02, Unlocated: 0.0009,
		Copying: &cost.Copying{Value: 0.18, By: []string{"copy_page"}},
	}
	k := located(base, rfc)
	if diff := cmp.Diff(want, k.Where, cmpopts.EquateApprox(0.005, 1e-9)); diff != "" {
		t.Error(diff)
	}
	// Nothing is left out.
	sum := k.Where.Smaller + k.Where.User + k.Where.Unlocated
	for _, f := range k.Where.Functions {
		sum += f.Delta
	}
	if math.Abs(sum-(k.Value-k.Other)) > 1e-12 {
		t.Errorf("the parts add up to %g of %g", sum, k.Value-k.Other)
	}
}

// TestChanceIsNotNamed has two profiles of one kernel, which differ by chance, on
// two costs that differ.
func TestChanceIsNotNamed(t *testing.T) {
	base := profileOf("base", locatedProbe, 200, 0, 0, hits("a", 300), hits("b", 495), hits("c", 5))
	rfc := profileOf("rfc", locatedProbe, 800, 0, 0, hits("a", 67), hits("b", 130), hits("d", 3))
	k := located(base, rfc)
	if len(k.Where.Functions) > 0 || k.Where.SmallerCount != 4 || math.Abs(k.Where.Smaller) > 1e-12 {
		t.Errorf("named by chance: %+v", k.Where)
	}
}

func TestWhatHasNoProfileIsNotLocated(t *testing.T) {
	ok := profileOf("base", locatedProbe, 10, 0, 0)
	none := matrix.Profile{Kernel: "rfc", Machine: "m", Probe: locatedProbe, Cell: "rfc/m/" + locatedProbe, Missing: "the kernel has no perf event"}
	k := located(ok, none)
	why := cost.Unprofiled{Kernel: "rfc", Why: "the kernel has no perf event", Probes: []string{locatedProbe}}
	if k.Where == nil || !cmp.Equal(k.Where.Missing, &why) || len(k.Where.Functions) > 0 {
		t.Errorf("%+v", k.Where)
	}
	if k := located(ok, profileOf("rfc", "cost/tee/64k", 10, 0, 0)); k.Where != nil {
		t.Errorf("located by the profile of another probe: %+v", k.Where)
	}
	other := none
	other.Probe, other.Cell = "cost/tee/4k", "rfc/m/cost/tee/4k"
	why.Probes = append(why.Probes, "cost/tee/4k")
	if diff := cmp.Diff([]cost.Unprofiled{why}, cost.MissingProfiles([]matrix.Profile{ok, none, other})); diff != "" {
		t.Error(diff)
	}
}

func TestProfilesOfMergedRunsKeepTheirKernels(t *testing.T) {
	run := func(value float64, function string) Stored {
		r := matrix.Run{Machines: []matrix.Machine{{Name: "m"}}, Probes: []string{locatedProbe}, Baseline: "a", Kernels: []matrix.Column{{Name: "a", ConfigDigest: "x"}}}
		s := &matrix.Sample{Value: value, Unit: "insn/B", Better: matrix.Lower, Clock: matrix.ClockIcount, Iterations: 4}
		res := matrix.Result{Kernel: "a", Machine: "m", Probe: locatedProbe, Cell: "a/m/" + locatedProbe, Boot: 1, Attempt: matrix.Attempt{Outcome: matrix.Pass, Finding: matrix.Finding{Sample: s}}}
		return Stored{Dir: function, Run: r, Results: []matrix.Result{res}, Profiles: []matrix.Profile{profileOf("a", locatedProbe, 100, 0, 0, hits(function, 900))}}
	}
	m, err := Merge([]Stored{run(0.1, "move"), run(0.4, "copy_page")}, "")
	if err != nil {
		t.Fatal(err)
	}
	w := m.Comparison.Rows[0].Cells[1].Deltas[0].Where
	if w == nil || len(w.Functions) != 2 || w.Functions[0].Name != "copy_page" || w.Functions[0].Delta < 0.35 || w.Functions[1].Delta > -0.08 || m.Profiles[1].Kernel != "a@2" {
		t.Errorf("%+v", w)
	}
}
