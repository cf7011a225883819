package experiment

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kmatrix/host"
	"kmatrix/matrix"
	"kmatrix/matrix/compare"
)

func TestCostsThatDifferAreWorthAProfile(t *testing.T) {
	run := matrix.Run{
		Baseline: "base", Machines: []matrix.Machine{{Name: "m"}}, Probes: []string{"cost/dearer", "cost/same", "stability/x"},
		Kernels: []matrix.Column{{Name: "base", ConfigDigest: "x"}, {Name: "rfc", ConfigDigest: "x"}, {Name: "debian", ConfigDigest: "y"}},
	}
	cell := func(kernel, probe string) matrix.Cell { return matrix.Cell{Kernel: kernel, Machine: "m", Probe: probe} }
	var results []matrix.Result
	for _, k := range run.Kernels {
		for _, p := range run.Probes {
			res := matrix.Result{Kernel: k.Name, Machine: "m", Probe: p, Cell: cell(k.Name, p).ID(), Boot: 1, Attempt: matrix.Attempt{Outcome: matrix.Pass}}
			if p == "stability/x" {
				res.Observation = &matrix.Observation{Class: matrix.Stable}
			} else {
				res.Sample = &matrix.Sample{Value: 1, Unit: "insn/B", Better: matrix.Lower, Clock: matrix.ClockIcount, Iterations: 5}
			}
			if p == "cost/dearer" && k.Name != "base" {
				res.Sample.Value = 2
			}
			results = append(results, res)
		}
	}
	c := compare.Compare(run, results)
	if diff := cmp.Diff([]matrix.Cell{cell("base", "cost/dearer"), cell("rfc", "cost/dearer")}, Costs(c, false)); diff != "" {
		t.Error(diff)
	}
	if got := Costs(c, true); len(got) != 6 {
		t.Errorf("of all: %v", got)
	}
}

// TestAProfileIsOfABootBehindAllOthers profiles cells of a run whose boots went on for one
// machine, of which one cell has a profile, and one has only what kept it from having one.
func TestAProfileIsOfABootBehindAllOthers(t *testing.T) {
	f := fake{run: matrix.Run{Machines: []matrix.Machine{{Name: "m", Boots: 3}, {Name: "n", Boots: 2}}}}
	cell := func(kernel, machine string) matrix.Cell {
		return matrix.Cell{Kernel: kernel, Machine: machine, Probe: "cost/x"}
	}
	f.results = []matrix.Result{{Kernel: "a", Machine: "m", Boot: 12}}
	f.profiles = []matrix.Profile{{Cell: cell("a", "m").ID(), ProfileCounts: matrix.ProfileCounts{Samples: 1}}, {Cell: cell("b", "m").ID(), Missing: "hang"}}
	got, err := Profile(t.Context(), &f, &f, []matrix.Cell{cell("a", "m"), cell("b", "m"), cell("c", "n")})
	if err != nil {
		t.Fatal(err)
	}
	want := []host.BootRange{{After: map[string]int{"m": 12, "n": 2}, UpTo: map[string]int{"m": 13, "n": 3}, Profile: true}}
	if diff := cmp.Diff(want, f.asked); diff != "" {
		t.Error(diff)
	}
	var fresh []string
	for _, p := range got[2:] {
		fresh = append(fresh, p.Cell)
	}
	if diff := cmp.Diff([]string{"b/m/cost/x", "c/n/cost/x"}, fresh); diff != "" || got[2].Boot != 13 || got[3].Boot != 3 {
		t.Errorf("%+v: %s", got[2:], diff)
	}
	// All have one now: nothing is asked.
	if got, err := Profile(t.Context(), &f, &f, []matrix.Cell{cell("a", "m"), cell("b", "m"), cell("c", "n")}); err != nil || len(got) != 4 || len(f.asked) != 1 {
		t.Errorf("%d profiles of %d ranges (%v)", len(got), len(f.asked), err)
	}
	// What was had before an error is returned beside it.
	f.fails = map[int]error{1: errFull}
	if got, err := Profile(t.Context(), &f, &f, []matrix.Cell{cell("d", "m")}); !errors.Is(err, errFull) || len(got) != 5 {
		t.Errorf("%d profiles, and %v", len(got), err)
	}
}
