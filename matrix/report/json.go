package report

import (
	"encoding/json"
	"io"

	"kmatrix/matrix"
	"kmatrix/matrix/compare"
)

// jsonFormat is the whole run as one document.
type jsonFormat struct{}

func init() { register(jsonFormat{}) }

// Name is what users call it.
func (jsonFormat) Name() string { return "json" }

// jsonVersion is the version of the document.
const jsonVersion = 1

// jsonCell is how a cell stands to others.
type jsonCell struct {
	Cell    string          `json:"cell"`
	Kernel  string          `json:"kernel"`
	Machine string          `json:"machine"`
	Probe   string          `json:"probe"`
	Verdict compare.Verdict `json:"verdict"`
	// P, Need and Rates are of boots that disagree.
	P     *float64       `json:"p,omitempty"`
	Need  int            `json:"need,omitempty"`
	Rates []compare.Rate `json:"rates,omitempty"`
	// Costs are against the baseline and the base.
	Costs []*compare.Contrast `json:"costs,omitempty"`
}

// jsonCells lists the cells of which there is anything to say beside others.
func jsonCells(c compare.Comparison) []jsonCell {
	list := []jsonCell{}
	for _, r := range c.Rows {
		for i, cell := range r.Cells {
			one := jsonCell{
				Kernel: c.Columns[i].Name, Machine: r.Machine, Probe: r.Probe, Verdict: cell.Verdict,
				P: cell.P, Need: cell.Need, Costs: cell.Contrasts,
			}
			one.Cell = matrix.Cell{Kernel: one.Kernel, Machine: r.Machine, Probe: r.Probe}.ID()
			if cell.Flaky() {
				one.Rates = cell.Rates()
			}
			if cell.Verdict != compare.NoVerdict || one.Rates != nil || one.Costs != nil {
				list = append(list, one)
			}
		}
	}
	return list
}

// Write writes {"version", "run", "kernels", "results", "comparison"}: the kernels
// stand beside the run and not in it, and the comparison has a member for each cell
// with a verdict, an estimate or rates.
func (jsonFormat) Write(w io.Writer, doc Document) error {
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
		// Comparison says how cells stand to others.
		Comparison []jsonCell `json:"comparison"`
	}{Version: jsonVersion, Kernels: kernels, Results: doc.Results, Comparison: jsonCells(doc.Comparison)}
	out.Run.Run, out.Run.Dir = run, doc.Dir
	if out.Results == nil {
		out.Results = []matrix.Result{}
	}
	e := json.NewEncoder(w)
	e.SetIndent("", " ")
	return e.Encode(out)
}
