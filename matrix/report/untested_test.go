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
