package report

import (
	"strings"

	"kmatrix/matrix/compare"
)

// compactness is how much is left out of the cells of a table, or folded, so that its
// columns go to a second block only when there is no other way.
type compactness int

const (
	// compactNot leaves nothing out.
	compactNot compactness = iota
	// compactDetails leaves out what wide tables say beside.
	compactDetails
	// compactUnits has the unit of costs in the line of their group.
	compactUnits
	// compactCells leaves numbers of bytes out, and folds long names of kernels.
	compactCells
)

// wide reports whether cells say more than they must.
func (o Options) wide() bool { return o.Width >= wideFrom && o.compact < compactDetails }

// fit lays the table out, in as few blocks as can be, and returns how much it leaves out:
// no more than that takes, and nothing where all is to be listed.
func fit(doc Document) (t grid, blocks [][]int, compact compactness) {
	t = layout(doc)
	blocks = t.blocks(doc.Options.Width)
	for level := compactDetails; level <= compactCells && len(blocks) > 1 && !doc.Options.All; level++ {
		doc.Options.compact = level
		other := layout(doc)
		if fewer := other.blocks(doc.Options.Width); len(fewer) < len(blocks) {
			t, blocks, compact = other, fewer, level
		}
	}
	return t, blocks, compact
}

// oneUnit returns the unit of the costs of rows, "" where they have several, or none.
func oneUnit(rows []compare.Row) string {
	unit := ""
	for _, r := range rows {
		for _, cell := range r.Cells {
			s := cell.Sample()
			switch {
			case s == nil:
			case unit == "":
				unit = s.Unit
			case s.Unit != unit:
				return ""
			}
		}
	}
	return unit
}

// longName is from how many characters on a kernel's name is folded.
const longName = 12

// folded breaks the long lines of a heading at their hyphens.
func folded(heading string) string {
	var lines []string
	for line := range strings.SplitSeq(heading, "\n") {
		for visible(line) > longName {
			at := strings.LastIndexByte(line[:min(len(line), longName)], '-')
			if at < 1 {
				break
			}
			lines, line = append(lines, line[:at+1]), line[at+1:]
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "\n")
}
