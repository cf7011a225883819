package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"gotest.tools/v3/golden"

	"github.com/google/go-cmp/cmp"

	"kmatrix/matrix"
	"kmatrix/matrix/compare"
)

// omen is what a policy that there is not concludes of a run.
func omen(run string) matrix.Assessment {
	return matrix.Assessment{
		Version: matrix.AssessmentVersion, Run: run, Policy: "omen", Subject: "crows against owls", Made: time.Date(2026, 11, 28, 9, 0, 0, 0, time.UTC),
		Verdict: matrix.PolicyFail, Summary: "the birds fly low.",
		Reasons: []matrix.Reason{
			{
				Verdict: matrix.PolicyFail, Kind: "flight", Text: "what flew high flies low.", At: "2/5", Kernel: "6.12", Machine: "default", Probe: "stability/splice/punch/xfs/readahead",
				Baseline: "ninety", Candidate: "seven", Rule: "omens.yaml:17", Evidence: []string{"evidence/feather.txt", "rooks fell"}, Again: "kmatrix run -k 6.12 -p stability/splice/punch/xfs/readahead --boots 3 --dir some/where/else",
			},
			{Verdict: matrix.PolicyPass, Kind: "nest", Text: "it is empty", Rule: "omens.yaml:21"},
		},
		Tables: []matrix.AssessmentTable{
			{Title: "Heights", Columns: []string{"bird", "before", "after"}, Rows: [][]string{{"crow", "90 m", "7 m"}, {"jackdaw", "80 m", "–"}}},
			{Title: "Nothing", Columns: []string{"bird"}},
		},
		Details: json.RawMessage(`{"birds":3,"version":2}`),
	}
}

// TestEveryFormatWritesAssessments looks in each for all that people are to be told.
func TestEveryFormatWritesAssessments(t *testing.T) {
	doc := sample("6.1", 1, "6.1", "6.12")
	a := omen(doc.Run.ID)
	doc.Assessments = []matrix.Assessment{a}
	texts := []string{
		a.Policy, a.Subject, string(a.Verdict), "the birds fly low", "flight", "what flew high flies low", "2/5", "ninety", "seven", "omens.yaml:17", "evidence/feather.txt", "rooks fell",
		a.Reasons[0].Again, "nest", "it is empty", "omens.yaml:21", "Heights", "bird", "before", "after", "crow", "90 m", "7 m", "jackdaw", "80 m",
	}
	for _, f := range Formats() {
		for _, width := range []int{30, 80, 160} {
			doc.Options.Width = width
			text := strings.Join(strings.Fields(written(t, f, doc)), " ")
			for _, want := range texts {
				if !strings.Contains(text, want) {
					t.Errorf("%s, %d columns: no %q in\n%s", f.Name, width, want, text)
				}
			}
		}
	}
}

func TestAssessmentsInTheTable(t *testing.T) {
	doc := sample("6.1", 1, "6.1", "6.12")
	doc.Assessments = []matrix.Assessment{omen(doc.Run.ID)}
	for name, test := range map[string]struct {
		width  int
		change func(*Document)
	}{
		"omen":         {80, func(*Document) {}},
		"omen-wide":    {160, func(*Document) {}},
		"omen-resumed": {80, func(doc *Document) { doc.Run.Resumed = []time.Time{doc.Assessments[0].Made.Add(time.Hour)} }},
		"omen-many": {80, func(doc *Document) {
			doc.Assessments[0].Tables = nil
			for i := range maxReasons + 3 {
				doc.Assessments[0].Reasons = append(doc.Assessments[0].Reasons, matrix.Reason{Verdict: matrix.PolicyInconclusive, Kind: "egg", Text: fmt.Sprintf("number %d", i)})
			}
		}},
		"omen-of-two": {80, func(doc *Document) {
			other := doc.Run
			other.ID = "20261124-010203-EFGH"
			doc.Runs = []compare.Stored{{Dir: "runs/a", Run: doc.Run}, {Dir: "runs/b", Run: other}}
			doc.Assessments[0].Reasons, doc.Assessments[0].Tables = nil, nil
		}},
	} {
		doc := doc
		doc.Assessments = []matrix.Assessment{omen(doc.Run.ID)}
		doc.Options.Width = test.width
		test.change(&doc)
		f, _ := Lookup("table")
		golden.Assert(t, written(t, f, doc), name+".txt")
	}
}

// TestAssessmentsInJSON reads them back as they were.
func TestAssessmentsInJSON(t *testing.T) {
	doc := sample("6.1", 1, "6.1", "6.12")
	doc.Assessments = []matrix.Assessment{omen(doc.Run.ID)}
	f, _ := Lookup("json")
	var got struct{ Assessments []matrix.Assessment }
	if err := json.Unmarshal([]byte(written(t, f, doc)), &got); err != nil {
		t.Fatal(err)
	}
	for i := range got.Assessments {
		var b bytes.Buffer
		if err := json.Compact(&b, got.Assessments[i].Details); err != nil {
			t.Fatal(err)
		}
		got.Assessments[i].Details = b.Bytes()
	}
	if diff := cmp.Diff(doc.Assessments, got.Assessments); diff != "" {
		t.Error(diff)
	}
}
