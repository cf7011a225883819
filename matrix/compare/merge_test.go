package compare

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"kmatrix/matrix"
	"kmatrix/matrix/cost"
)

// kept is a stored run of one probe of cost: of each kernel the values of its
// boots.
func kept(dir string, host matrix.Host, clock matrix.Clock, probe string, kernels map[string][]float64) Stored {
	now := time.Now()
	s := Stored{Dir: dir, Run: matrix.Run{Finished: &now, Host: host, Machines: []matrix.Machine{{Name: "cost", MemoryMiB: 512, CPUs: 1, CPU: "max"}}, Probes: []string{probe}}}
	for _, name := range []string{"6.1", "6.12-built", "fix"} {
		values, ok := kernels[name]
		if !ok {
			continue
		}
		if s.Run.Baseline == "" {
			s.Run.Baseline = name
		}
		col := matrix.Column{Name: name, ConfigDigest: "own"}
		if name == "6.1" {
			col.ConfigDigest = "debian"
		}
		if name == "fix" {
			col.Base = "6.12-built"
		}
		s.Run.Kernels = append(s.Run.Kernels, col)
		for i, v := range values {
			unit := "insn/B"
			if clock == matrix.ClockWall {
				unit = "ns/B"
			}
			c := matrix.Cell{Kernel: name, Machine: "cost", Probe: probe}
			s.Results = append(s.Results, matrix.Result{
				Kernel: name, Machine: "cost", Probe: probe, Cell: c.ID(), Boot: i + 1,
				Attempt: matrix.Attempt{Outcome: matrix.Pass, Finding: matrix.Finding{Sample: &matrix.Sample{Value: v, Unit: unit, Clock: clock, Better: matrix.Lower}}},
			})
		}
	}
	return s
}

const tee = "cost/tee/4k"

func TestTwoRunsOfOneKernelStandSideBySide(t *testing.T) {
	one := kept("runs/1", matrix.Host{}, matrix.ClockIcount, tee, map[string][]float64{"6.12-built": {1, 1.001}, "fix": {4}})
	two := kept("runs/2", matrix.Host{Agent: "sha256:2"}, matrix.ClockIcount, tee, map[string][]float64{"6.12-built": {1.1}, "fix": {4}})
	m, err := Merge([]Stored{one, two}, "")
	if err != nil {
		t.Fatal(err)
	}
	type cost struct {
		kernel  string
		against Reference
		ratio   float64
	}
	want := []cost{
		{"fix@1", Reference{"6.12-built@1", true}, 4}, // medians of two are the lower one
		{"6.12-built@2", Reference{"6.12-built@1", false}, 1.1},
		{"fix@2", Reference{"6.12-built@1", false}, 4},
		{"fix@2", Reference{"6.12-built@2", true}, 4 / 1.1},
	}
	var got []cost
	for _, f := range m.Comparison.Costs() {
		if f.Verdict != matrix.VerdictWorse {
			t.Errorf("%s against %s is %s", f.Kernel, f.Against.Name, f.Verdict)
		}
		got = append(got, cost{f.Kernel, f.Against, f.Deltas[0].Ratio})
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(cost{}), cmpopts.EquateApprox(1e-9, 0)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]Warning{{Code: OtherAgents}}, m.Warnings); diff != "" {
		t.Error(diff)
	}
	if m, err = Merge([]Stored{one, two}, "6.12-built@2"); err != nil || m.Comparison.baseline() != 2 {
		t.Errorf("the second run's as the baseline: column %d, %v", m.Comparison.baseline(), err)
	}
}

func TestWhatCannotBeComparedIsSaid(t *testing.T) {
	value := map[string][]float64{"6.12-built": {1, 1.01, 1.02, 1.03, 1.04, 1.05}}
	here := matrix.Host{CPU: "fast", CPUs: 8, Accel: matrix.AccelKVM}
	there := here
	there.CPU = "slow"
	small := kept("runs/2", here, matrix.ClockIcount, tee, value)
	small.Run.Machines[0].MemoryMiB = 256
	debian := kept("runs/2", here, matrix.ClockIcount, tee, map[string][]float64{"6.1": {1}})
	for name, test := range map[string]struct {
		one, two Stored
		want     cost.Limitation
	}{
		"clocks":         {kept("runs/1", here, matrix.ClockIcount, tee, value), kept("runs/2", here, matrix.ClockWall, tee, value), cost.Limitation{Code: cost.OtherUnit, Here: cost.Side{Unit: "ns/B", Clock: matrix.ClockWall}, There: cost.Side{Unit: "insn/B", Clock: matrix.ClockIcount}}},
		"hosts":          {kept("runs/1", here, matrix.ClockWall, tee, value), kept("runs/2", there, matrix.ClockWall, tee, value), cost.Limitation{Code: cost.OtherHost}},
		"machines":       {kept("runs/1", here, matrix.ClockIcount, tee, value), small, cost.Limitation{Code: cost.OtherMachine, Here: cost.Side{Machine: cost.Hardware{Name: "cost", MemoryMiB: 256, CPUs: 1, CPU: "max"}}, There: cost.Side{Machine: cost.Hardware{Name: "cost", MemoryMiB: 512, CPUs: 1, CPU: "max"}}}},
		"configurations": {kept("runs/1", here, matrix.ClockIcount, tee, value), debian, cost.Limitation{}},
	} {
		m, err := Merge([]Stored{test.one, test.two}, "")
		if err != nil {
			t.Fatal(err)
		}
		cell := m.Comparison.Rows[0].Cells[1]
		if test.want.Code == cost.Unlimited {
			if len(cell.Deltas) > 0 || m.Comparison.CostComparable(1) {
				t.Errorf("%s: %+v", name, cell)
			}
			continue
		}
		if k := cell.Deltas[0]; k.Verdict != matrix.NoVerdict || k.Limit != test.want {
			t.Errorf("%s: %q, %+v", name, k.Verdict, k.Limit)
		}
		if f := m.Comparison.Costs(); len(f) != 1 || f[0].Limit != test.want {
			t.Errorf("%s is not found: %+v", name, f)
		}
	}
	// Counted instructions are the same on any host.
	m, err := Merge([]Stored{kept("runs/1", here, matrix.ClockIcount, tee, map[string][]float64{"6.12-built": {1}}), kept("runs/2", there, matrix.ClockIcount, tee, map[string][]float64{"6.12-built": {1.001}})}, "")
	if err != nil || m.Comparison.Rows[0].Cells[1].Verdict != matrix.VerdictSame {
		t.Errorf("%+v, %v", m, err)
	}
}

func TestMergeRefuses(t *testing.T) {
	value := map[string][]float64{"6.12-built": {1}}
	a, b := kept("runs/1", matrix.Host{}, matrix.ClockIcount, tee, value), kept("runs/2", matrix.Host{}, matrix.ClockIcount, "cost/splice-tcp/4k", value)
	if _, err := Merge([]Stored{a, b}, ""); !errors.Is(err, ErrNothingCommon) || !strings.Contains(err.Error(), "runs/1 has no probe") {
		t.Errorf("no common probe: %v", err)
	}
	var unknown *BaselineError
	if _, err := Merge([]Stored{a}, "6.2"); !errors.As(err, &unknown) || !strings.Contains(err.Error(), "--baseline 6.2: no such column; there are 6.12-built") {
		t.Errorf("unknown baseline: %v", err)
	}
	killed := a
	killed.Run.Finished = nil
	m, err := Merge([]Stored{killed}, "")
	if err != nil || !cmp.Equal(m.Warnings, []Warning{{Code: RunUnfinished, Dir: "runs/1", Results: 1, Cells: 1}}) {
		t.Errorf("%+v, %v", m, err)
	}
}

func TestGeometricMeans(t *testing.T) {
	names := []string{"cost/tee/1m", "cost/tee/4k", "cost/write-byte/1"}
	c := costsOf(matrix.ClockIcount, names, column{name: "a", config: "x", values: [][]float64{{1}, {1}, {1}}}, column{name: "b", config: "x", values: [][]float64{{2}, {8}, {1}}})
	f := c.Families()
	if len(f) != 2 || f[0].Name != "cost/tee" || !near(f[0].Ratio, 4) || f[0].Probes != 2 || f[0].Low > 4 || f[0].High < 4 {
		t.Errorf("%+v", f)
	}
}
