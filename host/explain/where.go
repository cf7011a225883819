package explain

import (
	"fmt"
	"strings"

	"kmatrix/matrix"
	"kmatrix/matrix/compare"
	"kmatrix/matrix/cost"
	"kmatrix/matrix/report"
)

// mostExplained is how many functions are listed of a profile or of a difference.
const mostExplained = 12

// located adds where the cell's cost is spent, and what it is beside others'.
func (e *Explanation) located(c compare.Comparison, profiles []matrix.Profile) {
	for i := range profiles {
		if profiles[i].Cell == e.Cell {
			e.Profile = &profiles[i]
		}
	}
	for _, row := range c.Rows {
		for i, cell := range row.Cells {
			if (matrix.Cell{Kernel: c.Columns[i].Name, Machine: row.Machine, Probe: row.Probe}).ID() == e.Cell {
				e.Costs = report.CostsData(cell.Deltas)
			}
		}
	}
}

// whereFields says for people where the cost is spent, and where it differs from
// others', function by function.
func (e *Explanation) whereFields() []shownField {
	var list []shownField
	if p := e.Profile; p != nil && !p.There() {
		list = append(list, shownField{name: "profile", value: "none: " + p.Missing})
	} else if p != nil {
		f := shownField{name: "profile", value: fmt.Sprintf("%d samples in %d passes, of boot %d", p.Samples, p.Passes, p.Boot)}
		share := func(name string, n int64) {
			f.items = append(f.items, fmt.Sprintf("%5.1f %%  %s", 100*float64(n)/float64(p.Samples), name))
		}
		for _, one := range p.Functions[:min(len(p.Functions), mostExplained)] {
			share(inModule(one.Name, one.Module), one.Samples)
		}
		rest := p.Rest
		for _, one := range p.Functions[len(f.items):] {
			rest += one.Samples
		}
		share("other functions", rest)
		share("user space", p.User)
		share("not located", p.Unlocated)
		list = append(list, f)
		if n, by := cost.CopyingOf(p.ProfileCounts); n > 0 {
			list = append(list, shownField{name: "copying", value: copyingText(e, float64(n)/float64(p.Samples), by)})
		}
	}
	for _, k := range e.Costs {
		if k.Delta.Where == nil || k.Delta.Where.Missing != nil {
			continue
		}
		f := shownField{name: "where", value: fmt.Sprintf("%+.3g %s against %s, ± four standard deviations", k.Value-k.Other, k.Unit, k.Against)}
		for _, one := range k.Delta.Where.Functions[:min(len(k.Delta.Where.Functions), mostExplained)] {
			f.items = append(f.items, fmt.Sprintf("%+8.4f ± %.4f  %5.1f %%  %s", one.Delta, one.Uncertainty, 100*one.Share, inModule(one.Name, one.Module)))
		}
		f.items = append(f.items, "in all: "+report.Where(k.Delta, 0))
		list = append(list, f)
	}
	return list
}

// copyingText says which part of the cost is copying bytes, and what is left without.
func copyingText(e *Explanation, share float64, by []string) string {
	text := fmt.Sprintf("%.1f %% of the samples: %s", 100*share, strings.Join(by, ", "))
	if s := e.Sample; s != nil {
		text += fmt.Sprintf("; %.3g of %.3g %s, which leaves %.3g", share*s.Value, s.Value, s.Unit, (1-share)*s.Value)
	}
	return text
}

// inModule names a function with its module.
func inModule(function, module string) string {
	if module == "" {
		return function
	}
	return function + " [" + module + "]"
}
