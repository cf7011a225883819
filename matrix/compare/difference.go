package compare

import (
	"cmp"
	"slices"

	"kmatrix/matrix"
)

// Difference is a finding of behaviour: rows in which the same columns show the same,
// and some another thing than the others, or boots that disagree.
type Difference struct {
	// Verdict is [matrix.VerdictDiffers] where a column of one of the rows is shown to differ from
	// the baseline, else [matrix.VerdictInconclusive] or, with
	// no baseline, [matrix.NoVerdict].
	Verdict matrix.Verdict
	Rows    []Row
	// Answers are what the columns show, those that were answered, in their order.
	Answers []Answer
	// Exact reports that the rows agree on bytes and offsets, too, and that so do
	// the columns of each answer; the answers have these then.
	Exact bool
}

// Answer is what some columns show together.
type Answer struct {
	// Columns are their indexes, ascending.
	Columns []int
	Shown
}

// Shown is what a cell shows in a finding. At most one of Split, Test, Class and
// Measured is set; where none is, Outcome says what became of it.
type Shown struct {
	// Split is of boots that disagree.
	Split *Split
	Test  *matrix.Test
	// Class is what a stability or a stress probe saw, as in [State]; Kind tells the
	// two apart. The counts beside it are 0, and FirstOffset -1, unless the answer is
	// exact.
	Kind                        matrix.ProbeKind
	Class                       matrix.Class
	New, Zero, Clobbered, Other int64
	Bytes                       int64
	FirstOffset                 int64
	// Source is what became of the source where that is not intact; else "".
	Source matrix.SourceState
	// Measured tells that it is a cost.
	Measured bool
	Outcome  matrix.Outcome
}

// Split is how boots disagree.
type Split struct {
	// Rates are of those that were answered, and Unanswered counts the others.
	Rates      []Rate
	Unanswered int
	// P is that of Fisher's test where the rates are shown to differ from the
	// baseline's; else nil. Need is as in [Cell].
	P    *float64
	Need int
}

// equal reports whether two cells show the same.
func (s Shown) equal(o Shown) bool {
	if !s.Split.equal(o.Split) || (s.Test == nil) != (o.Test == nil) || s.Test != nil && !s.Test.Equal(*o.Test) {
		return false
	}
	s.Split, s.Test, o.Split, o.Test = nil, nil, nil, nil
	return s == o
}

func (s *Split) equal(o *Split) bool {
	if s == nil || o == nil {
		return s == o
	}
	if (s.P == nil) != (o.P == nil) || s.P != nil && *s.P != *o.P {
		return false
	}
	return s.Unanswered == o.Unanswered && s.Need == o.Need && slices.Equal(s.Rates, o.Rates)
}

// Differences lists the findings of behaviour: one for all rows in which the same
// columns show the same, the worst first, and of equal ones that of most rows.
func (c Comparison) Differences() []Difference {
	var list []Difference
	for _, r := range c.Rows {
		if !slices.ContainsFunc(r.Cells, func(cell Cell) bool { return cell.Verdict == matrix.VerdictDiffers || cell.Flaky() }) {
			continue
		}
		answers := c.answers(r, false)
		i := slices.IndexFunc(list, func(d Difference) bool { return sameAnswers(d.Answers, answers) })
		if i < 0 {
			list, i = append(list, Difference{Answers: answers}), len(list)
		}
		list[i].Rows = append(list[i].Rows, r)
	}
	for i := range list {
		d := &list[i]
		d.Verdict = verdictOf(d.Rows)
		exact := c.answers(d.Rows[0], true)
		if d.Exact = len(exact) == len(d.Answers) && !slices.ContainsFunc(d.Rows, func(r Row) bool { return !sameAnswers(c.answers(r, true), exact) }); d.Exact {
			d.Answers = exact
		}
	}
	slices.SortStableFunc(list, func(a, b Difference) int {
		return cmp.Or(gravity(b.Rows[0])-gravity(a.Rows[0]), len(b.Rows)-len(a.Rows))
	})
	return list
}

// verdictOf returns the verdict that says most of any cell of the rows.
func verdictOf(rows []Row) matrix.Verdict {
	v := matrix.NoVerdict
	for _, r := range rows {
		for _, cell := range r.Cells {
			switch {
			case cell.Verdict == matrix.VerdictDiffers:
				return matrix.VerdictDiffers
			case cell.Verdict == matrix.VerdictInconclusive && len(cell.Deltas) == 0:
				v = matrix.VerdictInconclusive
			}
		}
	}
	return v
}

// answers groups the columns of a row by what they show; exact tells whether bytes and
// offsets are part of that.
func (c Comparison) answers(r Row, exact bool) []Answer {
	var list []Answer
	for i, cell := range r.Cells {
		if c.Columns[i].Absent() || !cell.Answered() {
			continue
		}
		s := shown(cell, exact)
		at := slices.IndexFunc(list, func(a Answer) bool { return a.equal(s) })
		if at < 0 {
			list, at = append(list, Answer{Shown: s}), len(list)
		}
		list[at].Columns = append(list[at].Columns, i)
	}
	return list
}

func sameAnswers(a, b []Answer) bool {
	return slices.EqualFunc(a, b, func(x, y Answer) bool { return slices.Equal(x.Columns, y.Columns) && x.equal(y.Shown) })
}

// shown returns what a cell shows, with bytes and offsets where it is to be exact. Of
// boots that agree it is what the first of them saw.
func shown(c Cell, exact bool) Shown {
	if c.Flaky() {
		return Shown{Split: c.split()}
	}
	r := c.Results[0]
	o := r.Observation
	switch {
	case r.Test != nil && (r.Outcome == matrix.Pass || r.Outcome == matrix.Fail):
		return Shown{Test: r.Test}
	case o == nil && r.Sample != nil:
		return Shown{Measured: true}
	case o == nil:
		return Shown{Outcome: r.Outcome}
	}
	class, _ := c.seen(r)
	s := Shown{Kind: matrix.Stability, Class: class, Source: c.source(r), FirstOffset: -1}
	if stress(r) {
		if s.Kind, s.Class = matrix.Stress, raced(*o); s.Class == matrix.Changed {
			return s
		}
	}
	if !exact {
		return s
	}
	switch s.Class {
	case matrix.Changed:
		s.New, s.FirstOffset = o.New, o.FirstOffset
	case matrix.Zeroed:
		s.Zero, s.FirstOffset = o.Zero+o.Clobbered, o.FirstOffset // clobbered ones where the columns are compared without
	case matrix.Mixed:
		s.New, s.Zero, s.FirstOffset = o.New, o.Zero+o.Clobbered, o.FirstOffset
	case matrix.Clobbered:
		s.New, s.Zero, s.Clobbered, s.FirstOffset = o.New, o.Zero, o.Clobbered, o.FirstOffset
	case matrix.Torn:
		s.Other, s.Bytes, s.FirstOffset = o.Other, o.Bytes, o.FirstOffset
	}
	return s
}

// split returns how a cell's boots disagree.
func (c Cell) split() *Split {
	s := &Split{Rates: c.Rates(), Unanswered: len(c.Results), Need: c.Need}
	for _, r := range c.rated() {
		s.Unanswered -= r.Count
	}
	if c.Verdict == matrix.VerdictDiffers {
		s.P = c.P
	}
	return s
}

// gravity ranks what a row shows anywhere: that bytes were lost is worse than that
// later ones came, which a reference allows, and what no contract allows is worst.
func gravity(r Row) int {
	worst := 0
	for _, cell := range r.Cells {
		for _, res := range cell.Results {
			var class matrix.Class
			if res.Observation != nil {
				class, _ = cell.seen(res)
			}
			switch {
			case !cell.Answered() || res.Outcome == matrix.Unsupported:
			case class == "" && res.Outcome != matrix.Pass, class != "" && !matrix.Reference.Allows(class):
				worst = max(worst, 3)
			case class == matrix.Zeroed || class == matrix.Mixed:
				worst = max(worst, 2)
			case class == matrix.Changed:
				worst = max(worst, 1)
			}
		}
	}
	return worst
}
