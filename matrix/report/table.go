package report

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"

	"kmatrix/matrix"
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
	_, err := io.WriteString(w, harmless(string(trimLines(b.Bytes())), doc.Options.Colour))
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

// wideFrom is the width in columns from which on cells say more.
const wideFrom = 120

// layout turns the comparison into text.
func layout(doc Document) grid {
	c, o := doc.Comparison, doc.Options
	var g grid
	for i := range c.Columns {
		g.header = append(g.header, heading(c, i, o.Width < PlainWidth))
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

// heading names a column: its name, its version, and what it is. One that has no
// answer says so here, since its cells need not be shown: why stands under the
// table. Where room is short, a kernel that is unavailable takes little. A column
// whose costs are compared with its base's is on that one.
func heading(c compare.Comparison, column int, short bool) string {
	col := c.Columns[column]
	lines := []string{col.Name, col.Version}
	switch state := noAnswer(c, column); {
	case state == string(matrix.Unavailable) && short:
		lines[1] = "–"
	case state != "" && (col.Absent() || col.Version == ""):
		lines[1] = state
	case state != "":
		lines = append(lines, state)
	}
	if col.Baseline {
		lines = append(lines, "baseline")
	}
	if base := c.BaseOf(column); base >= 0 && !c.Columns[base].Baseline && !col.Absent() {
		lines = append(lines, "on "+col.Base)
	}
	return strings.Join(lines, "\n")
}

// noAnswer says why a column has no answer, in a word where one will do; "" of a
// column that has one, or whose results are still to come.
func noAnswer(c compare.Comparison, column int) string {
	u := c.Untested(column)
	switch outcomes := u.Outcomes(); {
	case !u.All:
		return ""
	case len(outcomes) == 1:
		return string(outcomes[0])
	}
	return "no answer"
}

// group adds the rows of one group. Those that are the same everywhere come down
// to a line; of the others, rows whose cells are alike share one.
func (g *grid) group(c compare.Comparison, rows []compare.Row, group string, o Options) {
	var uniform []compare.Row
	var lines [][]compare.Row
	at := map[string]int{}
	several := len(present(c)) > 1
	for _, r := range rows {
		key, alike := likeness(c, r, group, o)
		switch n, ok := at[key]; {
		case !o.All && several && r.Uniform(c.Columns):
			uniform = append(uniform, r)
		case alike && ok:
			lines[n] = append(lines[n], r)
		default:
			at[key] = len(lines)
			lines = append(lines, []compare.Row{r})
		}
	}
	for _, alike := range lines {
		g.line(c, alike, rows, group, o)
	}
	g.uniform(c, uniform)
}

// likeness is equal for rows that can share a line, which costs cannot: rows of
// one machine whose names begin alike and whose cells show the same.
func likeness(c compare.Comparison, r compare.Row, group string, o Options) (key string, can bool) {
	first, _, _ := strings.Cut(strings.TrimPrefix(r.Probe, group+"/"), "/")
	key = first + " " + r.Machine
	for i, cell := range r.Cells {
		if cell.Sample() != nil {
			return r.Probe + " " + r.Machine, false
		}
		key += "|" + text(c, i, cell, Options{live: o.live}) + " " + cell.State() + failing(cell)
	}
	return key, !o.All
}

// failing names the tests that failed in a cell: rows of which others did are
// not alike.
func failing(cell compare.Cell) string {
	if len(cell.Results) == 0 || cell.Results[0].Test == nil {
		return ""
	}
	return strings.Join(cell.Results[0].Test.Failing, ",")
}

// line adds one line for rows that are alike; the first is shown. rows are all of
// the group, which decide how the names are said.
func (g *grid) line(c compare.Comparison, alike, rows []compare.Row, group string, o Options) {
	on := ""
	if alike[0].Machines > 1 {
		on = " on " + alike[0].Machine
	}
	if len(alike) > 1 {
		// Offsets need not be the same.
		o.Width = min(o.Width, wideFrom-1)
	}
	var row gridRow
	for i, cell := range alike[0].Cells {
		row.cells = append(row.cells, paint(cell, text(c, i, cell, o), o.Colour))
	}
	for _, name := range compare.Cover(names(alike, group), names(rows, group)) {
		row.label = "  " + name + on
		g.rows = append(g.rows, row)
		row.cells = nil
	}
}

// names lists the rows' probes below their group, each once.
func names(rows []compare.Row, group string) []string {
	var list []string
	for _, r := range rows {
		list = append(list, strings.TrimPrefix(r.Probe, group+"/"))
	}
	return slices.Compact(list)
}

// uniform adds the line that counts rows that are the same everywhere.
func (g *grid) uniform(c compare.Comparison, rows []compare.Row) {
	var words []string
	counts := map[string]int{}
	everywhere := "every kernel"
	for _, r := range rows {
		if slices.ContainsFunc(r.Cells, func(cell compare.Cell) bool { return !cell.Answered() }) {
			everywhere = "all that answered"
		}
		word := word(r)
		if counts[word]++; counts[word] == 1 {
			words = append(words, word)
		}
	}
	for i, word := range words {
		words[i] = fmt.Sprintf("%d %s", counts[word], word)
	}
	if len(rows) > 0 {
		g.rows = append(g.rows, gridRow{label: fmt.Sprintf("  %d more, the same on %s: %s", len(rows), everywhere, strings.Join(words, ", "))})
	}
}

// present lists the columns that have an answer, or may still get one.
func present(c compare.Comparison) []int {
	var list []int
	for i := range c.Columns {
		if !c.Untested(i).All {
			list = append(list, i)
		}
	}
	return list
}

// word is the class, without counts, that a uniform row shows.
func word(r compare.Row) string {
	state := r.Cells[slices.IndexFunc(r.Cells, compare.Cell.Answered)].State()
	if f := strings.Fields(state); len(f) == 2 && f[0] != "exit" && strings.Trim(f[1], "0123456789") == "" {
		return f[0]
	}
	return state
}

// text is what a cell says, with its marks.
func text(c compare.Comparison, column int, cell compare.Cell, o Options) string {
	wide := o.Width >= wideFrom
	switch {
	case c.Columns[column].Absent():
		return "–"
	case len(cell.Results) == 0 && o.live:
		return "…"
	case len(cell.Results) == 0:
		return "–"
	}
	s := cell.State()
	if cell.Sample() != nil {
		text := cost(c, column, cell, wide)
		if s != "" {
			text += ", " + s // of other boots
		}
		return text
	}
	if seen := cell.Results[0].Observation; wide && seen != nil && seen.FirstOffset >= 0 && !cell.Flaky() && !strings.HasPrefix(cell.Results[0].Probe, "stress/") {
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
	if m := verdictMarks[cell.Verdict]; m != "" {
		return s + " " + m
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
	case cell.Verdict == compare.Differs, cell.Verdict == compare.Worse, cell.Verdict == compare.Better:
		return yellow + s + reset
	}
	return s
}
