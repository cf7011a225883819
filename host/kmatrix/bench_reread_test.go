//go:build boots

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"
)

// rereadMatrix runs the benchmark of guest/probe/source in a guest, on a disk with ext4.
const rereadMatrix = `version: 1
baseline: "6.1"
kernels:
  - {name: "6.1", source: {deb: linux-image-cloud-amd64, suite: bookworm}}
external:
  - {name: reread, exec: reread.test, args: ["-test.run=^$", "-test.bench=Reread", "-test.benchtime=20x"], scratch: 1G}
machines:
  - {name: default, cpu: "max,-erms,-fsrm", probes: ["external/..."]}
`

// BenchmarkReread measures, in a guest, what it takes to read a small file again after a
// stability probe, through the page cache and from its disk, beside the bare calls that do
// as much. The budget is 5 ms.
func BenchmarkReread(b *testing.B) {
	dir := b.TempDir()
	build := exec.Command("go", "test", "-c", "-o", filepath.Join(dir, "reread.test"), "kmatrix/guest/probe/source")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if text, err := build.CombinedOutput(); err != nil {
		b.Fatalf("build the benchmark: %v: %s", err, text)
	}
	file := filepath.Join(dir, "kernels.yaml")
	if err := os.WriteFile(file, []byte(rereadMatrix), 0o644); err != nil {
		b.Fatal(err)
	}
	figure := regexp.MustCompile(`BenchmarkReread/(\w+) .*?([0-9.]+) floor-ms\s+([0-9.]+) reread-ms`)
	seen := map[string][]float64{}
	for b.Loop() {
		runs := b.TempDir()
		if text, err := exec.Command(program, "run", "-f", file, "--dir", runs).CombinedOutput(); err != nil {
			b.Fatalf("run it in a guest: %v: %s", err, text)
		}
		outputs, err := filepath.Glob(filepath.Join(runs, "*", "outputs", "6.1", "default", "external", "reread-*.txt"))
		if err != nil || len(outputs) != 1 {
			b.Fatalf("%d outputs, %v", len(outputs), err)
		}
		text, err := os.ReadFile(outputs[0])
		if err != nil {
			b.Fatal(err)
		}
		found := figure.FindAllStringSubmatch(string(text), -1)
		if len(found) == 0 {
			b.Fatalf("it printed\n%s", text)
		}
		for _, m := range found {
			for i, what := range []string{"floor", "reread"} {
				ms, err := strconv.ParseFloat(m[2+i], 64)
				if err != nil {
					b.Fatal(err)
				}
				seen[m[1]+"-"+what+"-ms"] = append(seen[m[1]+"-"+what+"-ms"], ms)
			}
		}
	}
	b.ReportMetric(0, "ns/op")
	for unit, values := range seen {
		b.ReportMetric(median(values), unit)
	}
}
