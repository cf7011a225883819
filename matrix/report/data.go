package report

import (
	"kmatrix/matrix"
	"kmatrix/matrix/compare"
	"kmatrix/matrix/cost"
)

// CostData is a cost beside another's as JSON has it.
type CostData struct {
	*cost.Delta
	// Why says in words what the delta's limit is.
	Why   string     `json:"why,omitempty"`
	Where *whereData `json:"where,omitempty"`
}

// whereData is where a difference is.
type whereData struct {
	*cost.Where
	// Missing says in words why nothing is known of it.
	Missing string `json:"missing,omitempty"`
}

// CostsData returns costs as JSON has them.
func CostsData(deltas []*cost.Delta) []CostData {
	var list []CostData
	for _, k := range deltas {
		d := CostData{Delta: k, Why: limitation(k.Limit)}
		if k.Where != nil {
			d.Where = &whereData{Where: k.Where}
			if m := k.Where.Missing; m != nil {
				d.Where.Missing = noProfile(*m)
			}
		}
		list = append(list, d)
	}
	return list
}

// findingData is a finding as JSON has it: what is so of several rows together.
type findingData struct {
	// Kind is "behaviour" or "cost".
	Kind    string         `json:"kind"`
	Verdict matrix.Verdict `json:"verdict"`
	Rows    []rowData      `json:"rows"`
	// Answers are what the kernels show, of a behaviour.
	Answers []answerData `json:"answers,omitempty"`
	// Kernel is whose costs they are, beside those of Against, its base or the
	// baseline.
	Kernel  string `json:"kernel,omitempty"`
	Against string `json:"against,omitempty"`
	Base    bool   `json:"base,omitempty"`
	// Ratio, Low and High are those of a cost that is better or worse, see
	// [cost.Delta]; Margin is within which costs are the same.
	Ratio  float64 `json:"ratio,omitempty"`
	Low    float64 `json:"low,omitempty"`
	High   float64 `json:"high,omitempty"`
	Margin float64 `json:"margin,omitempty"`
	// Limit is why there is no verdict, or none that is conclusive; Need is about how
	// many boots a side would tell.
	Limit cost.Limitation `json:"limit,omitzero"`
	Need  int             `json:"need,omitempty"`
}

// rowData names a row.
type rowData struct {
	Machine string `json:"machine"`
	Probe   string `json:"probe"`
}

// answerData is what some kernels show together. Class, Failing and Outcome are each of
// answers of their kind; the counts are there where all rows agree on them.
type answerData struct {
	Kernels []string `json:"kernels"`
	// Outcome is that of cells that have no other answer.
	Outcome string `json:"outcome,omitempty"`
	Class   string `json:"class,omitempty"`
	New     int64  `json:"new,omitempty"`
	Zero    int64  `json:"zero,omitempty"`
	// Clobbered bytes are those of [matrix.Observation].
	Clobbered int64 `json:"clobbered,omitempty"`
	Other     int64 `json:"other,omitempty"`
	Bytes     int64 `json:"bytes,omitempty"`
	// Source is what became of the source where it is not intact.
	Source string `json:"source,omitempty"`
	Offset *int64 `json:"first_offset,omitempty"`
	// Measured tells that it is a cost, where others show something else.
	Measured bool           `json:"measured,omitempty"`
	Test     string         `json:"test,omitempty"`
	Failing  []string       `json:"failing,omitempty"`
	Rates    []compare.Rate `json:"rates,omitempty"`
	P        *float64       `json:"p,omitempty"`
	Need     int            `json:"need,omitempty"`
}

// findingsData returns the findings of a comparison as JSON has them: behaviour first.
func findingsData(c compare.Comparison) []findingData {
	var list []findingData
	for _, d := range c.Differences() {
		f := findingData{Kind: "behaviour", Verdict: d.Verdict, Rows: rowsData(d.Rows)}
		for _, a := range d.Answers {
			f.Answers = append(f.Answers, answerOf(c, a))
		}
		list = append(list, f)
	}
	for _, k := range c.Costs() {
		f := findingData{
			Kind: "cost", Verdict: k.Verdict, Kernel: k.Kernel, Against: k.Against.Name, Base: k.Against.Base,
			Margin: k.Margin, Limit: k.Limit, Need: k.Need,
		}
		var rows []compare.Row
		for _, d := range k.Deltas {
			rows = append(rows, d.Row)
		}
		if d := k.Deltas[0]; d.Differs() {
			f.Ratio, f.Low, f.High = d.Ratio, d.Low, d.High
		}
		f.Rows = rowsData(rows)
		list = append(list, f)
	}
	return list
}

func rowsData(rows []compare.Row) []rowData {
	var list []rowData
	for _, r := range rows {
		list = append(list, rowData{Machine: r.Machine, Probe: r.Probe})
	}
	return list
}

func answerOf(c compare.Comparison, a compare.Answer) answerData {
	d := answerData{Measured: a.Measured, Outcome: string(a.Outcome), Class: string(a.Class), New: a.New, Zero: a.Zero, Clobbered: a.Clobbered, Other: a.Other, Bytes: a.Bytes, Source: string(a.Source)}
	for _, i := range a.Columns {
		d.Kernels = append(d.Kernels, c.Columns[i].Name)
	}
	if a.Class != "" && a.FirstOffset >= 0 {
		d.Offset = &a.FirstOffset
	}
	if a.Test != nil {
		d.Test, d.Failing = a.Test.String(), a.Test.Failing
	}
	if s := a.Split; s != nil {
		d.Rates, d.P, d.Need = s.Rates, s.P, s.Need
	}
	return d
}
