package compare

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"kmatrix/matrix"
)

// State is what a cell shows, in a few words: "stable", "zeroed 4096",
// "crash", "fail: changed 4096", or the classes with their counts when boots
// disagree: "stable 2, zeroed 4096 1". Two cells that show the same have the
// same state. It is "" for a cell without results or with samples.
func (c Cell) State() string {
	counts := map[string]int{}
	var order []string
	for _, r := range c.Results {
		s := state(r)
		if s == "" {
			continue
		}
		if counts[s]++; counts[s] == 1 {
			order = append(order, s)
		}
	}
	if len(order) == 0 || len(order) == 1 && c.Sample() == nil {
		return strings.Join(order, "")
	}
	slices.Sort(order)
	for i, s := range order {
		order[i] = fmt.Sprintf("%d× %s", counts[s], s)
	}
	return strings.Join(order, ", ")
}

// same reports whether two cells show the same: of tests the same ones failed.
func (c Cell) same(o Cell) bool { return c.State() == o.State() && c.sameTests(o) }

// sameTests reports whether the same tests failed in two cells.
func (c Cell) sameTests(o Cell) bool {
	a, b := c.tests(), o.tests()
	for i := range min(len(a), len(b)) {
		if !a[i].Equal(b[i]) {
			return false
		}
	}
	return true
}

// tests lists the tests of the boots.
func (c Cell) tests() (list []matrix.Test) {
	for _, r := range c.Results {
		if r.Test != nil {
			list = append(list, *r.Test)
		}
	}
	return list
}

// Flaky reports whether the boots of a cell disagree.
func (c Cell) Flaky() bool { return strings.Contains(c.State(), "× ") || c.Disagrees() }

func state(r matrix.Result) string {
	if t := r.Test; t != nil && (r.Outcome == matrix.Pass || r.Outcome == matrix.Fail) {
		return t.String()
	}
	if r.Observation == nil {
		if measured(r) {
			return ""
		}
		if r.Flaky() {
			return fmt.Sprintf("%s, then %s", r.Outcome, r.Other.Outcome)
		}
		return string(r.Outcome)
	}
	text := string(r.Observation.Class)
	if stress(r) {
		text = raced(*r.Observation)
	} else if n := touched(*r.Observation); n > 0 {
		text += fmt.Sprintf(" %d", n)
	}
	if r.Outcome != matrix.Pass {
		text = string(r.Outcome) + ": " + text
	}
	return text
}

// raced is the class of a stress probe as far as it is no chance. How often a
// race was won is, and whether what won it wrote data or zeros.
func raced(o matrix.Observation) string {
	if o.Class == matrix.Zeroed || o.Class == matrix.Mixed {
		return string(matrix.Changed)
	}
	return string(o.Class)
}

// stress tells whether it is the result of a stress probe.
func stress(r matrix.Result) bool { return strings.HasPrefix(r.Probe, "stress/") }

// touched counts the bytes that are not the old ones.
func touched(o matrix.Observation) int64 { return o.New + o.Zero + o.Other }

// Sample returns the median boot's sample of a cost; nil when the cell has
// none. Of an even number it is the lower of the two in the middle, so that it
// is one that was measured.
func (c Cell) Sample() *matrix.Sample {
	var samples []*matrix.Sample
	for _, r := range c.Results {
		if measured(r) {
			samples = append(samples, r.Sample)
		}
	}
	if len(samples) == 0 {
		return nil
	}
	slices.SortFunc(samples, func(a, b *matrix.Sample) int {
		switch {
		case a.Value < b.Value:
			return -1
		case a.Value > b.Value:
			return 1
		}
		return 0
	})
	return samples[(len(samples)-1)/2]
}

// maxNames is how many rows a finding names; it counts the others.
const maxNames = 4

// Findings says in words what differs: a sentence for all rows in which the same
// columns show the same classes: the worst first, and of equal ones that of most
// rows. Bytes and offsets are
// said where all of the rows agree on them.
func (c Comparison) Findings() []string {
	var order, all []string
	rows := map[string][]Row{}
	for _, r := range c.Rows {
		all = append(all, r.label())
		if !slices.ContainsFunc(r.Cells, func(cell Cell) bool { return cell.Verdict == Differs || cell.Flaky() }) {
			continue
		}
		s := c.sentence(r, false)
		if rows[s] == nil {
			order = append(order, s)
		}
		rows[s] = append(rows[s], r)
	}
	slices.SortStableFunc(order, func(a, b string) int {
		return cmp.Or(gravity(rows[b][0])-gravity(rows[a][0]), len(rows[b])-len(rows[a]))
	})
	var list []string
	for _, s := range order {
		exact := c.sentence(rows[s][0], true)
		if !slices.ContainsFunc(rows[s], func(r Row) bool { return c.sentence(r, true) != exact }) {
			s, rows[exact] = exact, rows[s]
		}
		list = append(list, who(rows[s], all)+": "+s+".")
	}
	return list
}

// gravity ranks what a row shows anywhere: that bytes were lost is worse than that
// later ones came, which a reference allows, and what no contract allows is worst.
func gravity(r Row) int {
	worst := 0
	for _, cell := range r.Cells {
		for _, res := range cell.Results {
			switch o := res.Observation; {
			case !cell.Answered() || res.Outcome == matrix.Unsupported:
			case o == nil && res.Outcome != matrix.Pass, o != nil && !matrix.Reference.Allows(o.Class):
				worst = max(worst, 3)
			case o != nil && (o.Class == matrix.Zeroed || o.Class == matrix.Mixed):
				worst = max(worst, 2)
			case o != nil && o.Class == matrix.Changed:
				worst = max(worst, 1)
			}
		}
	}
	return worst
}

// who names the rows: by patterns where those are few, else by their number and
// the first ones. all are the labels of the run's rows.
func who(rows []Row, all []string) string {
	var labels []string
	for _, r := range rows {
		labels = append(labels, r.label())
	}
	names := Cover(labels, all)
	if len(names) <= maxNames {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%d probes, such as %s", len(labels), strings.Join(names[:maxNames-1], ", "))
}

// label is the row's name, with its machine where it needs one.
func (r Row) label() string {
	if r.Machines > 1 {
		return r.Probe + " on " + r.Machine
	}
	return r.Probe
}

// sentence names the columns that show the same together, in their order; exact
// tells whether bytes and offsets are part of that.
func (c Comparison) sentence(r Row, exact bool) string {
	var order []string
	names := map[string][]string{}
	for i, cell := range r.Cells {
		if c.Columns[i].Absent() || !cell.Answered() {
			continue
		}
		name := c.Columns[i].Name
		if c.Columns[i].Baseline {
			name += " (baseline)"
		}
		s := phrase(cell, exact)
		if names[s] == nil {
			order = append(order, s)
		}
		names[s] = append(names[s], name)
	}
	for i, s := range order {
		list := names[s]
		who := strings.Join(list, ", ")
		if n := len(list); n > 1 {
			who = strings.Join(list[:n-1], ", ") + " and " + list[n-1]
		}
		order[i] = who + ": " + s
	}
	return strings.Join(order, "; ")
}

// answers counts the boots that were answered.
func answers(c Cell) int {
	n := 0
	for _, r := range c.rated() {
		n += r.Count
	}
	return n
}

// phrase says what a cell shows as a kernel developer would, with bytes and
// offsets where it is to be exact.
func phrase(c Cell, exact bool) string {
	if c.Flaky() {
		var list []string
		for _, r := range c.Rates() {
			list = append(list, r.String())
		}
		if n := len(c.Results) - answers(c); n > 0 {
			list = append(list, fmt.Sprintf("%d without an answer", n))
		}
		s := "boots disagree: " + strings.Join(list, ", ")
		switch {
		case c.Verdict == Differs && c.P != nil:
			s += fmt.Sprintf(", other rates than the baseline's (Fisher's test, p = %.2g)", *c.P)
		case c.Need > 0:
			s += fmt.Sprintf(", not shown to differ from the baseline's; about %d boots would tell", c.Need)
		}
		return s
	}
	r := c.Results[0]
	o := r.Observation
	if t := r.Test; t != nil && r.Outcome == matrix.Fail {
		_, why := t.Outcome()
		return why
	}
	if r.Test != nil && r.Outcome == matrix.Pass {
		return r.Test.String()
	}
	if o == nil {
		if r.Sample != nil {
			return "a cost"
		}
		return string(r.Outcome)
	}
	at := fmt.Sprintf("from offset %d", o.FirstOffset)
	switch {
	case o.Class == matrix.Stable && stress(r):
		return "nothing changed in a pipe"
	case stress(r) && raced(*o) == string(matrix.Changed):
		return "data changed in a pipe"
	}
	switch {
	case o.Class == matrix.Stable:
		return "the old data"
	case exact:
	case o.Class == matrix.Changed:
		return "changed bytes"
	case o.Class == matrix.Zeroed:
		return "zero bytes"
	case o.Class == matrix.Mixed:
		return "changed and zero bytes"
	case o.Class == matrix.Torn:
		return "torn data"
	}
	switch o.Class {
	case matrix.Changed:
		return fmt.Sprintf("%d changed bytes %s", o.New, at)
	case matrix.Zeroed:
		return fmt.Sprintf("%d zero bytes %s", o.Zero, at)
	case matrix.Mixed:
		return fmt.Sprintf("%d changed and %d zero bytes %s", o.New, o.Zero, at)
	case matrix.Torn:
		return fmt.Sprintf("torn data, %d bytes of %d that nobody wrote, %s", o.Other, o.Bytes, at)
	}
	return string(o.Class)
}
