package compare

import (
	"math"
	"slices"
	"strings"

	"kmatrix/matrix"
)

// Family is the geometric mean of the factors of probes whose names begin alike, without
// those for which the disks read otherwise: a factor is of the CPU's time alone.
type Family struct {
	Kernel  string `json:"kernel"`
	Against string `json:"against"`
	Base    bool   `json:"base,omitempty"`
	// Name is the beginning of the names, for example "cost/tee".
	Name string `json:"name"`
	// Ratio is the mean, Low and High those of the intervals' ends, within which it
	// lies when each factor lies within its own; 0 where one has none.
	Ratio float64 `json:"ratio"`
	Low   float64 `json:"low,omitempty"`
	High  float64 `json:"high,omitempty"`
	// Probes is how many there are, and Same how many of them were shown to cost the
	// same.
	Probes int `json:"probes"`
	Same   int `json:"same"`
}

// Families lists the geometric means of each column against each other that it is
// compared with, in the order of the rows.
func (c Comparison) Families() []Family {
	var list []Family
	for i := range c.Columns {
		for _, ref := range c.References(i) {
			list = append(list, c.families(i, ref)...)
		}
	}
	return list
}

func (c Comparison) families(column int, ref Reference) []Family {
	var list []Family
	type sums struct{ ratio, low, high float64 }
	var logs []sums
	for _, r := range c.Rows {
		for _, k := range r.Cells[column].Deltas {
			if k.Against != ref.Name || k.Base != ref.Base || k.Verdict == matrix.NoVerdict || k.Ratio == 0 || k.Reads != nil {
				continue
			}
			name := familyOf(r.Probe)
			at := slices.IndexFunc(list, func(f Family) bool { return f.Name == name })
			if at < 0 {
				at = len(list)
				list = append(list, Family{Kernel: c.Columns[column].Name, Against: ref.Name, Base: ref.Base, Name: name})
				logs = append(logs, sums{})
			}
			list[at].Probes++
			if k.Verdict == matrix.VerdictSame {
				list[at].Same++
			}
			logs[at].ratio += math.Log(k.Ratio)
			logs[at].low += math.Log(k.Low) // -Inf without an interval, which makes 0
			logs[at].high += math.Log(k.High)
		}
	}
	for i := range list {
		n := float64(list[i].Probes)
		list[i].Ratio = math.Exp(logs[i].ratio / n)
		list[i].Low, list[i].High = math.Exp(logs[i].low/n), math.Exp(logs[i].high/n)
	}
	return list
}

// familyOf returns the beginning of a probe's name that its family shares.
func familyOf(probe string) string {
	parts := strings.SplitN(probe, "/", 3)
	return strings.Join(parts[:min(2, len(parts))], "/")
}
