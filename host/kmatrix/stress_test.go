//go:build boots

package main

import (
	"strings"
	"testing"

	"kmatrix/matrix"
)

// TestStress puts load on a real kernel for a moment: a race that it must lose
// under its contract, and gifts, all of which must arrive.
func TestStress(t *testing.T) {
	file := write(t, "version: 1\nbaseline: good\nkernels:\n"+debianKernel("good", ", contract: reference")+
		debianKernel("promises", ", contract: snapshot")+
		"machines: [{name: stress, memory: 1G, cpus: 2, probes: [stress]}]\n")
	const race, gift = "stress/splice-race/mmap/xfs", "stress/vmsplice-gift/reuse/anon"
	doc, _ := boot(t, exitFinding, "-f", file, "--dir", t.TempDir(), "-p", race, "-p", gift, "--stress-for", "700ms", "--fail-on", "fail")
	for _, k := range doc.Kernels {
		if k.Booted == nil || k.Booted.CPUs != 2 {
			t.Errorf("%s said %+v", k.Name, k.Booted)
		}
		r := doc.result(t, k.Name, gift)
		if r.Outcome != matrix.Pass || r.Observation.Class != matrix.Stable || r.Observation.Bytes < 128<<20 || !strings.Contains(r.Detail, "pages given") {
			t.Errorf("%s: %s: %s, %s, %+v", k.Name, gift, r.Outcome, r.Detail, r.Observation)
		}
		if r := doc.result(t, k.Name, race); r.Observation == nil || r.Observation.Class != matrix.Changed || r.Observation.New == 0 || r.Seconds < 0.7 {
			t.Errorf("%s: %s: %s, %s, %+v", k.Name, race, r.Outcome, r.Detail, r.Observation)
		}
	}
	if r := doc.result(t, "good", race); r.Outcome != matrix.Pass {
		t.Errorf("a contract that allows it gave %s, %s", r.Outcome, r.Detail)
	}
	if r := doc.result(t, "promises", race); r.Outcome != matrix.Fail || !strings.Contains(r.Detail, `does not allow "changed"`) {
		t.Errorf("a contract that forbids it gave %s, %s", r.Outcome, r.Detail)
	}
}
