package report

import (
	"bytes"
	"fmt"
	"strings"

	"kmatrix/matrix/summary"
)

const (
	// summaryLines is how many lines a summary has at most, and summaryWidth how wide
	// they are where there is no terminal.
	summaryLines = 25
	summaryWidth = 80
	// maxFamilies and maxCosts are how many of them it tells at most, and leastPoints and
	// maxPoints how many sentences.
	maxFamilies, maxCosts  = 8, 8
	leastPoints, maxPoints = 3, 6
	// pointLines is how many lines a sentence has at most, and fewerLines where there are
	// more than manyKernels, which take the room.
	pointLines, fewerLines, manyKernels = 3, 2, 8
)

// section is a part of a summary: a heading, and items of one or several lines, of which
// as many are shown as there is room for.
type section struct {
	heading []string
	items   [][]string
	shown   int
	// most is how many items are shown at most; 0 is all.
	most int
	// more says what is left out: "… and 3 more"; nil where that is not said.
	more func(left int) string
	// foot stands below the items.
	foot []string
}

// lines is how many lines the section has.
func (s *section) lines() int {
	if s.shown == 0 {
		return 0
	}
	n := len(s.heading) + len(s.foot)
	for _, item := range s.items[:s.shown] {
		n += len(item)
	}
	if s.shown < len(s.items) && s.more != nil {
		n++
	}
	return n
}

// limit is how many items can be shown.
func (s *section) limit() int {
	if s.most > 0 {
		return min(s.most, len(s.items))
	}
	return len(s.items)
}

// write writes what is shown.
func (s *section) write(b *bytes.Buffer) {
	if s.shown == 0 {
		return
	}
	lines := append([]string(nil), s.heading...)
	for _, item := range s.items[:s.shown] {
		lines = append(lines, item...)
	}
	if left := len(s.items) - s.shown; left > 0 && s.more != nil {
		lines = append(lines, s.more(left))
	}
	for _, line := range append(lines, s.foot...) {
		b.WriteString(line + "\n")
	}
}

// room shares lines among sections: each step of the plan shows one more item of a
// section, as often as it says, where that fits.
func room(sections []*section, plan []step) {
	used := func() (n int) {
		for _, s := range sections {
			n += s.lines()
		}
		return n
	}
	for _, p := range plan {
		for i := 0; i < p.times && p.of.shown < p.of.limit(); i++ {
			if p.of.shown++; used() > summaryLines {
				p.of.shown--
				break
			}
		}
	}
}

type step struct {
	of    *section
	times int
}

// summarise writes what the run comes to, in at most [summaryLines] lines: the kernels,
// the families and the costs that differ, and what that means.
func summarise(b *bytes.Buffer, doc Document) {
	if doc.Options.Width == 0 {
		doc.Options.Width = summaryWidth
	}
	s := summary.Of(doc.Comparison, doc.Results)
	kernels, families := kernelSection(doc, s), familySection(doc, s)
	costs, points := costSection(doc, s), pointSection(doc, s)
	sections := []*section{kernels, families, costs, points}
	// First the least of each, then every kernel, then by turns.
	plan := []step{{points, leastPoints}, {kernels, 4}, {families, 2}, {costs, 1}, {kernels, len(kernels.items)}}
	for range maxFamilies {
		plan = append(plan, step{families, 1}, step{costs, 1}, step{points, 1})
	}
	room(sections, plan)
	blank := summaryLines
	for _, of := range sections {
		blank -= of.lines()
	}
	for i, of := range sections {
		if i > 0 && of.shown > 0 && blank > 0 {
			b.WriteString("\n")
			blank--
		}
		of.write(b)
	}
}

// andMore says how many items are left out.
func andMore(what string) func(int) string {
	return func(left int) string { return fmt.Sprintf("  … and %d more %s", left, what) }
}

// cut shortens a text to a width, in its middle, since names differ at either end.
func cut(s string, width int) string {
	r := []rune(s)
	if len(r) <= width {
		return s
	}
	if width < 4 {
		return string(r[:max(0, width)])
	}
	tail := (width - 1) / 3
	return string(r[:width-1-tail]) + "…" + string(r[len(r)-tail:])
}

// cutEnd shortens a line to a width, at its end.
func cutEnd(s string, width int) string {
	r := []rune(s)
	if len(r) <= width {
		return s
	}
	return strings.TrimRight(string(r[:max(0, width-1)]), " ,;(") + "…"
}

// pad fills a text up to a width.
func pad(s string, width int) string {
	return s + strings.Repeat(" ", max(0, width-visible(s)))
}
