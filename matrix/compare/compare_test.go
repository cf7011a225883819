package compare

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kmatrix/matrix"
)

func observed(kernel string, boot int, class matrix.Class, zero int64) matrix.Result {
	c := matrix.Cell{Kernel: kernel, Machine: "m", Probe: "stability/splice/punch/xfs/readahead"}
	o := &matrix.Observation{Class: class, Zero: zero, FirstOffset: 8192}
	return matrix.Result{Kernel: c.Kernel, Machine: c.Machine, Probe: c.Probe, Boot: boot, Cell: c.ID(), Attempt: matrix.Attempt{Outcome: matrix.Pass, Finding: matrix.Finding{Observation: o}}}
}

func run(baseline string, kernels ...string) matrix.Run {
	r := matrix.Run{Baseline: baseline, Machines: []matrix.Machine{{Name: "m"}}, Probes: []string{"stability/splice/punch/xfs/readahead"}}
	for _, k := range kernels {
		r.Kernels = append(r.Kernels, matrix.Column{Name: k})
	}
	return r
}

// TestATryThatCameOutOtherwiseShows but not one that the host had spoiled.
func TestATryThatCameOutOtherwiseShows(t *testing.T) {
	for want, r := range map[string]matrix.Result{
		"crash, then pass": {Attempt: matrix.Attempt{Outcome: matrix.Crash}, Other: &matrix.Attempt{Outcome: matrix.Pass}},
		"crash":            {Attempt: matrix.Attempt{Outcome: matrix.Crash}, Other: &matrix.Attempt{Outcome: matrix.Crash}},
		"hang":             {Attempt: matrix.Attempt{Outcome: matrix.Hang}, Other: &matrix.Attempt{Outcome: matrix.Infra}},
	} {
		if got, agreed := (Cell{Results: []matrix.Result{r}}).State(); !agreed || got.String() != want {
			t.Errorf("%+v is shown as %q, want %q", r, got, want)
		}
	}
}

func TestVerdicts(t *testing.T) {
	cost := observed("c", 1, "", 0)
	cost.Observation, cost.Sample = nil, &matrix.Sample{Value: 1}
	baseCost := cost
	baseCost.Kernel, baseCost.Cell = "a", strings.Replace(cost.Cell, "c/", "a/", 1)
	crash := observed("c", 1, "", 0)
	crash.Observation, crash.Outcome = nil, matrix.Crash
	lost := observed("c", 2, "", 0)
	lost.Observation, lost.Outcome = nil, matrix.Lost
	for name, test := range map[string]struct {
		results []matrix.Result
		want    matrix.Verdict
	}{
		"the same":      {[]matrix.Result{observed("a", 1, matrix.Stable, 0), observed("c", 1, matrix.Stable, 0)}, matrix.VerdictSame},
		"another class": {[]matrix.Result{observed("a", 1, matrix.Stable, 0), observed("c", 1, matrix.Zeroed, 4096)}, matrix.VerdictDiffers},
		"another count, as of folios that are larger": {[]matrix.Result{observed("a", 1, matrix.Zeroed, 8192), observed("c", 1, matrix.Zeroed, 4096)}, matrix.VerdictSame},
		"boots that agree but for counts":             {[]matrix.Result{observed("a", 1, matrix.Zeroed, 8192), observed("c", 1, matrix.Zeroed, 4096), observed("c", 2, matrix.Zeroed, 1)}, matrix.VerdictSame},
		"another outcome":                             {[]matrix.Result{observed("a", 1, matrix.Stable, 0), crash}, matrix.VerdictDiffers},
		"costs of unknown configurations":             {[]matrix.Result{baseCost, cost}, matrix.NoVerdict},
		"no baseline":                                 {[]matrix.Result{observed("c", 1, matrix.Stable, 0)}, matrix.NoVerdict},
		"flaky":                                       {[]matrix.Result{observed("a", 1, matrix.Stable, 0), observed("c", 1, matrix.Stable, 0), observed("c", 2, matrix.Zeroed, 1)}, matrix.VerdictInconclusive},
		"a lost boot":                                 {[]matrix.Result{observed("a", 1, matrix.Stable, 0), observed("c", 1, matrix.Stable, 0), lost}, matrix.VerdictSame},
	} {
		c := Compare(run("a", "a", "c"), test.results)
		if got := c.Rows[0].Cells[1].Verdict; got != test.want {
			t.Errorf("%s: %q, want %q", name, got, test.want)
		}
		if got := c.Rows[0].Cells[0].Verdict; got != matrix.NoVerdict {
			t.Errorf("%s: the baseline has the verdict %q", name, got)
		}
		if differs := c.Count(matrix.VerdictDiffers); (differs == 1) != (test.want == matrix.VerdictDiffers) {
			t.Errorf("%s: %d cells differ", name, differs)
		}
	}
}

// TestChanceIsNoDifference compares races, of which the counts are chance.
func TestChanceIsNoDifference(t *testing.T) {
	race := func(kernel string, class matrix.Class, zero int64) matrix.Result {
		r := observed(kernel, 1, class, zero)
		r.Probe = "stress/splice-race/punch/xfs"
		r.Cell = matrix.Cell{Kernel: kernel, Machine: "m", Probe: r.Probe}.ID()
		return r
	}
	header := run("a", "a", "b", "c")
	header.Probes = []string{"stress/splice-race/punch/xfs"}
	c := Compare(header, []matrix.Result{race("a", matrix.Mixed, 4096), race("b", matrix.Changed, 77), race("c", matrix.Stable, 0)})
	row := c.Rows[0]
	if row.Cells[1].Verdict != matrix.VerdictSame || row.Cells[2].Verdict != matrix.VerdictDiffers || row.Group() != "stress/splice-race" {
		t.Errorf("%+v of the group %s", row, row.Group())
	}
	want := []Difference{{Verdict: matrix.VerdictDiffers, Rows: c.Rows, Exact: true, Answers: []Answer{
		{[]int{0, 1}, Shown{Kind: matrix.Stress, Class: matrix.Changed, FirstOffset: -1}},
		{[]int{2}, Shown{Kind: matrix.Stress, Class: matrix.Stable, FirstOffset: -1}},
	}}}
	if diff := cmp.Diff(want, c.Differences()); diff != "" {
		t.Error(diff)
	}
}

func TestStates(t *testing.T) {
	stable, zeroed := State{Outcome: matrix.Pass, Class: matrix.Stable}, State{Outcome: matrix.Pass, Class: matrix.Zeroed}
	for name, test := range map[string]struct {
		results []matrix.Result
		agreed  State
		want    []StateCount
	}{
		"one boot":         {[]matrix.Result{observed("a", 1, matrix.Stable, 0)}, stable, []StateCount{{stable, 1, 0, 0}}},
		"boots that agree": {[]matrix.Result{observed("a", 1, matrix.Zeroed, 4096), observed("a", 2, matrix.Zeroed, 8192)}, zeroed, []StateCount{{zeroed, 2, 4096, 8192}}},
		"boots that do not": {
			[]matrix.Result{observed("a", 1, matrix.Zeroed, 4096), observed("a", 2, matrix.Stable, 0), observed("a", 3, matrix.Zeroed, 4096)},
			State{}, []StateCount{{stable, 1, 0, 0}, {zeroed, 2, 4096, 4096}},
		},
		"no boot": {},
	} {
		c := Cell{Results: test.results}
		got, agreed := c.State()
		if diff := cmp.Diff(test.want, c.States()); diff != "" || got != test.agreed || agreed != (test.agreed != State{}) {
			t.Errorf("%s: %+v, %v, %s", name, got, agreed, diff)
		}
	}
}

// TestLabelsOfStates are read by those who read the JSON of rates.
func TestLabelsOfStates(t *testing.T) {
	for want, s := range map[string]State{
		"stable":                    {Outcome: matrix.Pass, Class: matrix.Stable},
		"fail: changed":             {Outcome: matrix.Fail, Class: matrix.Changed},
		"fail: stable, source lost": {Outcome: matrix.Fail, Class: matrix.Stable, Source: matrix.SourceLost},
		"crash":                     {Outcome: matrix.Crash},
		"crash, then pass":          {Outcome: matrix.Crash, Retried: matrix.Pass},
		"ok 5, 2 skipped":           {Outcome: matrix.Pass, Test: matrix.TestSummary{Outcome: matrix.Pass, Ran: 5, Skipped: 2}},
		"exit 3":                    {Outcome: matrix.Fail, Test: matrix.TestSummary{Outcome: matrix.Fail, Single: true, ExitCode: 3}},
		"measured":                  {Outcome: matrix.Pass, Measured: true},
		"unsupported":               {Outcome: matrix.Unsupported},
		"fail: errno:EOVERFLOW":     {Outcome: matrix.Fail, Class: matrix.ErrnoClass("EOVERFLOW")},
	} {
		if text, err := json.Marshal(s); err != nil || string(text) != `"`+want+`"` {
			t.Errorf("%+v is %s, want %q, %v", s, text, want, err)
		}
	}
}

func TestMedianIsAMeasuredOne(t *testing.T) {
	var c Cell
	for _, v := range []float64{4, 1, 3, 2} {
		c.Results = append(c.Results, matrix.Result{Attempt: matrix.Attempt{Outcome: matrix.Pass, Finding: matrix.Finding{Sample: &matrix.Sample{Value: v}}}})
	}
	if got := c.Sample().Value; got != 2 {
		t.Errorf("the median is %v", got)
	}
}

func TestDifferencesPutEqualColumnsTogether(t *testing.T) {
	c := Compare(run("b", "a", "b", "c", "d"), []matrix.Result{
		observed("a", 1, matrix.Stable, 0), observed("b", 1, matrix.Zeroed, 4096), observed("c", 1, matrix.Zeroed, 4096), observed("d", 1, matrix.Torn, 0),
	})
	want := []Difference{{Verdict: matrix.VerdictDiffers, Rows: c.Rows, Exact: true, Answers: []Answer{
		{[]int{0}, Shown{Kind: matrix.Stability, Class: matrix.Stable, FirstOffset: -1}},
		{[]int{1, 2}, Shown{Kind: matrix.Stability, Class: matrix.Zeroed, Zero: 4096, FirstOffset: 8192}},
		{[]int{3}, Shown{Kind: matrix.Stability, Class: matrix.Torn, FirstOffset: 8192}},
	}}}
	if diff := cmp.Diff(want, c.Differences()); diff != "" {
		t.Error(diff)
	}
}

// TestTests: it matters which tests fail, and "unsupported" is an answer.
func TestTests(t *testing.T) {
	tested := func(kernel string, outcome matrix.Outcome, test matrix.Test) matrix.Result {
		r := observed(kernel, 1, "", 0)
		r.Observation, r.Test, r.Outcome = nil, &test, outcome
		return r
	}
	ktap := func(passed int, failing ...string) matrix.Test {
		return matrix.Test{ResultFormat: matrix.FormatKTAP, Passed: passed, Failed: len(failing), Failing: failing}
	}
	for name, test := range map[string]struct {
		a, c  matrix.Result
		want  matrix.Verdict
		shown string
	}{
		"the same tests fail":   {tested("a", matrix.Fail, ktap(3, "x")), tested("c", matrix.Fail, ktap(3, "x")), matrix.VerdictSame, "1 of 4 failed"},
		"others fail":           {tested("a", matrix.Fail, ktap(3, "x")), tested("c", matrix.Fail, ktap(3, "y")), matrix.VerdictDiffers, "1 of 4 failed"},
		"fewer tests":           {tested("a", matrix.Pass, ktap(3)), tested("c", matrix.Pass, ktap(2)), matrix.VerdictDiffers, "ok 2"},
		"not supported":         {tested("a", matrix.Pass, ktap(3)), tested("c", matrix.Unsupported, matrix.Test{Skipped: 1}), matrix.VerdictDiffers, "unsupported"},
		"a crash among results": {tested("a", matrix.Pass, ktap(3)), tested("c", matrix.Crash, ktap(2)), matrix.VerdictDiffers, "crash"},
	} {
		row := Compare(run("a", "a", "c"), []matrix.Result{test.a, test.c}).Rows[0]
		if s, agreed := row.Cells[1].State(); row.Cells[1].Verdict != test.want || !agreed || s.String() != test.shown {
			t.Errorf("%s: %q, shown as %q; want %q, %q", name, row.Cells[1].Verdict, s, test.want, test.shown)
		}
		if row.Uniform(Compare(run("a", "a", "c"), nil).Columns) != (test.want == matrix.VerdictSame) {
			t.Errorf("%s: the row is uniform: %v", name, test.want != matrix.VerdictSame)
		}
	}
}

// TestDifferencesAreOfManyRows has rows of which most differ in bytes alone.
func TestDifferencesAreOfManyRows(t *testing.T) {
	run := matrix.Run{Baseline: "a", Machines: []matrix.Machine{{Name: "m"}}, Kernels: []matrix.Column{{Name: "a"}, {Name: "b"}}}
	var results []matrix.Result
	for i, probe := range []string{"s/punch/x", "s/punch/y", "s/write/x", "t/punch/x", "t/punch/y", "t/write/x", "u/punch/x"} {
		run.Probes = append(run.Probes, probe)
		for _, k := range run.Kernels {
			o := matrix.Observation{Class: matrix.Stable, Bytes: 8192, Old: 8192, FirstOffset: -1}
			switch {
			case k.Name == "a":
			case strings.Contains(probe, "write"):
				o = matrix.Observation{Class: matrix.Changed, Bytes: 8192, New: 4096, Old: 4096, FirstOffset: 4096}
			default:
				o = matrix.Observation{Class: matrix.Zeroed, Bytes: 8192, Zero: int64(i + 1), Old: 8191 - int64(i), FirstOffset: 7}
			}
			c := matrix.Cell{Kernel: k.Name, Machine: "m", Probe: probe}
			results = append(results, matrix.Result{Kernel: k.Name, Machine: "m", Probe: probe, Cell: c.ID(), Boot: 1, Attempt: matrix.Attempt{Outcome: matrix.Pass, Finding: matrix.Finding{Observation: &o}}})
		}
	}
	c := Compare(run, results)
	row := func(indexes ...int) (list []Row) {
		for _, i := range indexes {
			list = append(list, c.Rows[i])
		}
		return list
	}
	old := Answer{[]int{0}, Shown{Kind: matrix.Stability, Class: matrix.Stable, FirstOffset: -1}}
	want := []Difference{
		{Verdict: matrix.VerdictDiffers, Rows: row(0, 1, 3, 4, 6), Answers: []Answer{old, {[]int{1}, Shown{Kind: matrix.Stability, Class: matrix.Zeroed, FirstOffset: -1}}}},
		{Verdict: matrix.VerdictDiffers, Rows: row(2, 5), Exact: true, Answers: []Answer{old, {[]int{1}, Shown{Kind: matrix.Stability, Class: matrix.Changed, New: 4096, FirstOffset: 4096}}}},
	}
	if diff := cmp.Diff(want, c.Differences()); diff != "" {
		t.Error(diff)
	}
}

// TestAContractIsNoBehaviour: a class that the baseline shows too is the same, whether the
// kernel's contract allows it or not; and its row is not one that is alike everywhere.
func TestAContractIsNoBehaviour(t *testing.T) {
	forbidden := observed("c", 1, matrix.Zeroed, 4096)
	forbidden.Outcome = matrix.Fail
	c := Compare(run("a", "a", "c"), []matrix.Result{observed("a", 1, matrix.Zeroed, 4096), forbidden})
	if row := c.Rows[0]; row.Cells[1].Verdict != matrix.VerdictSame || row.Uniform(c.Columns) || len(c.Differences()) > 0 {
		t.Errorf("%q, uniform %v, %+v", row.Cells[1].Verdict, row.Uniform(c.Columns), c.Differences())
	}
}
