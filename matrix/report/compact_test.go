package report

import (
	"bytes"
	"strings"
	"testing"

	"kmatrix/matrix"
)

// TestColumnsAreCompactBeforeTheyGoToAnotherBlock narrows a table: it has one block for as
// long as it can, and says no less than it must.
func TestColumnsAreCompactBeforeTheyGoToAnotherBlock(t *testing.T) {
	f, _ := Lookup("table")
	doc := odd(6, []string{"cost/a-path/64k", "stability/splice/punch/xfs/dirty"}, "k1", func(k int, p string) matrix.Result {
		if strings.HasPrefix(p, "cost/") {
			return costed(1.234+float64(k), 0)
		}
		return sawClass([]matrix.Class{matrix.Stable, matrix.Zeroed}[k%2])
	})
	for width, want := range map[int]struct {
		blocks  int
		compact compactness
	}{
		80: {2, compactCells}, 90: {1, compactCells}, 200: {1, compactDetails}, 260: {1, compactNot},
	} {
		doc.Options = Options{Width: width}
		var b bytes.Buffer
		if err := f.Write(&b, doc); err != nil {
			t.Fatal(err)
		}
		_, table, _ := strings.Cut(b.String(), "\n\n"+strings.Repeat(" ", 5))
		table, _, _ = strings.Cut(table, "What differs:")
		if n := strings.Count(table, "───\n"); n != want.blocks {
			t.Errorf("%d columns: %d blocks, want %d\n%s", width, n, want.blocks, table)
		}
		for text, level := range map[string]compactness{"1.23 insn/B": compactUnits, "zeroed 4096": compactCells, "zeroed 4096 @": compactDetails} {
			if has := strings.Contains(table, text); has != (want.compact < level) {
				t.Errorf("%d columns: that it has %q is %v\n%s", width, text, has, table)
			}
		}
		if has := strings.Contains(table, "\ncost, insn/B\n"); has != (want.compact >= compactUnits) {
			t.Errorf("%d columns: that the group has the unit is %v\n%s", width, has, table)
		}
	}
}

// TestHeadingsAreFolded at hyphens, where they have any.
func TestHeadingsAreFolded(t *testing.T) {
	for heading, want := range map[string]string{
		"6.1\n6.1.192-2":           "6.1\n6.1.192-2",
		"splice-fix-corruption\nx": "splice-fix-\ncorruption\nx",
		"averylongnameofakernel":   "averylongnameofakernel",
		"splice-always-copies":     "splice-\nalways-\ncopies",
	} {
		if got := folded(heading); got != want {
			t.Errorf("%q is folded as %q, want %q", heading, got, want)
		}
	}
}
