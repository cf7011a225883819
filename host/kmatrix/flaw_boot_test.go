//go:build boots

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"kmatrix/matrix"
)

// TestTheOriginalFlawIsACrashWithAReport builds a kernel that takes gifts as the first
// series did, on the base of the default matrix, and gives it memory. The guest has one
// CPU: of two, the second dies of the same while the first prints, and their reports mix.
func TestTheOriginalFlawIsACrashWithAReport(t *testing.T) {
	t.Parallel()
	patches, err := filepath.Abs("testdata/vmsplice-gift-flaw")
	if err != nil {
		t.Fatal(err)
	}
	file := write(t, "version: 1\nbaseline: base\nkernels:\n  - {name: base, source: {deb-source: linux-source-6.12, suite: trixie}}\n"+
		"  - {name: flaw, contract: snapshot, base: base, series: ["+patches+"]}\n"+
		"machines: [{name: stress, memory: 512M, cpus: 1, probes: [stress]}]\n")
	const gift = "stress/vmsplice-gift/reuse/anon"
	dir := t.TempDir()
	doc, _ := boot(t, exitFinding, "-f", file, "--dir", dir, "-k", "flaw", "-p", gift, "--stress-for", "2s", "--fail-on", "report")
	r := doc.result(t, "flaw", gift)
	if r.Outcome != matrix.Crash || len(r.CrashReports) == 0 || r.Detail != r.CrashReports[0].Title {
		t.Fatalf("%s, %q, %+v", r.Outcome, r.Detail, r.CrashReports)
	}
	first := r.CrashReports[0]
	if !first.Fatal || len(first.Frames) == 0 || !strings.Contains(first.Title, " in ") {
		t.Errorf("the report is %+v", first)
	}
	text, err := os.ReadFile(filepath.Join(dir, doc.Run.ID, first.File))
	if err != nil || !strings.Contains(string(text), "RIP: 0010:") || !strings.Contains(string(text), "vmsplice") {
		t.Errorf("its text is %q (%v)", text, err)
	}
	out, _, _ := command(t, "explain", "--dir", dir, "flaw", gift)
	if !strings.Contains(out, "report            "+first.Title) || !strings.Contains(out, "    | RIP: 0010:") {
		t.Errorf("it is explained as\n%s", out)
	}
}
