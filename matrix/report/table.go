package report

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/olekukonko/tablewriter"
	"github.com/olekukonko/tablewriter/renderer"
	"github.com/olekukonko/tablewriter/tw"

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

// grid is the table as text, before it is cut to the width.
type grid struct {
	header []string
	rows   []gridRow
}

// gridRow is one line; one without cells stands alone.
type gridRow struct {
	label string
	cells []string
}

// gap is between columns.
const gap = 2

// layout turns the comparison into text.
func layout(doc Document) grid {
	c, o := doc.Comparison, doc.Options
	wide := o.Width >= 120
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
		g.group(c, c.Rows[i:end], group, o, wide)
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
func (g *grid) group(c compare.Comparison, rows []compare.Row, group string, o Options, wide bool) {
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
			row.cells = append(row.cells, paint(cell, text(c, i, cell, wide), o.Colour))
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
func text(c compare.Comparison, column int, cell compare.Cell, wide bool) string {
	if c.Columns[column].Absent() || len(cell.Results) == 0 {
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
	if o := cell.Results[0].Observation; wide && o != nil && o.FirstOffset >= 0 && !cell.Flaky() {
		s += fmt.Sprintf(" @%d", o.FirstOffset)
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

// paint colours a cell by its verdict.
func paint(cell compare.Cell, s string, colour bool) string {
	if !colour || len(cell.Results) == 0 {
		return s
	}
	const yellow, red, reset = "\x1b[33m", "\x1b[31m", "\x1b[0m"
	switch {
	case cell.Results[0].Outcome != "pass" && cell.Results[0].Outcome != "unsupported":
		return red + s + reset
	case cell.Verdict == compare.Differs:
		return yellow + s + reset
	}
	return s
}

// blocks cuts the columns into tables that fit the width, at least one column
// each.
func (g grid) blocks(width int) [][]int {
	label := 0
	for _, r := range g.rows {
		if r.cells != nil {
			label = max(label, visible(r.label))
		}
	}
	var all [][]int
	var block []int
	left := width - label
	for i := range g.header {
		need := gap
		for line := range strings.SplitSeq(g.header[i], "\n") {
			need = max(need, visible(line)+gap)
		}
		for _, r := range g.rows {
			if r.cells != nil {
				need = max(need, visible(r.cells[i])+gap)
			}
		}
		if need > left && len(block) > 0 {
			all, block, left = append(all, block), nil, width-label
		}
		block, left = append(block, i), left-need
	}
	return append(all, block)
}

// visible is the width of text on a terminal, without colour.
func visible(s string) int {
	n := utf8.RuneCountInString(s)
	for _, code := range []string{"\x1b[33m", "\x1b[31m", "\x1b[0m"} {
		n -= strings.Count(s, code) * len(code)
	}
	return n
}

// render writes the table of some columns. Lines without cells are written
// between the tables' parts, so that no column grows by them.
func (g grid) render(w io.Writer, columns []int) error {
	var b bytes.Buffer
	t := tablewriter.NewTable(&b,
		tablewriter.WithRenderer(renderer.NewBlueprint(tw.Rendition{
			Borders: tw.BorderNone, Symbols: tw.NewSymbols(tw.StyleLight),
			Settings: tw.Settings{
				Separators: tw.Separators{BetweenColumns: tw.Off, BetweenRows: tw.Off, ShowHeader: tw.On},
				Lines:      tw.Lines{ShowHeaderLine: tw.On},
			},
		})),
		tablewriter.WithHeaderAutoFormat(tw.Off), tablewriter.WithHeaderAlignment(tw.AlignLeft), tablewriter.WithRowAlignment(tw.AlignLeft),
		tablewriter.WithHeaderAutoWrap(tw.WrapNone), tablewriter.WithRowAutoWrap(tw.WrapNone), tablewriter.WithTrimSpace(tw.Off),
		tablewriter.WithPadding(tw.Padding{Left: "", Right: strings.Repeat(" ", gap), Overwrite: true}),
	)
	header := []string{""}
	for _, i := range columns {
		header = append(header, g.header[i])
	}
	t.Header(header)
	for _, r := range g.rows {
		row := []string{r.label}
		if r.cells == nil {
			row[0] = ""
		}
		for _, i := range columns {
			if r.cells != nil {
				row = append(row, r.cells[i])
			} else {
				row = append(row, "")
			}
		}
		if err := t.Append(row); err != nil {
			return err
		}
	}
	if err := t.Render(); err != nil {
		return err
	}
	return g.weave(w, b.String())
}

// weave puts the lines without cells where the table has left them empty. The
// lines of the header come first: the last of them is the rule.
func (g grid) weave(w io.Writer, table string) error {
	lines := strings.Split(strings.TrimRight(table, "\n"), "\n")
	body := len(lines) - len(g.rows)
	if body < 0 {
		return fmt.Errorf("the table has %d lines for %d rows", len(lines), len(g.rows))
	}
	for i, line := range lines {
		if i >= body && g.rows[i-body].cells == nil {
			line = g.rows[i-body].label
		}
		if i == body-1 {
			// The rule is under the last column's gap, too.
			line = strings.TrimSuffix(line, strings.Repeat("─", gap))
		}
		if _, err := fmt.Fprintln(w, line); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintln(w)
	return err
}
