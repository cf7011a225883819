package report

import (
	"encoding/json"
	"io"
	"time"

	"kmatrix/matrix"
	"kmatrix/matrix/compare"
)

func init() {
	register(Format{Name: "json", Summary: "one document with all that is known, for programs", write: writeJSON})
}

// jsonVersion is the version of the document.
const jsonVersion = 1

// jsonCell is how a cell stands to others.
type jsonCell struct {
	Cell    string         `json:"cell"`
	Kernel  string         `json:"kernel"`
	Machine string         `json:"machine"`
	Probe   string         `json:"probe"`
	Verdict matrix.Verdict `json:"verdict"`
	// P, Need and Rates are of boots that disagree.
	P     *float64       `json:"p,omitempty"`
	Need  int            `json:"need,omitempty"`
	Rates []compare.Rate `json:"rates,omitempty"`
	// Costs are against the baseline and the base.
	Costs []CostData `json:"costs,omitempty"`
}

// jsonRun is one of several runs that are compared.
type jsonRun struct {
	ID          string           `json:"id"`
	Dir         string           `json:"dir"`
	Started     time.Time        `json:"started"`
	Finished    *time.Time       `json:"finished,omitempty"`
	Interrupted bool             `json:"interrupted,omitempty"`
	Host        matrix.Host      `json:"host"`
	Machines    []matrix.Machine `json:"machines"`
}

// jsonCells lists the cells of which there is anything to say beside others.
func jsonCells(c compare.Comparison) []jsonCell {
	list := []jsonCell{}
	for _, r := range c.Rows {
		for i, cell := range r.Cells {
			one := jsonCell{
				Kernel: c.Columns[i].Name, Machine: r.Machine, Probe: r.Probe, Verdict: cell.Verdict,
				P: cell.P, Need: cell.Need, Costs: CostsData(cell.Deltas),
			}
			one.Cell = matrix.Cell{Kernel: one.Kernel, Machine: r.Machine, Probe: r.Probe}.ID()
			if cell.Flaky() {
				one.Rates = cell.Rates()
			}
			if cell.Verdict != matrix.NoVerdict || one.Rates != nil || one.Costs != nil {
				list = append(list, one)
			}
		}
	}
	return list
}

// writeJSON writes {"version", "run", "kernels", "results", "comparison", "findings", "assessments"}: the
// kernels stand beside the run and not in it, and the comparison has a member for each
// cell with a verdict, an estimate or rates.
func writeJSON(w io.Writer, doc Document) error {
	kernels, run := doc.Run.Kernels, doc.Run
	run.Kernels = nil
	out := struct {
		Version int `json:"version"`
		Run     struct {
			matrix.Run
			Kernels *struct{} `json:"kernels,omitempty"`
			Dir     string    `json:"dir"`
		} `json:"run"`
		Kernels []matrix.Column `json:"kernels"`
		Results []matrix.Result `json:"results"`
		// Profiles are where costs are spent, of the cells of which that was asked.
		Profiles []matrix.Profile `json:"profiles,omitempty"`
		// Comparison says how cells stand to others.
		Comparison []jsonCell `json:"comparison"`
		// Findings say what is so of several rows together.
		Findings []findingData `json:"findings,omitempty"`
		// Builds are how kernels are built differently whose costs stand beside each
		// other.
		Builds []buildData `json:"builds,omitempty"`
		// Assessments are what policies concluded.
		Assessments []matrix.Assessment `json:"assessments,omitempty"`
		// Families are geometric means of costs.
		Families []compare.Family `json:"families,omitempty"`
		// CrashReports are what the kernels said of their own trouble, each once.
		CrashReports []matrix.CrashSummary `json:"reports,omitempty"`
		Warnings     []string              `json:"warnings,omitempty"`
		// Runs are what NAME@1, NAME@2 … were measured in, in this order.
		Runs []jsonRun `json:"runs,omitempty"`
	}{Version: jsonVersion, Kernels: kernels, Results: doc.Results, Profiles: doc.Profiles, Assessments: doc.Assessments, Comparison: jsonCells(doc.Comparison), Findings: findingsData(doc.Comparison), Builds: buildsData(doc.Comparison), Families: doc.Comparison.Families(), CrashReports: matrix.AllCrashReports(doc.Run, doc.Results)}
	out.Run.Run, out.Run.Dir = run, doc.Dir
	for _, w := range doc.Warnings {
		out.Warnings = append(out.Warnings, Warning(w))
	}
	for _, s := range doc.Runs {
		out.Runs = append(out.Runs, jsonRun{ID: s.Run.ID, Dir: s.Dir, Started: s.Run.Started, Finished: s.Run.Finished, Interrupted: s.Run.Interrupted, Host: s.Run.Host, Machines: s.Run.Machines})
	}
	if out.Results == nil {
		out.Results = []matrix.Result{}
	}
	e := json.NewEncoder(w)
	e.SetIndent("", " ")
	return e.Encode(out)
}
