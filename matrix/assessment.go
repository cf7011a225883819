package matrix

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"time"
)

// AssessmentVersion is the version of [Assessment] that is written. What is of a newer
// one is not read.
const AssessmentVersion = 1

// PolicyVerdict is what a policy concludes, and what its exit code says.
type PolicyVerdict string

const (
	// PolicyPass: all that the policy asks for is shown.
	PolicyPass PolicyVerdict = "PASS"
	// PolicyFail: something that it forbids is.
	PolicyFail PolicyVerdict = "FAIL"
	// PolicyInconclusive: neither is.
	PolicyInconclusive PolicyVerdict = "INCONCLUSIVE"
)

// PolicyVerdicts lists every verdict.
var PolicyVerdicts = []PolicyVerdict{PolicyPass, PolicyFail, PolicyInconclusive}

// Assessment is what a policy concludes of a run: where a bisection ends, what a series
// is worth, whether a release qualifies. It is data: every format writes it, without
// knowing the policy. Its texts are of one line each.
type Assessment struct {
	// Version is [AssessmentVersion].
	Version int `json:"version"`
	// Run is the ID of the run that it is of; the store sets it.
	Run string `json:"run,omitempty"`
	// Policy is the policy's name, for example "qualify".
	Policy string `json:"policy"`
	// Subject is what was assessed, for example "6.12 against 6.1". Of a policy and a
	// subject a run has one assessment, the last.
	Subject string `json:"subject,omitempty"`
	// Made is when it was made.
	Made time.Time `json:"made"`
	// Verdict is the policy's, and Summary says it in one sentence.
	Verdict PolicyVerdict `json:"verdict"`
	Summary string        `json:"summary"`
	// Reasons are what the verdict rests on, the weightiest first.
	Reasons []Reason `json:"reasons,omitempty"`
	// Tables are what else people are shown.
	Tables []AssessmentTable `json:"tables,omitempty"`
	// Details are the policy's own, for programs: a JSON object with a version of its
	// own. People see none of it.
	Details json.RawMessage `json:"details,omitempty"`
}

// Reason is one finding of a policy. Fields that do not apply are "".
type Reason struct {
	// Verdict is what this reason alone would have made the verdict: [PolicyPass] is
	// of a difference that is allowed.
	Verdict PolicyVerdict `json:"verdict"`
	// Kind is what sort of finding it is, in a word of the policy's, for example
	// "new-warning".
	Kind string `json:"kind"`
	// Text says in one sentence what was found.
	Text string `json:"text"`
	// At is where it was found in what is not a kernel's name: a patch, "2/5", or a
	// commit.
	At string `json:"at,omitempty"`
	// Kernel, Machine and Probe are of whom it was found.
	Kernel  string `json:"kernel,omitempty"`
	Machine string `json:"machine,omitempty"`
	Probe   string `json:"probe,omitempty"`
	// Baseline and Candidate are what the two sides show, in words.
	Baseline  string `json:"baseline,omitempty"`
	Candidate string `json:"candidate,omitempty"`
	// Rule is the policy's rule that made a reason of it, FILE:LINE.
	Rule string `json:"rule,omitempty"`
	// Evidence are lines that show it, or files, relative to the run's directory.
	Evidence []string `json:"evidence,omitempty"`
	// Again is the command that shows it again, for a shell.
	Again string `json:"again,omitempty"`
}

// AssessmentTable is a table, such as the checks of a series, a row for each patch.
type AssessmentTable struct {
	Title string `json:"title"`
	// Columns are the names of the columns, of which the first names the rows.
	Columns []string `json:"columns"`
	// Rows have a cell for each column.
	Rows [][]string `json:"rows"`
}

var policyName = regexp.MustCompile(`^[a-z][a-z0-9-]*$`)

// Check says what an assessment lacks that formats and readers rest on.
func (a Assessment) Check() error {
	switch {
	case a.Version != AssessmentVersion:
		return fmt.Errorf("an assessment of version %d, not %d", a.Version, AssessmentVersion)
	case !policyName.MatchString(a.Policy):
		return fmt.Errorf("an assessment by %q, which is no name of a policy", a.Policy)
	case !slices.Contains(PolicyVerdicts, a.Verdict):
		return fmt.Errorf("an assessment by %s with the verdict %q", a.Policy, a.Verdict)
	case a.Summary == "":
		return fmt.Errorf("an assessment by %s without a summary", a.Policy)
	}
	for i, r := range a.Reasons {
		if !slices.Contains(PolicyVerdicts, r.Verdict) || r.Kind == "" || r.Text == "" {
			return fmt.Errorf("an assessment by %s whose reason %d lacks verdict, kind or text", a.Policy, i+1)
		}
	}
	for _, t := range a.Tables {
		for i, row := range t.Rows {
			if len(t.Columns) == 0 || len(row) != len(t.Columns) {
				return fmt.Errorf("an assessment by %s whose table %q has %d columns, and %d cells in row %d", a.Policy, t.Title, len(t.Columns), len(row), i+1)
			}
		}
	}
	var object map[string]json.RawMessage
	if a.Details != nil && json.Unmarshal(a.Details, &object) != nil {
		return fmt.Errorf("an assessment by %s whose details are no JSON object", a.Policy)
	}
	return nil
}
