package report

import (
	"fmt"
	"slices"
	"strings"

	"kmatrix/matrix/summary"
)

// counted classes have columns of their own; whatever else cells show is other.
var kernelColumns = []struct {
	label   string
	showing summary.Showing
	// class tells that it stands there wherever there is any class.
	class bool
}{
	{"stable", summary.Stable, true}, {"changed", summary.Changed, true}, {"zeroed", summary.Zeroed, true}, {"clobbered", summary.Clobbered, true},
	{"ok", summary.Passed, false}, {"failed", summary.Failed, false}, {"costs", summary.Measured, false},
}

// narrowest is how narrow a kernel's name is cut where room is short.
const narrowest = 12

// kernelSection has a row for each kernel, with how many of its cells show what.
func kernelSection(doc Document, s summary.Summary) *section {
	width := doc.Options.Width
	any := func(of summary.Showing) bool {
		return slices.ContainsFunc(s.Kernels, func(k summary.Kernel) bool { return k.Counts[of] > 0 })
	}
	classes := any(summary.Stable) || any(summary.Changed) || any(summary.Zeroed) || any(summary.Clobbered) || any(summary.Mixed) || any(summary.Torn)
	var labels []string
	var own []summary.Showing
	for _, k := range kernelColumns {
		if any(k.showing) || k.class && classes {
			labels, own = append(labels, k.label), append(own, k.showing)
		}
	}
	var names, versions []string
	for _, k := range s.Kernels {
		col := doc.Comparison.Columns[k.Column]
		name := col.Name
		if col.Baseline {
			name += " (baseline)"
		}
		names, versions = append(names, name), append(versions, col.Version)
	}
	longest := widest("kernel", names)
	// Where names do not fit, less and less stands beside them.
	for _, narrow := range []struct {
		gap           int
		words, folded bool
	}{{gap, true, false}, {1, true, false}, {1, false, false}, {1, false, true}} {
		if narrow.folded {
			// Tests are counted among the others.
			labels = slices.DeleteFunc(labels, func(l string) bool { return l == "failed" || l == "ok" })
			own = slices.DeleteFunc(own, func(o summary.Showing) bool { return o == summary.Failed || o == summary.Passed })
		}
		var table [][]string
		for _, k := range s.Kernels {
			table = append(table, counts(k, own, narrow.words))
		}
		heads, table := withoutEmpty(append(slices.Clone(labels), "other", "missing"), table, len(labels))
		text := aligned(heads, table, narrow.gap)
		if room := width - visible(text[0]) - gap; room >= longest || narrow.folded {
			return kernelLines(names, versions, text, room, width, others(s, own))
		}
	}
	return nil // the last of them is always taken
}

// counts are the texts of a kernel's row.
func counts(k summary.Kernel, own []summary.Showing, words bool) []string {
	var row []string
	number := func(n int) string {
		if n == 0 {
			return "."
		}
		return fmt.Sprint(n)
	}
	other := k.Answered()
	for _, of := range own {
		row, other = append(row, number(k.Counts[of])), other-k.Counts[of]
	}
	missing := number(k.Missing)
	if words && k.Missing > 0 && len(k.Why) == 1 {
		missing += " " + string(k.Why[0])
	}
	return append(row, number(other), missing)
}

// widest returns the width of the widest of texts.
func widest(head string, list []string) int {
	n := visible(head)
	for _, s := range list {
		n = max(n, visible(s))
	}
	return n
}

// withoutEmpty leaves out the columns from the given one on that say nothing.
func withoutEmpty(heads []string, table [][]string, from int) ([]string, [][]string) {
	for j := len(heads) - 1; j >= from; j-- {
		if slices.ContainsFunc(table, func(row []string) bool { return row[j] != "." }) {
			continue
		}
		heads = slices.Delete(heads, j, j+1)
		for i := range table {
			table[i] = slices.Delete(table[i], j, j+1)
		}
	}
	return heads, table
}

// aligned returns the lines of a table with its heading, numbers to the right and what is
// missing, which may have a word behind it, to the left.
func aligned(heads []string, table [][]string, gap int) []string {
	lines := make([]string, len(table)+1)
	for j, head := range heads {
		w := visible(head)
		for _, row := range table {
			w = max(w, visible(row[j]))
		}
		for i := range lines {
			text := head
			if i > 0 {
				text = table[i-1][j]
			}
			if head != "missing" {
				text = strings.Repeat(" ", w-visible(text)) + text
			} else {
				text = pad(text, w)
			}
			if j > 0 {
				text = strings.Repeat(" ", gap) + text
			}
			lines[i] += text
		}
	}
	return lines
}

// kernelLines puts names before the counts, and versions where they fit.
func kernelLines(names, versions, counts []string, room, width int, other string) *section {
	of := min(widest("kernel", names), max(room, narrowest))
	s := &section{more: andMore("kernels")}
	head := pad("kernel", of)
	version := widest("version", versions)
	if of+gap+version > room {
		version = 0
	} else {
		head += strings.Repeat(" ", gap) + pad("version", version)
	}
	s.heading = []string{cutEnd(head+strings.Repeat(" ", gap)+counts[0], width)}
	for i, name := range names {
		line := pad(cut(name, of), of)
		if version > 0 {
			line += strings.Repeat(" ", gap) + pad(versions[i], version)
		}
		s.items = append(s.items, []string{cutEnd(line+strings.Repeat(" ", gap)+counts[i+1], width)})
	}
	if other != "" {
		s.foot = []string{cutEnd(other, width)}
	}
	return s
}

// others says what is counted as other, and how often over all kernels.
func others(s summary.Summary, own []summary.Showing) string {
	var list []string
	for _, of := range summary.Showings {
		if slices.Contains(own, of) {
			continue
		}
		n := 0
		for _, k := range s.Kernels {
			n += k.Counts[of]
		}
		if n > 0 {
			list = append(list, fmt.Sprintf("%d %s", n, of))
		}
	}
	if len(list) == 0 {
		return ""
	}
	return "other: " + strings.Join(list, ", ")
}
