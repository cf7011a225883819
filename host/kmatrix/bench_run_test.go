//go:build boots

package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"kmatrix/matrix"
)

// overBudget is what a stability probe may take beyond the boot.
const overBudget = 0.030

// BenchmarkStability runs all stability probes of one kernel as a user does, beside
// the sum of the parts that cannot be left out: the boot to agent-ready and each
// probe, by the host's clock. What is more is mounting, modules, saving, and the tool.
// The budgets are 30 ms for a probe, 30 s for three kernels and 100 MiB for the tool.
func BenchmarkStability(b *testing.B) {
	for _, kernel := range []string{"5.10", "6.1", "6.12"} {
		b.Run(kernel, func(b *testing.B) {
			var walls, cpus, parts, peaks, probes []float64
			over := 0
			for b.Loop() {
				dir := b.TempDir()
				began := time.Now()
				peak, state := watched(b, program, "run", "-f", "../../kernels.yaml", "-k", kernel, "-p", "stability", "-j", "1", "--dir", dir, "--json", "-o", filepath.Join(dir, "run.json"))
				walls = append(walls, time.Since(began).Seconds())
				cpus = append(cpus, (state.UserTime() + state.SystemTime()).Seconds())
				peaks = append(peaks, peak)
				sum := 0.0
				lines(b, dir, "guests.jsonl", func(g matrix.Guest) { sum += g.ReadySeconds })
				lines(b, dir, "results.jsonl", func(r matrix.Result) {
					probes = append(probes, 1000*r.Seconds)
					sum += r.Seconds
					if r.Seconds > overBudget {
						over++
					}
				})
				parts = append(parts, sum)
			}
			b.ReportMetric(median(walls), "run-s")
			b.ReportMetric(median(cpus), "cpu-s")
			b.ReportMetric(median(parts), "parts-s")
			b.ReportMetric(median(walls)/median(parts), "run/parts")
			b.ReportMetric(float64(len(probes)), "probes")
			b.ReportMetric(median(probes), "probe-ms")
			b.ReportMetric(float64(over), "over-30ms")
			b.ReportMetric(median(peaks), "tool-MiB")
		})
	}
}

// lines reads a file of the one run in dir, a JSON object a line.
func lines[T any](b *testing.B, dir, name string, each func(T)) {
	b.Helper()
	found, err := filepath.Glob(filepath.Join(dir, "*", name))
	if err != nil || len(found) != 1 {
		b.Fatalf("%d runs in %s have %s, want one (%v)", len(found), dir, name, err)
	}
	text, err := os.ReadFile(found[0])
	if err != nil {
		b.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		var one T
		if err := json.Unmarshal([]byte(line), &one); err != nil {
			b.Fatalf("%s: %v", found[0], err)
		}
		each(one)
	}
}

// watched runs a program to its end and returns its own peak memory in MiB, without
// that of its children, which the system adds where it tells the peak at the end.
func watched(b *testing.B, name string, args ...string) (float64, *os.ProcessState) {
	b.Helper()
	var said bytes.Buffer
	c := exec.Command(name, args...)
	c.Stdout, c.Stderr = io.Discard, &said
	c.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM}
	if err := c.Start(); err != nil {
		b.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- c.Wait() }()
	for peak := 0.0; ; {
		select {
		case err := <-ended:
			if err != nil || peak == 0 {
				b.Fatalf("%v, peak %g MiB: %s", err, peak, said.String())
			}
			return peak, c.ProcessState
		case <-time.After(50 * time.Millisecond):
		}
		if status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", c.Process.Pid)); err == nil {
			if _, rest, ok := strings.Cut(string(status), "VmHWM:"); ok {
				var kib float64
				if _, err := fmt.Sscan(rest, &kib); err == nil {
					peak = kib / 1024
				}
			}
		}
	}
}

// BenchmarkHelp measures --help to the screen beside its floor, the start of a
// program that does nothing. The budget is 50 ms.
func BenchmarkHelp(b *testing.B) {
	var help, floor []float64
	took := func(name string, args ...string) float64 {
		began := time.Now()
		if text, err := exec.Command(name, args...).CombinedOutput(); err != nil {
			b.Fatalf("%s: %v: %s", name, err, text)
		}
		return 1000 * time.Since(began).Seconds()
	}
	for b.Loop() {
		for range 5 {
			floor = append(floor, took("true"))
			help = append(help, took(program, "--help"))
		}
	}
	b.ReportMetric(median(floor), "floor-ms")
	b.ReportMetric(median(help), "help-ms")
	b.ReportMetric(median(help)/median(floor), "help/floor")
}
