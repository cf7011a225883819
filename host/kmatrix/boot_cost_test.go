//go:build boots

package main

import (
	"strings"
	"testing"

	"kmatrix/matrix"
)

// TestCostsOnARealKernel measures every cost on Debian's 6.1, where splice takes
// no pages: each is a sample with what explains it.
func TestCostsOnARealKernel(t *testing.T) {
	t.Parallel()
	doc, _ := boot(t, exitDone, "-f", "../../kernels.yaml", "-k", "6.1", "-p", "cost", "--boots", "1", "--dir", t.TempDir())
	for _, p := range allProbes() {
		if p.Kind != matrix.Performance {
			continue
		}
		r := doc.result(t, "6.1", p.Name)
		s := r.Sample
		if r.Outcome != matrix.Pass || s == nil {
			t.Errorf("%s: %s, %q", r.Cell, r.Outcome, r.Detail)
			continue
		}
		unit := "B"
		if p.Name == "cost/write-byte/1" {
			unit = "op"
		}
		if s.Clock == matrix.ClockIcount {
			unit = "insn/" + unit
		} else {
			unit = "ns/" + unit
		}
		if s.Unit != unit || s.Value <= 0 || s.Low > s.Value || s.High < s.Value || s.Iterations < 3 {
			t.Errorf("%s: %+v", r.Cell, s)
		}
		for _, counter := range []string{"minor_faults", "major_faults", "voluntary_switches", "involuntary_switches", "refaults", "kib_read"} {
			if n, ok := s.Counters[counter]; !ok || n < 0 {
				t.Errorf("%s: the counter %s is %d, %v", r.Cell, counter, n, ok)
			}
		}
		if n, ok := s.Counters["pages_copied"]; ok {
			t.Errorf("%s: a kernel without /proc/fs/splice copied %d pages", r.Cell, n)
		}
		if n, ok := s.Counters["pages_resident"]; ok != (p.Needs != "") || ok && n != 256 {
			t.Errorf("%s: %d pages of the file are in the cache after it was moved, want all 256", r.Cell, n)
		}
		// A cold pass reads the whole file from the disk, a warm one nothing.
		kib, cold := s.Counters["kib_read"], strings.Contains(p.Name, "-cold/")
		if passes := int64(s.Iterations); cold && kib < passes*1024 || !cold && kib > passes*256 {
			t.Errorf("%s: %d KiB were read in %d passes", r.Cell, kib, passes)
		}
	}
}
