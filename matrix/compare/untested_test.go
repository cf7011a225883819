package compare

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"kmatrix/matrix"
)

// TestUntested tells columns that have no answer from those that have some, and
// from those whose results are still to come.
func TestUntested(t *testing.T) {
	r := run("a", "a", "gone", "dead", "half", "late", "again")
	r.Machines = append(r.Machines, matrix.Machine{Name: "n"})
	r.Kernels[1].Outcome, r.Kernels[1].Detail = matrix.Unavailable, "no such host"
	at := func(kernel, machine string, boot int, outcome matrix.Outcome, detail string) matrix.Result {
		res := observed(kernel, boot, matrix.Stable, 0)
		if outcome != matrix.Pass {
			res.Observation = nil
		}
		res.Machine, res.Outcome, res.Detail = machine, outcome, detail
		res.Cell = matrix.Cell{Kernel: kernel, Machine: machine, Probe: res.Probe}.ID()
		return res
	}
	c := Compare(r, []matrix.Result{
		at("a", "m", 1, matrix.Pass, ""), at("a", "n", 1, matrix.Pass, ""),
		at("dead", "m", 1, matrix.BootFailed, "panic"), at("dead", "m", 2, matrix.BootFailed, "panic"),
		at("dead", "n", 1, matrix.BootFailed, "panic"), at("dead", "n", 2, matrix.Lost, "reset"),
		at("half", "m", 1, matrix.Crash, "oops"), at("half", "n", 1, matrix.Infra, "no room"),
		at("again", "m", 1, matrix.BootFailed, "panic"), at("again", "m", 2, matrix.Pass, ""), at("again", "n", 1, matrix.Pass, ""),
	})
	for i, want := range []Untested{
		{},
		{All: true, Reasons: []Reason{{Outcome: matrix.Unavailable, Detail: "no such host"}}},
		{Cells: 2, All: true, Reasons: []Reason{{matrix.BootFailed, "panic", []string{"m", "n"}}, {matrix.Lost, "reset", []string{"n"}}}},
		{Cells: 1, Reasons: []Reason{{matrix.Infra, "no room", []string{"n"}}}},
		{},
		{},
	} {
		if diff := cmp.Diff(want, c.Untested(i)); diff != "" {
			t.Errorf("%s: %s", c.Columns[i].Name, diff)
		}
	}
	if got := c.Untested(2).Outcomes(); !cmp.Equal(got, []matrix.Outcome{matrix.BootFailed, matrix.Lost}) {
		t.Errorf("the outcomes are %v", got)
	}
}
