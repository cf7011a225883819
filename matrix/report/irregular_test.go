package report

import (
	"strings"
	"testing"

	"kmatrix/matrix"
	"kmatrix/matrix/compare"
)

func TestIrregularReportsAreToldBelowTheTable(t *testing.T) {
	run := matrix.Run{ID: "20261123-010203-ABCD", Baseline: "5.10", Finished: &finished, Probes: []string{"external/a"}, Machines: []matrix.Machine{{Name: "default", Boots: 1}}}
	doc := Document{Dir: "runs/x"}
	for _, k := range []string{"5.10", "6.1", "6.12"} {
		run.Kernels = append(run.Kernels, matrix.Column{Name: k, Version: k})
		r := matrix.Result{Kernel: k, Machine: "default", Probe: "external/a", Boot: 1, Attempt: matrix.Attempt{Outcome: matrix.Pass, Finding: matrix.Finding{Test: &matrix.Test{ResultFormat: matrix.FormatKTAP, Passed: 2}}}}
		if k != "6.1" {
			r.Test.Warnings = []string{"the number 2 is there twice", "suite/it has no tests"}
		}
		doc.Results = append(doc.Results, r)
	}
	doc.Run, doc.Comparison = run, compare.Compare(run, doc.Results)
	var b strings.Builder
	if err := writeTable(&b, doc); err != nil {
		t.Fatal(err)
	}
	got := b.String()
	want := "The report of external/a on 5.10, 6.12 is irregular: the number 2 is there twice, suite/it has no tests"
	if !strings.Contains(strings.Join(strings.Fields(got), " "), want) {
		t.Errorf("%q is not in\n%s", want, got)
	}
}
