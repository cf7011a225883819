package experiment

import (
	"context"
	"os"
	"strings"
	"testing"

	"kmatrix/host"
	"kmatrix/matrix"
	"kmatrix/matrix/compare"
)

// countingImages counts how often a kernel is got, and by which name.
type countingImages struct{ names []string }

func (c *countingImages) Image(_ context.Context, k matrix.Kernel) (host.Bootable, error) {
	c.names = append(c.names, k.Name)
	return host.Bootable{Image: matrix.Image{Kernel: k.Name, Version: "1"}}, nil
}

func TestBothColumnsBootOneImage(t *testing.T) {
	under := &countingImages{}
	images := OneImage(under, matrix.Kernel{Name: "x"})
	for _, name := range []string{"x", "x-again"} {
		b, err := images.Image(t.Context(), matrix.Kernel{Name: name})
		if err != nil || b.Version != "1" || b.Kernel != name {
			t.Errorf("%s: %+v, %v", name, b, err)
		}
	}
	if strings.Join(under.names, " ") != "x" {
		t.Errorf("got %q", under.names)
	}
}

// TestCalibrationsAreKeptByWhatMadeThem keeps those of a host, and looks for them
// from others.
func TestCalibrationsAreKeptByWhatMadeThem(t *testing.T) {
	cache := t.TempDir()
	h := matrix.Host{CPU: "fast", QEMU: "7", Agent: "sha256:1"}
	m := matrix.Machine{Name: "cost", MemoryMiB: 512, CPU: "max", Boots: 3}
	for i := range mostCalibrations + 2 {
		if err := keepCalibrations(cache, h, []matrix.Calibration{{Run: string(rune('A' + i)), Machine: m, Compared: 58}}); err != nil {
			t.Fatal(err)
		}
	}
	more := m
	more.Boots = 8
	if got := Calibrations(cache, h, []matrix.Machine{more}); len(got) != mostCalibrations || got[0].Run != "C" {
		t.Errorf("%d are kept, the first of run %s", len(got), got[0].Run)
	}
	for name, other := range map[string]matrix.Host{"CPU": {CPU: "slow", QEMU: "7", Agent: "sha256:1"}, "QEMU": {CPU: "fast", QEMU: "8", Agent: "sha256:1"}, "agent": {CPU: "fast", QEMU: "7", Agent: "sha256:2"}} {
		if got := Calibrations(cache, other, []matrix.Machine{m}); len(got) != 0 {
			t.Errorf("another %s has %d calibrations", name, len(got))
		}
	}
	small := m
	small.MemoryMiB = 256
	if got := Calibrations(cache, h, []matrix.Machine{small}); len(got) != 0 {
		t.Errorf("another machine has %d calibrations", len(got))
	}
	if err := os.WriteFile(calibrationFile(cache, h, m), []byte("[{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := Calibrations(cache, h, []matrix.Machine{m}); len(got) != 0 {
		t.Errorf("a torn file has %d calibrations", len(got))
	}
}

// TestCalibrate takes what an A/A run found, one difference among it.
func TestCalibrate(t *testing.T) {
	run := matrix.Run{ID: "R", AA: true, Baseline: "x", Machines: []matrix.Machine{{Name: "m", Boots: 2}}, Probes: []string{"cost/tee/1m", "cost/tee/4k"}}
	for _, k := range []string{"x", "x-again"} {
		run.Kernels = append(run.Kernels, matrix.Column{Name: k, ConfigDigest: "c"})
	}
	var results []matrix.Result
	for i, k := range run.Kernels {
		for j, p := range run.Probes {
			for boot := range 2 {
				c := matrix.Cell{Kernel: k.Name, Machine: "m", Probe: p}
				value := 1 + 0.001*float64(boot) + 0.03*float64(i*j) // of tee/4k they differ
				results = append(results, matrix.Result{Kernel: k.Name, Machine: "m", Probe: p, Cell: c.ID(), Boot: boot + 1, Attempt: matrix.Attempt{Outcome: matrix.Pass, Finding: matrix.Finding{Sample: &matrix.Sample{Value: value, Unit: "insn/B", Clock: matrix.ClockIcount}}}})
			}
		}
	}
	cache := t.TempDir()
	if err := Calibrate(cache, &run, compare.Compare(run, results)); err != nil {
		t.Fatal(err)
	}
	kept := Calibrations(cache, run.Host, run.Machines)
	if len(kept) != 1 || len(run.Calibrations) != 1 || kept[0].Compared != 2 || kept[0].False != 1 || kept[0].Same != 1 || kept[0].Clock != matrix.ClockIcount {
		t.Fatalf("%+v", kept)
	}
	if d := kept[0].Detectable["cost/tee/1m"]; d < 0.005 || d > 0.0065 {
		t.Errorf("the smallest change that is seen is %v, want the tolerance and how boots differ", d)
	}
	run.AA = false
	if err := Calibrate(cache, &run, compare.Compare(run, results)); err != nil || len(Calibrations(cache, run.Host, run.Machines)) != 1 {
		t.Errorf("a run that is no A/A run was kept as one: %v", err)
	}
}
