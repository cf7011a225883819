package report

import (
	"fmt"
	"strings"

	"kmatrix/matrix"
	"kmatrix/matrix/compare"
	"kmatrix/matrix/summary"
)

// familySection tells the families that differ: in how many of their probes, and which
// kernels show what in these.
func familySection(doc Document, s summary.Summary) *section {
	width := doc.Options.Width
	var labels, shares []string
	of, share := 0, 0
	for _, f := range s.Families {
		labels, shares = append(labels, familyLabel(f)), append(shares, fmt.Sprintf("%d/%d", f.Differing, f.Rows))
		of, share = max(of, visible(labels[len(labels)-1])), max(share, visible(shares[len(shares)-1]))
	}
	of = min(of, max(narrowest, width*2/5))
	list := &section{heading: []string{cutEnd("What differs (of how many probes): which kernels show what, (n) in n of these", width)}, most: maxFamilies, more: andMore("families that differ")}
	for i, f := range s.Families {
		line := "  " + pad(cutEnd(labels[i], of), of) + strings.Repeat(" ", gap) + pad(shares[i], share) + strings.Repeat(" ", gap)
		list.items = append(list.items, []string{line + answers(doc.Comparison, f, width-visible(line))})
	}
	return list
}

// familyLabel names a family: "punch, zero: splice +4", "stress: pipe-churn".
func familyLabel(f summary.Family) string {
	members := firstOf(f.Members, 1)
	switch {
	case len(f.Mutations) > 0:
		return firstOf(f.Mutations, 2) + ": " + members
	case f.Kind == "":
		return members
	case f.Kind == matrix.Performance:
		return "cost: " + members
	}
	return string(f.Kind) + ": " + members
}

// answers says which kernels show what in the probes that differ, in a width: of fewer
// and fewer kernels by name.
func answers(c compare.Comparison, f summary.Family, width int) string {
	text := ""
	for _, most := range []int{len(c.Columns), 4, 3, 2, 1} {
		if text = answersOf(c, f, most); visible(text) <= width {
			return text
		}
	}
	return cutEnd(text, width)
}

func answersOf(c compare.Comparison, f summary.Family, most int) string {
	var list []string
	last := summary.Showing("")
	for _, a := range f.Worse() {
		text := some(c, a.Columns, most)
		if a.Count < f.Differing {
			text += fmt.Sprintf(" (%d)", a.Count)
		}
		if a.Showing == last {
			list[len(list)-1] += ", " + text
		} else {
			list = append(list, string(a.Showing)+": "+text)
		}
		last = a.Showing
	}
	if rest := f.Rest(); rest != summary.Stable && rest != summary.Passed || len(list) == 0 {
		list = append(list, "else "+string(rest))
	}
	return strings.Join(list, "; ")
}

// some names columns, the first of many.
func some(c compare.Comparison, columns []int, most int) string {
	var names []string
	for _, i := range columns {
		names = append(names, c.Columns[i].Name)
	}
	return firstOf(names, most)
}

// firstOf names the first of a list, and counts the others: "6.1, 6.12 +3".
func firstOf(list []string, most int) string {
	shown := list[:min(most, len(list))]
	text := strings.Join(shown, ", ")
	if n := len(list) - len(shown); n > 0 {
		text += fmt.Sprintf(" +%d", n)
	}
	return text
}
