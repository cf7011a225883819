package report

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"

	"kmatrix/matrix/compare"
)

// tableFormat is the comparison for a terminal.
type tableFormat struct{}

func init() { register(tableFormat{}) }

// Name is what users call it.
func (tableFormat) Name() string { return "table" }

// Write writes the table and, below it, what differs, what is missing, and how
// it was made.
func (tableFormat) Write(w io.Writer, doc Document) error {
	if doc.Options.Width == 0 {
		doc.Options.Width = PlainWidth
	}
	var b bytes.Buffer
	t := layout(doc)
	for _, block := range t.blocks(doc.Options.Width) {
		if err := t.render(&b, block); err != nil {
			return fmt.Errorf("write the table: %w", err)
		}
	}
	notes(&b, doc)
	_, err := w.Write(trimLines(b.Bytes()))
	return err
}

// trimLines takes blanks off the ends of lines.
func trimLines(text []byte) []byte {
	var out bytes.Buffer
	for line := range strings.Lines(string(text)) {
		out.WriteString(strings.TrimRight(line, " \n"))
		out.WriteByte('\n')
	}
	return out.Bytes()
}

// layout turns the comparison into text.
func layout(doc Document) grid {
	c, o := doc.Comparison, doc.Options
	var g grid
	for _, col := range c.Columns {
		g.header = append(g.header, heading(col, o.Width < PlainWidth))
	}
	for i := 0; i < len(c.Rows); {
		group := c.Rows[i].Group()
		end := i
		for end < len(c.Rows) && c.Rows[end].Group() == group {
			end++
		}
		g.rows = append(g.rows, gridRow{label: group})
		g.group(c, c.Rows[i:end], group, o)
		i = end
	}
	return g
}

// heading names a column: its name, its version, and what it is. Where room is
// short, a column that is not there takes little: why stands under the table.
func heading(col compare.Column, short bool) string {
	lines := []string{col.Name, col.Version}
	switch {
	case col.Absent() && short:
		lines[1] = "–"
	case col.Absent():
		lines[1] = string(col.Outcome)
	}
	if col.Baseline {
		lines = append(lines, "baseline")
	}
	return strings.Join(lines, "\n")
}

// group adds the rows of one group; those that are the same everywhere come
// down to a line.
func (g *grid) group(c compare.Comparison, rows []compare.Row, group string, o Options) {
	var folded []string
	counts := map[string]int{}
	everywhere := "every kernel"
	for _, r := range rows {
		for i, cell := range r.Cells {
			if c.Columns[i].Absent() || !cell.Answered() {
				everywhere = "all that answered"
			}
		}
		if !o.All && len(present(c)) > 1 && r.Uniform(c.Columns) {
			word := word(r)
			if counts[word]++; counts[word] == 1 {
				folded = append(folded, word)
			}
			continue
		}
		row := gridRow{label: "  " + strings.TrimPrefix(r.Probe, group+"/")}
		if r.Machines > 1 {
			row.label += " on " + r.Machine
		}
		for i, cell := range r.Cells {
			row.cells = append(row.cells, paint(cell, text(c, i, cell, o), o.Colour))
		}
		g.rows = append(g.rows, row)
	}
	total := 0
	for i, word := range folded {
		total += counts[word]
		folded[i] = fmt.Sprintf("%d %s", counts[word], word)
	}
	if total > 0 {
		g.rows = append(g.rows, gridRow{label: fmt.Sprintf("  %d more, the same on %s: %s", total, everywhere, strings.Join(folded, ", "))})
	}
}

// present lists the columns that are there.
func present(c compare.Comparison) []int {
	var list []int
	for i, col := range c.Columns {
		if !col.Absent() {
			list = append(list, i)
		}
	}
	return list
}

// word is the class, without counts, that a uniform row shows.
func word(r compare.Row) string {
	state := r.Cells[slices.IndexFunc(r.Cells, compare.Cell.Answered)].State()
	if f := strings.Fields(state); len(f) == 2 && strings.Trim(f[1], "0123456789") == "" {
		return f[0]
	}
	return state
}

// text is what a cell says. The mark ≠ stands where it differs from the
// baseline, ~ where a sample is only indicative, † where its kernel's costs are
// not comparable with the baseline's.
func text(c compare.Comparison, column int, cell compare.Cell, o Options) string {
	wide := o.Width >= 120
	switch {
	case c.Columns[column].Absent():
		return "–"
	case len(cell.Results) == 0 && o.live:
		return "…"
	case len(cell.Results) == 0:
		return "–"
	}
	s := cell.State()
	if sample := cell.Sample(); sample != nil {
		s = fmt.Sprintf("%.3g %s", sample.Value, sample.Unit)
		if wide && sample.High > 0 {
			s += fmt.Sprintf(" (%.3g…%.3g)", sample.Low, sample.High)
		}
		marks := ""
		if sample.Indicative {
			marks += "~"
		}
		if !c.CostComparable(column) {
			marks += "†"
		}
		return strings.TrimSpace(s + " " + marks)
	}
	if seen := cell.Results[0].Observation; wide && seen != nil && seen.FirstOffset >= 0 && !cell.Flaky() {
		s += fmt.Sprintf(" @%d", seen.FirstOffset)
	}
	if strings.HasPrefix(s, "stable") || cell.Results[0].Observation == nil {
		return mark(s, cell)
	}
	if !wide && strings.HasPrefix(s, "changed ") {
		// Every byte that was changed arrives changed: the count says no more.
		s = "changed"
	}
	return mark(s, cell)
}

func mark(s string, cell compare.Cell) string {
	if cell.Verdict == compare.Differs {
		return s + " ≠"
	}
	return s
}

const yellow, red, reset = "\x1b[33m", "\x1b[31m", "\x1b[0m"

// paint colours a cell by its verdict.
func paint(cell compare.Cell, s string, colour bool) string {
	if !colour || len(cell.Results) == 0 {
		return s
	}
	switch {
	case cell.Results[0].Outcome != "pass" && cell.Results[0].Outcome != "unsupported":
		return red + s + reset
	case cell.Verdict == compare.Differs:
		return yellow + s + reset
	}
	return s
}
