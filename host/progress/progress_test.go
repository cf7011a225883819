package progress

import (
	"bytes"
	"strings"
	"testing"

	"kmatrix/host"
	"kmatrix/matrix"
)

// TestAColumnIsToldOfWhenItIsWhole gives a kernel its results, of two boots
// each, and looks for the line.
func TestAColumnIsToldOfWhenItIsWhole(t *testing.T) {
	var out bytes.Buffer
	p := New(&out, nil, Work{Kernels: []string{"x"}, Boots: map[string]int{"m": 2}, Results: 4})
	results := []matrix.Result{
		{Attempt: matrix.Attempt{Outcome: matrix.Pass, Finding: matrix.Finding{Observation: &matrix.Observation{Class: matrix.Stable}}}},
		{Attempt: matrix.Attempt{Outcome: matrix.Pass, Finding: matrix.Finding{Sample: &matrix.Sample{Value: 1}}}},
		{Attempt: matrix.Attempt{Outcome: matrix.Crash}},
		{Attempt: matrix.Attempt{Outcome: matrix.Fail, Finding: matrix.Finding{Observation: &matrix.Observation{Class: matrix.Stable}}}},
	}
	for i, r := range results {
		if strings.Contains(out.String(), "is done") {
			t.Errorf("after %d of 4 results it says %q", i, out.String())
		}
		r.Kernel, r.Boot = "x", 1+i/2
		p.Event(host.Event{Kernel: "x", Stage: host.StageResult, Result: r})
	}
	if strings.Contains(out.String(), "is done") {
		t.Errorf("before the last boot has ended it says %q", out.String())
	}
	p.Event(host.Event{Kernel: "x", Machine: "m", Boot: 2, Stage: host.StageEnd, Total: 2, Done: 2, Seconds: 3})
	if want := "x on m, boot 2: 2 cells in 3.0 s, agent ready after 0.0 s\nx is done: 2 stable, 1 measured, 1 crash\n"; out.String() != want {
		t.Errorf("it says %q, want %q", out.String(), want)
	}
}
