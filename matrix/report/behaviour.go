package report

import (
	"fmt"
	"strings"

	"kmatrix/matrix"
	"kmatrix/matrix/compare"
)

// maxNames is how many rows a sentence names; it counts the others.
const maxNames = 4

// differences says in a sentence each what differs in behaviour.
func differences(c compare.Comparison) []string {
	all := labels(c.Rows)
	var list []string
	for _, d := range c.Differences() {
		var answers []string
		for _, a := range d.Answers {
			answers = append(answers, columns(c, a.Columns)+": "+phrase(a.Shown, d.Exact))
		}
		list = append(list, where(d.Rows, all)+": "+strings.Join(answers, "; ")+".")
	}
	return list
}

// label returns a row's name, with its machine where it needs one.
func label(r compare.Row) string {
	if r.Machines > 1 {
		return r.Probe + " on " + r.Machine
	}
	return r.Probe
}

func labels(rows []compare.Row) []string {
	var list []string
	for _, r := range rows {
		list = append(list, label(r))
	}
	return list
}

// where names rows: by patterns where those are few, else by their number and the
// first ones. all are the labels of the run's rows.
func where(rows []compare.Row, all []string) string {
	names := compare.Cover(labels(rows), all)
	if len(names) <= maxNames {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%d probes, such as %s", len(rows), strings.Join(names[:maxNames-1], ", "))
}

// columns names columns: "5.10, 6.1 (baseline) and 6.12".
func columns(c compare.Comparison, indexes []int) string {
	var names []string
	for _, i := range indexes {
		name := c.Columns[i].Name
		if c.Columns[i].Baseline {
			name += " (baseline)"
		}
		names = append(names, name)
	}
	return joinAnd(names)
}

// phrase says what cells show as a kernel developer would, with bytes and offsets
// where it is exact.
func phrase(s compare.Shown, exact bool) string {
	if s.Source != "" {
		source := s.Source
		s.Source = ""
		return phrase(s, exact) + ", and the source is " + string(source)
	}
	switch {
	case s.Split != nil:
		return split(*s.Split)
	case s.Test != nil:
		if outcome, why := s.Test.Outcome(); outcome == matrix.Fail {
			return why
		}
		return s.Test.String()
	case s.Measured:
		return "a cost"
	case s.Class == "":
		return string(s.Outcome)
	case s.Kind == matrix.Stress && s.Class == matrix.Stable:
		return "nothing changed in a pipe"
	case s.Kind == matrix.Stress && s.Class == matrix.Changed:
		return "data changed in a pipe"
	case exact:
		return exactly(s)
	}
	switch s.Class {
	case matrix.Stable:
		return "the old data"
	case matrix.Changed:
		return "changed bytes"
	case matrix.Zeroed:
		return "zero bytes"
	case matrix.Mixed:
		return "changed and zero bytes"
	case matrix.Clobbered:
		return "bytes that the file held neither before nor after"
	case matrix.Torn:
		return "torn data"
	}
	return string(s.Class)
}

// exactly says what a stability probe saw with bytes and offsets.
func exactly(s compare.Shown) string {
	at := fmt.Sprintf("from offset %d", s.FirstOffset)
	switch s.Class {
	case matrix.Stable:
		return "the old data"
	case matrix.Changed:
		return fmt.Sprintf("%d changed bytes %s", s.New, at)
	case matrix.Zeroed:
		return fmt.Sprintf("%d zero bytes %s", s.Zero, at)
	case matrix.Mixed:
		return fmt.Sprintf("%d changed and %d zero bytes %s", s.New, s.Zero, at)
	case matrix.Clobbered:
		text := fmt.Sprintf("%d bytes that the file held neither before nor after", s.Clobbered)
		if s.Zero > 0 {
			text += fmt.Sprintf(", %d zero bytes", s.Zero)
		}
		if s.New > 0 {
			text += fmt.Sprintf(", %d changed bytes", s.New)
		}
		return text + " " + at
	case matrix.Torn:
		return fmt.Sprintf("torn data, %d bytes of %d that nobody wrote, %s", s.Other, s.Bytes, at)
	}
	return string(s.Class)
}

// split says how boots disagree.
func split(s compare.Split) string {
	var list []string
	for _, r := range s.Rates {
		list = append(list, rate(r))
	}
	if s.Unanswered > 0 {
		list = append(list, fmt.Sprintf("%d without an answer", s.Unanswered))
	}
	text := "boots disagree: " + strings.Join(list, ", ")
	switch {
	case s.P != nil:
		text += fmt.Sprintf(", other rates than the baseline's (Fisher's test, p = %.2g)", *s.P)
	case s.Need > 0:
		text += fmt.Sprintf(", not shown to differ from the baseline's; about %d boots would tell", s.Need)
	}
	return text
}

// rate says how often a state was seen, with its interval: "2 of 3 stable (9…99 %)".
func rate(r compare.Rate) string {
	return fmt.Sprintf("%d of %d %s (%.0f…%.0f %%)", r.Count, r.N, r.State, 100*r.Low, 100*r.High)
}
