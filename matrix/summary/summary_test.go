package summary

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"kmatrix/matrix"
	"kmatrix/matrix/compare"
)

// compared compares kernels, the first of which is the baseline; results are by kernel,
// in the order of the probes, and one without an outcome is left out.
func compared(probes []string, kernels []matrix.Column, results ...[]matrix.Attempt) (compare.Comparison, []matrix.Result) {
	run := matrix.Run{Baseline: kernels[0].Name, Machines: []matrix.Machine{{Name: "m"}}, Probes: probes, Kernels: kernels}
	var all []matrix.Result
	for k, attempts := range results {
		for p, a := range attempts {
			if a.Outcome == "" {
				continue
			}
			cell := matrix.Cell{Kernel: kernels[k].Name, Machine: "m", Probe: probes[p]}
			all = append(all, matrix.Result{Cell: cell.ID(), Kernel: cell.Kernel, Machine: "m", Probe: cell.Probe, Boot: 1, Attempt: a})
		}
	}
	return compare.Compare(run, all), all
}

func saw(c matrix.Class) matrix.Attempt {
	return matrix.Attempt{Outcome: matrix.Pass, Finding: matrix.Finding{Observation: &matrix.Observation{Class: c}}}
}

func costing(value float64, kib int64) matrix.Attempt {
	return matrix.Attempt{Outcome: matrix.Pass, Finding: matrix.Finding{Sample: &matrix.Sample{
		Value: value, Unit: "insn/B", Better: matrix.Lower, Clock: matrix.ClockIcount, Iterations: 1, Counters: map[string]int64{"kib_read": kib},
	}}}
}

func named(names ...string) (list []matrix.Column) {
	for _, n := range names {
		list = append(list, matrix.Column{Name: n, ConfigDigest: "x"})
	}
	return list
}

// TestFamiliesThatAreAnsweredAlikeComeTogether has two calls that answer two mutations
// alike, one that does not, and a probe that does not differ.
func TestFamiliesThatAreAnsweredAlikeComeTogether(t *testing.T) {
	probes := []string{
		"stability/splice/punch/xfs", "stability/splice/punch/ext4", "stability/splice/zero/xfs", "stability/tee/punch/xfs", "stability/tee/zero/xfs",
		"stability/vmsplice/store/anon", "stress/race/mmap",
	}
	s, z, c := saw(matrix.Stable), saw(matrix.Zeroed), saw(matrix.Changed)
	cmpn, results := compared(probes, named("old", "new"), []matrix.Attempt{s, s, s, s, s, s, s}, []matrix.Attempt{z, s, z, z, z, c, s})
	want := []Family{
		{Kind: matrix.Stability, Mutations: []string{"punch", "zero"}, Members: []string{"splice", "tee"}, Differing: 4, Rows: 5,
			Answers: []FamilyAnswer{{Zeroed, 4, []int{1}}, {Stable, 4, []int{0}}}},
		{Kind: matrix.Stability, Mutations: []string{"store"}, Members: []string{"vmsplice"}, Differing: 1, Rows: 1,
			Answers: []FamilyAnswer{{Changed, 1, []int{1}}, {Stable, 1, []int{0}}}},
	}
	got := Of(cmpn, results)
	if diff := cmp.Diff(want, got.Families); diff != "" {
		t.Error(diff)
	}
	if w := got.Families[0].Worse(); len(w) != 1 || w[0].Showing != Zeroed || got.Families[0].Rest() != Stable {
		t.Errorf("%+v", w)
	}
	if k := got.Kernels[1]; k.Counts[Zeroed] != 4 || k.Counts[Stable] != 2 || k.Counts[Changed] != 1 || k.Missing != 0 {
		t.Errorf("%+v", k)
	}
}

// kinds lists the kinds of points.
func kinds(points []Point) (list []PointKind) {
	for _, p := range points {
		list = append(list, p.Kind)
	}
	return list
}

// TestPointsComeInTheirOrder holds, for runs of each sort, what is said and in which
// order.
func TestPointsComeInTheirOrder(t *testing.T) {
	probes := []string{"stability/splice/punch/xfs", "stability/splice/zero/xfs"}
	s, z, clobbered := saw(matrix.Stable), saw(matrix.Zeroed), saw(matrix.Clobbered)
	crash := matrix.Attempt{Outcome: matrix.Crash, CrashReports: []matrix.CrashReport{{Title: "BUG: a"}}}
	failed := matrix.Attempt{Outcome: matrix.BootFailed, Detail: "panic"}
	broken := saw(matrix.Zeroed)
	broken.Outcome = matrix.Fail
	for name, test := range map[string]struct {
		probes  []string
		results [][]matrix.Attempt
		want    []PointKind
	}{
		"nothing differs": {probes, [][]matrix.Attempt{{s, z}, {s, z}}, []PointKind{BehaviourSame, OneBoot, Asked}},
		"one differs":     {probes, [][]matrix.Attempt{{s, s}, {s, z}}, []PointKind{BehaviourDiffers, OneBoot, Asked}},
		"a crash, and data that nothing allows": {probes, [][]matrix.Attempt{{s, s}, {crash, clobbered}},
			[]PointKind{KernelsCrashed, DataBroken, BehaviourDiffers, OneBoot, Asked}},
		"a contract that is broken": {probes, [][]matrix.Attempt{{s, s}, {s, broken}}, []PointKind{ContractBroken, BehaviourDiffers, OneBoot, Asked}},
		"none boots":                {probes, [][]matrix.Attempt{{failed, failed}, {failed, failed}}, []PointKind{NothingAnswered, NotTested, OneBoot, Asked}},
		"one does not boot":         {probes, [][]matrix.Attempt{{s, s}, {failed, failed}}, []PointKind{NothingCompared, NotTested, OneBoot, Asked}},
		"a part has no answer":      {probes, [][]matrix.Attempt{{s, s}, {s, failed}}, []PointKind{BehaviourSame, PartlyAnswered, OneBoot, Asked}},
		"costs that differ":         {[]string{"cost/a/4k", "cost/b/4k"}, [][]matrix.Attempt{{costing(1, 0), costing(1, 0)}, {costing(1, 0), costing(2, 0)}}, []PointKind{CostsDiffer, OneBoot, Asked}},
		"costs that do not":         {[]string{"cost/a/4k", "cost/b/4k"}, [][]matrix.Attempt{{costing(1, 0), costing(1, 0)}, {costing(1, 0), costing(1, 0)}}, []PointKind{CostsSame, OneBoot, Asked}},
	} {
		c, results := compared(test.probes, named("old", "new"), test.results...)
		if diff := cmp.Diff(test.want, kinds(Of(c, results).Points)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// TestTheSeriesIsSetAgainstItsBase has a kernel that mends what its base shows.
func TestTheSeriesIsSetAgainstItsBase(t *testing.T) {
	kernels := named("distribution", "base", "series", "twin")
	kernels[2].Base = "base"
	probes := []string{"stability/splice/punch/xfs", "stability/splice/punch/ext4", "stability/splice/write/xfs"}
	s, z, ch := saw(matrix.Stable), saw(matrix.Zeroed), saw(matrix.Changed)
	c, results := compared(probes, kernels, []matrix.Attempt{s, s, ch}, []matrix.Attempt{z, z, ch}, []matrix.Attempt{s, s, s}, []matrix.Attempt{z, z, ch})
	points := Of(c, results).Points
	want := []Point{
		{Kind: BehaviourDiffers, Columns: []int{1, 3}, Against: compare.Reference{Name: "distribution"}, Of: 3, Changes: []Change{{Stable, Zeroed, 2}}},
		{Kind: BehaviourDiffers, Columns: []int{2}, Against: compare.Reference{Name: "base", Base: true}, Of: 3, Changes: []Change{{Zeroed, Stable, 2}, {Changed, Stable, 1}}},
		{Kind: BehaviourDiffers, Columns: []int{2}, Against: compare.Reference{Name: "distribution"}, Of: 3, Changes: []Change{{Changed, Stable, 1}}},
	}
	if diff := cmp.Diff(want, points[:3], cmpopts.EquateEmpty()); diff != "" {
		t.Error(diff)
	}
}

// TestCostsThatReadComeFirst: what the CPU's time does not order stands before the largest
// factor, and the farthest factor that is told is one that nothing has read for.
func TestCostsThatReadComeFirst(t *testing.T) {
	probes := []string{"cost/copies/64k", "cost/copies/4k", "cost/steals/64k", "cost/trades/64k"}
	c, results := compared(probes, named("base", "rfc"),
		[]matrix.Attempt{costing(1, 0), costing(1, 0), costing(1, 0), costing(1, 0)},
		[]matrix.Attempt{costing(4.8, 0), costing(2, 0), costing(3.5, 1100), costing(0.5, 900)})
	s := Of(c, results)
	var paths []string
	for _, k := range s.Costs {
		paths = append(paths, k.Path)
	}
	if diff := cmp.Diff([]string{"trades/64k", "steals/64k", "copies"}, paths); diff != "" {
		t.Error(diff)
	}
	if low, high := s.Costs[2].Range(); low != 2 || high != 4.8 {
		t.Errorf("copies: %g…%g", low, high)
	}
	n := s.Points[0].Costs
	if n == nil || n.Worse != 3 || n.NotOrdered != 1 || n.Reading != 2 || n.Most.Row.Probe != "cost/copies/64k" {
		t.Errorf("%+v", n)
	}
}
