package report

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/olekukonko/tablewriter"
	"github.com/olekukonko/tablewriter/renderer"
	"github.com/olekukonko/tablewriter/tw"
)

// grid is the table as text, before it is cut to the width.
type grid struct {
	// corner stands above the labels, header above the cells.
	corner string
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

// blocks cuts the columns into tables that fit the width, at least one column
// each.
func (g grid) blocks(width int) [][]int {
	label := visible(g.corner)
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

// visible returns the width of text on a terminal, without colour.
func visible(s string) int { return utf8.RuneCountInString(plain(s)) }

// plain takes the colour off a text.
func plain(s string) string { return colours.Replace(s) }

// colours are the codes that [paint] writes.
var colours = strings.NewReplacer(yellow, "", red, "", reset, "")

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
	header := []string{g.corner}
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
