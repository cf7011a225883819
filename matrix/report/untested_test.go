package report

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"kmatrix/matrix"
	"kmatrix/matrix/compare"
)

// TestWhyAColumnIsUntested names the machines where the reasons are not the same on
// all of them.
func TestWhyAColumnIsUntested(t *testing.T) {
	doc := sample("6.1", 1, "6.1", "tinymem", "no-qemu", "broken", "gone")
	var stress []matrix.Result
	for _, r := range doc.Results {
		r.Machine = "stress"
		r.Cell = matrix.Cell{Kernel: r.Kernel, Machine: r.Machine, Probe: r.Probe}.ID()
		if r.Outcome == matrix.Infra {
			r.Detail = "no room for a guest"
		}
		stress = append(stress, r)
	}
	doc.Run.Machines = append(doc.Run.Machines, matrix.Machine{Name: "stress"})
	doc.Comparison = compare.Compare(doc.Run, append(doc.Results, stress...))
	want := []string{
		"tinymem did not boot: Kernel panic - not syncing: System is deadlocked on memory",
		"no-qemu was not tested on default, infra: QEMU was killed by signal 9",
		"no-qemu was not tested on stress, infra: no room for a guest",
		"broken does not build: make bzImage: fs/splice.c:7: error: expected ';'",
		"gone is unavailable: kernel.org is not reached from here: no such host",
	}
	if diff := cmp.Diff(want, untested(doc.Comparison)); diff != "" {
		t.Error(diff)
	}
}

// TestOneReasonOnSeveralKernelsIsSaidOnce: of cells, and of columns that have no answer.
func TestOneReasonOnSeveralKernelsIsSaidOnce(t *testing.T) {
	probes := []string{"external/a", "external/b", "external/c"}
	lacks, other := ended(matrix.Unsupported, "no BTF"), ended(matrix.Fail, "exit code 1")
	doc := odd(3, probes, "k1", func(k int, p string) matrix.Result {
		switch {
		case p == "external/a":
			return lacks
		case p == "external/b" && k < 2:
			return lacks
		}
		return other
	})
	want := []string{
		"unsupported on k0 (2), k1 (2), a-series-with-a-rather-long-name-2 (1), external/a and 1 more: no BTF",
		"fail on k0 (1), k1 (1), a-series-with-a-rather-long-name-2 (2), external/c and 1 more: exit code 1",
	}
	if diff := cmp.Diff(want, troubles(doc.Comparison, doc.Results)); diff != "" {
		t.Error(diff)
	}
	doc = odd(3, probes[:1], "k1", func(k int, _ string) matrix.Result {
		return ended(matrix.BootFailed, []string{"no root", "no root", "no init"}[k])
	})
	want = []string{"k0 and k1 did not boot: no root", "a-series-with-a-rather-long-name-2 did not boot: no init"}
	if diff := cmp.Diff(want, untested(doc.Comparison)); diff != "" {
		t.Error(diff)
	}
}
