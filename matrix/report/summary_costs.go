package report

import (
	"fmt"
	"slices"
	"strings"

	"kmatrix/matrix/compare"
	"kmatrix/matrix/cost"
	"kmatrix/matrix/summary"
)

// costSection tells the costs that differ, with what they took beside the CPU's time.
func costSection(doc Document, s summary.Summary) *section {
	width := doc.Options.Width
	several := slices.ContainsFunc(s.Costs, func(k summary.Cost) bool {
		return k.Kernel != s.Costs[0].Kernel || k.Against != s.Costs[0].Against
	})
	list := &section{most: maxCosts, more: andMore("paths whose costs differ")}
	if len(s.Costs) > 0 {
		list.heading = []string{cutEnd(costHeading(s.Costs[0], several), width)}
	}
	var table [][]string
	widths := make([]int, 3)
	for _, k := range s.Costs {
		low, high := k.Range()
		by := factor(high)
		if low != high {
			by = strings.TrimSuffix(factor(low), "×") + "…" + by
		}
		row := []string{k.Path, "", verdictMarks[k.Verdict] + " " + by}
		if several {
			row[1] = k.Kernel
		}
		for j, text := range row {
			widths[j] = max(widths[j], visible(text))
		}
		table = append(table, row)
	}
	widths[0], widths[1] = min(widths[0], max(narrowest, width/3)), min(widths[1], max(narrowest, width/4))
	for i, row := range table {
		line := "  "
		for j, text := range row {
			if widths[j] > 0 {
				line += pad(cut(text, widths[j]), widths[j]) + strings.Repeat(" ", gap)
			}
		}
		list.items = append(list.items, []string{strings.TrimRight(cutEnd(line+took(s.Costs[i], width-visible(line)), width), " ")})
	}
	return list
}

func costHeading(k summary.Cost, several bool) string {
	if several {
		return "Costs that differ from the base's or baseline's; what a pass took (there):"
	}
	return fmt.Sprintf("Costs of %s over %s; what a pass took (there):", k.Kernel, k.Against.Name)
}

// taken are the counters that say what a pass took, by their words, in the order in which
// they are told.
var taken = []struct{ counter, words string }{
	{cost.CounterRead, "%s KiB read"}, {cost.CounterMajorFaults, "%s major faults"}, {cost.CounterResident, "%s pages cached"}, {cost.CounterMinorFaults, "%s faults"},
	{"refaults", "%s refaults"}, {"pages_copied", "%s copied"}, {"pages_moved", "%s moved"}, {"instructions", "%s instructions"},
}

// took says what a pass took, and in brackets what it took of the other: of the cost that
// differs most, as much as a width holds.
func took(k summary.Cost, width int) string {
	d := k.Deltas[0]
	text := ""
	add := func(part string) {
		if more := strings.TrimPrefix(text+", "+part, ", "); visible(more) <= width {
			text = more
		}
	}
	number := func(v *float64) string {
		if v == nil {
			return "0"
		}
		return fmt.Sprintf("%.4g", *v)
	}
	for _, t := range taken {
		for _, n := range d.Counters {
			value, other := n.Value, n.Other
			if r := d.Reads; r != nil && t.counter == cost.CounterRead {
				value, other = &r.Value, &r.Other
			}
			if n.Name == t.counter {
				add(fmt.Sprintf(t.words, number(value)) + " (" + number(other) + ")")
			}
		}
		if t.counter == cost.CounterRead && d.Reads == nil {
			if v := readAlike(d); v != "" {
				add(v)
			}
		}
	}
	return text
}

// readAlike says what a pass read from the disk that reads as much of the other; "" where
// that is nothing.
func readAlike(d compare.RowDelta) string {
	if d.KiBRead < cost.LeastRead {
		return ""
	}
	return fmt.Sprintf("%.4g KiB read, as the other", d.KiBRead)
}
