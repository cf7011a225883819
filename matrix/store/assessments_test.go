package store

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"kmatrix/matrix"
)

// assessment is one of a policy that there is not.
func assessment(subject string, verdict matrix.PolicyVerdict) matrix.Assessment {
	return matrix.Assessment{
		Version: matrix.AssessmentVersion, Policy: "omen", Subject: subject, Made: time.Date(2026, 11, 28, 9, 0, 0, 0, time.UTC), Verdict: verdict, Summary: "the birds fly low",
		Reasons: []matrix.Reason{{Verdict: verdict, Kind: "flight", Text: "they fly low", Probe: "stability/x", Evidence: []string{"<seen & heard>"}}},
		Tables:  []matrix.AssessmentTable{{Title: "birds", Columns: []string{"bird", "height"}, Rows: [][]string{{"crow", "2 m"}}}},
		Details: json.RawMessage(`{"heights":[2],"version":3}`),
	}
}

// compacted returns it with its details as JSON has them without blanks.
func compacted(t *testing.T, list []matrix.Assessment) []matrix.Assessment {
	t.Helper()
	for i := range list {
		var value any
		if err := json.Unmarshal(list[i].Details, &value); err != nil {
			t.Fatal(err)
		}
		var err error
		if list[i].Details, err = json.Marshal(value); err != nil {
			t.Fatal(err)
		}
	}
	return list
}

func TestAssessmentsAreKept(t *testing.T) {
	r, _ := create(t)
	for _, a := range []matrix.Assessment{assessment("a", matrix.PolicyFail), assessment("b", matrix.PolicyInconclusive), assessment("a", matrix.PolicyPass)} {
		a.Version = 0 // the store's to set
		if err := r.Assess(a); err != nil {
			t.Fatal(err)
		}
	}
	want := []matrix.Assessment{assessment("b", matrix.PolicyInconclusive), assessment("a", matrix.PolicyPass)}
	for i := range want {
		want[i].Run = r.Header().ID
	}
	got, err := Open(r.Dir()) // while it is written
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, compacted(t, got.Assessments)); diff != "" || len(got.Warnings) > 0 {
		t.Errorf("%s %q", diff, got.Warnings)
	}
	r.Close()
	// A run that has ended takes more.
	r, _, err = Resume(r.Dir())
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if err := r.Assess(assessment("c", matrix.PolicyPass)); err != nil {
		t.Fatal(err)
	}
	if got, err := Open(r.Dir()); err != nil || len(got.Assessments) != 3 || got.Assessments[2].Subject != "c" {
		t.Errorf("%+v, %v", got.Assessments, err)
	}
}

func TestAssessmentsThatAreNone(t *testing.T) {
	r, _ := create(t)
	defer r.Close()
	for want, spoil := range map[string]func(*matrix.Assessment){
		"no name of a policy":        func(a *matrix.Assessment) { a.Policy = "../x" },
		`the verdict "maybe"`:        func(a *matrix.Assessment) { a.Verdict = "maybe" },
		"without a summary":          func(a *matrix.Assessment) { a.Summary = "" },
		"whose reason 1 lacks":       func(a *matrix.Assessment) { a.Reasons[0].Text = "" },
		"2 columns, and 1 cells":     func(a *matrix.Assessment) { a.Tables[0].Rows[0] = []string{"crow"} },
		"0 columns, and 2 cells":     func(a *matrix.Assessment) { a.Tables[0].Columns = nil },
		"details are no JSON object": func(a *matrix.Assessment) { a.Details = json.RawMessage("[1]") },
	} {
		a := assessment("a", matrix.PolicyPass)
		spoil(&a)
		if err := r.Assess(a); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	file := filepath.Join(r.Dir(), fileAssessments)
	if _, err := os.Stat(file); err == nil {
		t.Error("something is kept")
	}
	// What a newer kmatrix kept is passed over, and stays; so is what is none.
	const newer = `{"version": 2, "policy": "omen", "subject": "z", "verdict": ["PASS"]}`
	if err := os.WriteFile(file, []byte("["+newer+`, {"version": 1, "policy": "omen"}, 7]`), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := r.Assess(assessment("a", matrix.PolicyPass)); err != nil {
		t.Fatal(err)
	}
	got, err := Open(r.Dir())
	if err != nil || len(got.Assessments) != 1 || len(got.Warnings) != 3 || !strings.Contains(got.Warnings[0], "number 1 was passed over: an assessment of version 2, not 1") {
		t.Errorf("%+v, %q, %v", got.Assessments, got.Warnings, err)
	}
	if text, err := os.ReadFile(file); err != nil || !strings.Contains(strings.Join(strings.Fields(string(text)), " "), `"verdict": [ "PASS" ]`) {
		t.Errorf("the newer one is gone: %s, %v", text, err)
	}
	if err := os.WriteFile(file, []byte(`{"torn`), 0o644); err != nil {
		t.Fatal(err)
	}
	if got, err := Open(r.Dir()); err != nil || len(got.Warnings) != 1 || !strings.Contains(got.Warnings[0], "is no list of assessments") {
		t.Errorf("%q, %v", got.Warnings, err)
	}
	if err := r.Assess(assessment("a", matrix.PolicyPass)); err == nil {
		t.Error("what is no list is written over")
	}
}
