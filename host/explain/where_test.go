package explain

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"kmatrix/matrix"
	"kmatrix/matrix/cost"
	"kmatrix/matrix/report"
)

func TestExplainSaysWhereACostIsSpent(t *testing.T) {
	e := Explanation{
		Result: matrix.Result{Cell: "rfc/m/cost/x", Attempt: matrix.Attempt{Finding: matrix.Finding{Sample: &matrix.Sample{Value: 0.4, Unit: "insn/B"}}}},
		Profile: &matrix.Profile{Cell: "rfc/m/cost/x", Boot: 4, ProfileCounts: matrix.ProfileCounts{
			Samples: 1000, Passes: 7, User: 100,
			Functions: []matrix.FunctionSamples{{Name: "copy_page", Samples: 600}, {Name: "xfs_read", Module: "xfs", Samples: 300}},
		}},
		Costs: report.CostsData([]*cost.Delta{{Against: "base", Value: 0.4, Other: 0.1, Unit: "insn/B", Verdict: matrix.VerdictWorse, Where: &cost.Where{
			Functions: []cost.Function{{Name: "copy_page", Delta: 0.24, Share: 0.8, Uncertainty: 0.02}}, User: 0.06,
		}}}),
	}
	want := []shownField{
		{name: "profile", value: "1000 samples in 7 passes, of boot 4", items: []string{" 60.0 %  copy_page", " 30.0 %  xfs_read [xfs]", "  0.0 %  other functions", " 10.0 %  user space", "  0.0 %  not located"}},
		{name: "copying", value: "60.0 % of the samples: copy_page; 0.24 of 0.4 insn/B, which leaves 0.16"},
		{name: "where", value: "+0.3 insn/B against base, ± four standard deviations", items: []string{" +0.2400 ± 0.0200   80.0 %  copy_page", "in all: 1 other function +0.24 insn/B (80 %), user space +0.06 insn/B (20 %), not located 0"}},
	}
	if diff := cmp.Diff(want, e.whereFields(), cmp.AllowUnexported(shownField{})); diff != "" {
		t.Error(diff)
	}
	e.Profile, e.Costs = &matrix.Profile{Missing: "the kernel has no perf event"}, nil
	if got := e.whereFields(); len(got) != 1 || got[0].value != "none: the kernel has no perf event" {
		t.Errorf("%+v", got)
	}
}
