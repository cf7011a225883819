package compare

import (
	"slices"
	"testing"

	"kmatrix/matrix"
)

// TestRunsThatKnowOtherClasses puts a run from before there was clobbered beside one that
// tells it: what the older one had to call zeroed is no change of the kernel.
func TestRunsThatKnowOtherClasses(t *testing.T) {
	of := func(class matrix.Class, outcome matrix.Outcome, fresh, zero, clobbered int64, source matrix.SourceState) matrix.Result {
		r := observed("k", 1, class, zero)
		r.Outcome, r.Observation.New, r.Observation.Clobbered, r.Observation.Source = outcome, fresh, clobbered, source
		return r
	}
	former := func(class matrix.Class) matrix.Result { return of(class, matrix.Pass, 0, 4096, 0, "") }
	clobbered := of(matrix.Clobbered, matrix.Fail, 0, 1000, 3096, matrix.SourceIntact)
	for name, test := range map[string]struct {
		old, now matrix.Result
		want     matrix.Verdict
		shown    string
	}{
		"zeroed, by now clobbered":       {former(matrix.Zeroed), clobbered, matrix.VerdictSame, "zeroed"},
		"zeroed, and still":              {former(matrix.Zeroed), of(matrix.Zeroed, matrix.Pass, 0, 4096, 0, matrix.SourceIntact), matrix.VerdictSame, "zeroed"},
		"mixed, by now clobbered":        {former(matrix.Mixed), of(matrix.Clobbered, matrix.Fail, 1, 0, 7, matrix.SourceIntact), matrix.VerdictSame, "mixed"},
		"stable, by now clobbered":       {former(matrix.Stable), clobbered, matrix.VerdictDiffers, "zeroed"},
		"stable, and a source that lost": {former(matrix.Stable), of(matrix.Stable, matrix.Fail, 0, 0, 0, matrix.SourceLost), matrix.VerdictSame, "stable"},
		"zeroed, by now stable":          {former(matrix.Zeroed), of(matrix.Stable, matrix.Pass, 0, 0, 0, matrix.SourceIntact), matrix.VerdictDiffers, "stable"},
		"zeroed, by now torn":            {former(matrix.Zeroed), of(matrix.Torn, matrix.Fail, 0, 0, 1, matrix.SourceIntact), matrix.VerdictDiffers, "fail: torn"},
	} {
		for _, both := range []bool{false, true} {
			stored := func(dir string, r matrix.Result, tell bool) Stored {
				header := run("k", "k")
				header.Kernels[0].Contract = matrix.Reference
				if tell {
					header.Classes = matrix.Classes
				}
				return Stored{Dir: dir, Run: header, Results: []matrix.Result{r}}
			}
			m, err := Merge([]Stored{stored("one", test.old, both), stored("two", test.now, true)}, "")
			if err != nil {
				t.Fatal(err)
			}
			cell := m.Comparison.Rows[0].Cells[1]
			s, _ := cell.State()
			warned := slices.Contains(m.Warnings, Warning{Code: OtherClasses, Dir: "one", Class: matrix.Clobbered})
			switch {
			case warned == both:
				t.Errorf("%s, both tell it: %v: the warnings are %+v", name, both, m.Warnings)
			case !both && (cell.Verdict != test.want || s.String() != test.shown):
				t.Errorf("%s: %q, shown as %q; want %q, %q", name, cell.Verdict, s, test.want, test.shown)
			case both && cell.Verdict == matrix.VerdictSame && (test.now.Observation.Class == matrix.Clobbered || test.now.Outcome == matrix.Fail):
				t.Errorf("%s: of runs that both tell it, %s is the same", name, s)
			}
			if r := cell.Results[0]; r.Observation.Class != test.now.Observation.Class {
				t.Errorf("%s: the result became %s", name, r.Observation.Class)
			}
		}
	}
}

// TestFoundThatAreOfFewerBytes: columns that show one class stand together, whatever
// their counts are.
func TestFoundThatAreOfFewerBytes(t *testing.T) {
	header := run("a", "a", "b", "c")
	header.Classes = matrix.Classes
	c := Compare(header, []matrix.Result{observed("a", 1, matrix.Stable, 0), observed("b", 1, matrix.Zeroed, 901120), observed("c", 1, matrix.Zeroed, 49152)})
	list := c.Differences()
	if len(list) != 1 || list[0].Exact || len(list[0].Answers) != 2 || !slices.Equal(list[0].Answers[1].Columns, []int{1, 2}) || list[0].Answers[1].Zero != 0 {
		t.Errorf("%+v", list)
	}
}
