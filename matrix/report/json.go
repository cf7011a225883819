package report

import (
	"encoding/json"
	"io"

	"kmatrix/matrix"
)

// jsonFormat is the whole run as one document.
type jsonFormat struct{}

func init() { register(jsonFormat{}) }

// Name is what users call it.
func (jsonFormat) Name() string { return "json" }

// jsonVersion is the version of the document.
const jsonVersion = 1

// Write writes {"version", "run", "kernels", "results"}: the kernels stand
// beside the run and not in it.
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
	}{Version: jsonVersion, Kernels: kernels, Results: doc.Results}
	out.Run.Run, out.Run.Dir = run, doc.Dir
	if out.Results == nil {
		out.Results = []matrix.Result{}
	}
	e := json.NewEncoder(w)
	e.SetIndent("", " ")
	return e.Encode(out)
}
