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

func init() {
	register(Format{Name: "table", Summary: "for a terminal: what differs, and why", write: writeTable})
}

// writeTable writes the summary, then the table and, below it, what differs, what is
// missing, and how it was made.
func writeTable(w io.Writer, doc Document) error {
	var b bytes.Buffer
	summarise(&b, doc)
	if doc.Options.Summary {
		_, err := w.Write(trimLines(b.Bytes()))
		return err
	}
	b.WriteByte('\n')
	if doc.Options.Width == 0 {
		doc.Options.Width = PlainWidth
	}
	t, blocks, compact := fit(doc)
	doc.Options.compact = compact
	for _, block := range blocks {
		if err := t.render(&b, block); err != nil {
			return err
		}
	}
	if err := assessed(&b, doc); err != nil {
		return err
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

// wideFrom is the width in columns from which on cells say more.
const wideFrom = 120

// layout turns the comparison into text.
func layout(doc Document) grid {
	c, o := doc.Comparison, doc.Options
	var g grid
	for i := range c.Columns {
		head := heading(c, i, o.Width < PlainWidth)
		if o.compact >= compactCells {
			head = folded(head)
		}
		g.header = append(g.header, head)
	}
	for i := 0; i < len(c.Rows); {
		group := c.Rows[i].Group()
		end := i
		for end < len(c.Rows) && c.Rows[end].Group() == group {
			end++
		}
		label := group
		o := o
		if o.compact >= compactUnits {
			if o.unit = oneUnit(c.Rows[i:end]); o.unit != "" {
				label += ", " + o.unit
			}
		}
		g.rows = append(g.rows, gridRow{label: label})
		g.group(c, c.Rows[i:end], o)
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
func (g *grid) group(c compare.Comparison, rows []compare.Row, o Options) {
	var uniform []compare.Row
	var lines [][]compare.Row
	several := len(present(c)) > 1
	for _, r := range rows {
		if !o.All && several && r.Uniform(c.Columns) {
			uniform = append(uniform, r)
			continue
		}
		at := slices.IndexFunc(lines, func(line []compare.Row) bool { return !o.All && canShare(line[0], r) })
		if at < 0 {
			lines, at = append(lines, nil), len(lines)
		}
		lines[at] = append(lines[at], r)
	}
	for _, alike := range lines {
		g.line(c, alike, rows, o)
	}
	g.uniform(c, uniform)
}

// canShare reports whether two rows of a group can share a line, which costs cannot:
// rows of one machine whose names begin alike and whose cells show the same.
func canShare(a, b compare.Row) bool {
	one, _, _ := strings.Cut(a.InGroup(), "/")
	other, _, _ := strings.Cut(b.InGroup(), "/")
	return one == other && a.Machine == b.Machine && slices.EqualFunc(a.Cells, b.Cells, func(x, y compare.Cell) bool {
		return x.Sample() == nil && y.Sample() == nil && verdictMarks[x.Verdict] == verdictMarks[y.Verdict] && x.Same(y)
	})
}

// line adds one line for rows that are alike; the first is shown. rows are all of
// the group, which decide how the names are said.
func (g *grid) line(c compare.Comparison, alike, rows []compare.Row, o Options) {
	on := ""
	if alike[0].Machines > 1 {
		on = " on " + alike[0].Machine
	}
	if len(alike) > 1 {
		// Offsets need not be the same, nor numbers of bytes.
		o.Width = min(o.Width, wideFrom-1)
		o.uncounted = !sameBytes(alike)
	}
	var row gridRow
	for i, cell := range alike[0].Cells {
		row.cells = append(row.cells, paint(cell, text(c, i, cell, o), o.Colour))
	}
	for _, name := range compare.Cover(names(alike), names(rows)) {
		row.label = "  " + name + on
		g.rows = append(g.rows, row)
		row.cells = nil
	}
	g.usage(alike[0], o.All)
}

// names lists the rows' probes below their group, each once.
func names(rows []compare.Row) []string {
	var list []string
	for _, r := range rows {
		list = append(list, r.InGroup())
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

// word returns what a uniform row shows, without counts.
func word(r compare.Row) string {
	cell := r.Cells[slices.IndexFunc(r.Cells, compare.Cell.Answered)]
	if s, agreed := cell.State(); agreed {
		return uncounted(s)
	}
	return Shown(cell)
}

// text returns what a cell says, with its marks.
func text(c compare.Comparison, column int, cell compare.Cell, o Options) string {
	wide := o.wide()
	switch {
	case c.Columns[column].Absent():
		return "–"
	case len(cell.Results) == 0 && o.live:
		return "…"
	case len(cell.Results) == 0:
		return "–"
	}
	if cell.Sample() != nil {
		text := costText(c, column, cell, wide)
		if o.unit != "" {
			text = strings.ReplaceAll(text, " "+o.unit, "")
		}
		if s := Shown(cell); s != "" {
			text += ", " + s // of other boots
		}
		return text
	}
	s, agreed := cell.State()
	if !agreed || s.Class == "" {
		return mark(Shown(cell), cell)
	}
	text := Shown(cell)
	if o.uncounted || o.compact >= compactCells || !wide && s.Class == matrix.Changed && s.Outcome == matrix.Pass {
		// Every byte that was changed arrives changed: the count says no more.
		text = s.String()
	}
	if wide {
		text += detail(cell)
	}
	return mark(text, cell)
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
	case cell.Results[0].Outcome != matrix.Pass && cell.Results[0].Outcome != matrix.Unsupported:
		return red + s + reset
	case cell.Verdict == matrix.VerdictDiffers || cell.Verdict.CostsDiffer():
		return yellow + s + reset
	}
	return s
}
