//go:build boots

package main

import (
	"path/filepath"
	"testing"

	"kmatrix/matrix"
	"kmatrix/matrix/compare"
	"kmatrix/matrix/cost"
	"kmatrix/matrix/report"
)

// TestADelayOfOnePercentIsFound measures the tree of the default matrix, which other
// tests build as well, beside itself and beside one whose splice from a file has a
// hundredth more to do.
func TestADelayOfOnePercentIsFound(t *testing.T) {
	t.Parallel()
	series, err := filepath.Abs("testdata/delay")
	if err != nil {
		t.Fatal(err)
	}
	const source = "source: {deb-source: linux-source-6.12, suite: trixie}"
	file := write(t, "version: 1\nbaseline: base\nkernels:\n  - {name: base, "+source+"}\n  - {name: again, "+source+"}\n"+
		"  - {name: delayed, base: base, series: ["+series+"]}\n"+
		"machines: [{name: cost, clock: icount, cpu: \"max,-erms,-fsrm\", probes: [\"cost/...\"]}]\n")
	doc, _ := boot(t, exitDone, "-f", file, "--dir", t.TempDir(), "--boots", "1", "-p", "cost/splice-file-pipe/64k", "-p", "cost/read-write/64k")
	doc.Run.Kernels = doc.Kernels
	found := map[string]*cost.Delta{}
	c := compare.Compare(doc.Run, doc.Results)
	for _, r := range c.Rows {
		for i, cell := range r.Cells {
			if len(cell.Deltas) > 0 {
				found[c.Columns[i].Name+" "+r.Probe] = cell.Deltas[0]
			}
		}
	}
	for cell, want := range map[string]matrix.Verdict{
		"delayed cost/splice-file-pipe/64k": matrix.VerdictWorse, "delayed cost/read-write/64k": matrix.VerdictSame,
		"again cost/splice-file-pipe/64k": matrix.VerdictSame, "again cost/read-write/64k": matrix.VerdictSame,
	} {
		k := found[cell]
		if k == nil || k.Verdict != want {
			t.Errorf("%s is %+v, want %s", cell, k, want)
			continue
		}
		t.Logf("%s: %.5f, %s", cell, k.Ratio, report.Cost(k))
		if want == matrix.VerdictWorse && (k.Ratio < 1.006 || k.Ratio > 1.015 || k.Low <= 1 || k.High < k.Ratio) {
			t.Errorf("%s: %v (%v…%v), want about 1.01 and an interval without 1", cell, k.Ratio, k.Low, k.High)
		}
	}
}
