package compare

import (
	"cmp"
	"fmt"
	"slices"

	"kmatrix/matrix"
)

// State is what a boot of a cell shows, but for what is chance. Two boots show the
// same where their states are equal; of tests also the names of those that failed
// count, see [matrix.Test.Equal]. How many bytes a stability probe saw of a class is a
// detail, see [StateCount]: it follows from how large the folios happened to be. At most
// one of Class, Test and Measured is set.
type State struct {
	// Outcome is the boot's.
	Outcome matrix.Outcome
	// Retried is what the other attempt in the same boot came to, where that was
	// another outcome; else "".
	Retried matrix.Outcome
	// Class is what a stability or a stress probe saw. How often a race was won is
	// chance, and whether what won it wrote data or zeros: of a stress probe, zeroed
	// and mixed are changed.
	Class matrix.Class
	// Source is what became of the source where it is not intact, which fails a cell;
	// else "".
	Source matrix.SourceState
	// Test is what the program of an external probe came to.
	Test matrix.TestSummary
	// Measured tells that the boot has a sample that counts. What it measured is no
	// part of the state.
	Measured bool
}

// String returns the state's label in JSON: "stable", "fail: changed", "fail: stable,
// source lost", "crash", "crash, then pass", "2 of 5 failed", "measured".
func (s State) String() string { return s.label("") }

// label returns the state's label with what is to stand behind a class.
func (s State) label(detail string) string {
	label := string(s.Class) + detail
	switch {
	case s.Measured:
		return "measured"
	case s.Test != matrix.TestSummary{}:
		return s.Test.String()
	case s.Class == "" && s.Retried != "":
		return fmt.Sprintf("%s, then %s", s.Outcome, s.Retried)
	case s.Class == "":
		return string(s.Outcome)
	}
	if s.Source != "" {
		label += ", source " + string(s.Source)
	}
	if s.Outcome != matrix.Pass {
		label = fmt.Sprintf("%s: %s", s.Outcome, label)
	}
	return label
}

// behaviour returns the state without the outcome of what has a class: whether it passes
// follows from the class, and from the contract that the kernel claims.
func (s State) behaviour() State {
	if s.Class != "" {
		s.Outcome = ""
	}
	return s
}

// MarshalText encodes the state as its label.
func (s State) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// state returns what a boot of the cell shows.
func (c Cell) state(r matrix.Result) State {
	s := State{Outcome: r.Outcome}
	switch o := r.Observation; {
	case r.Test != nil && (r.Outcome == matrix.Pass || r.Outcome == matrix.Fail):
		s.Test = r.Test.Summary()
	case o != nil && stress(r):
		s.Class = raced(*o)
	case o != nil:
		s.Class, s.Outcome = c.seen(r)
		s.Source = c.source(r)
	case measured(r):
		s.Measured = true
	case r.Flaky():
		s.Retried = r.Other.Outcome
	}
	return s
}

// notOld counts the bytes that a stability probe saw and that are not the old ones.
func notOld(r matrix.Result) int64 {
	if o := r.Observation; o != nil && !stress(r) {
		return o.New + o.Zero + o.Clobbered + o.Other
	}
	return 0
}

// raced returns the class of a stress probe as far as it is no chance.
func raced(o matrix.Observation) matrix.Class {
	if o.Class == matrix.Zeroed || o.Class == matrix.Mixed {
		return matrix.Changed
	}
	return o.Class
}

// stress reports whether it is the result of a stress probe.
func stress(r matrix.Result) bool {
	kind, _ := matrix.SplitName(r.Probe)
	return kind == matrix.Stress
}

// StateCount is a state, and in how many boots of a cell it was seen.
type StateCount struct {
	State
	Count int
	// Fewest and Most are how many bytes were not the old ones in any of these boots,
	// 0 of what has no class, and of a stress probe, of which they are chance.
	Fewest, Most int64
}

// Label returns the state's label in tables, with its bytes: "zeroed 4096", "zeroed
// 49152…901120", "fail: torn 3".
func (s StateCount) Label() string {
	switch {
	case s.Most == 0:
		return s.String()
	case s.Fewest == s.Most:
		return s.label(fmt.Sprintf(" %d", s.Most))
	}
	return s.label(fmt.Sprintf(" %d…%d", s.Fewest, s.Most))
}

// States lists the states of a cell's boots with their counts, sorted by their labels,
// but for boots with a sample that counts. It is nil for a cell without results, and
// for one that each boot measured.
func (c Cell) States() []StateCount {
	var list []StateCount
	for _, r := range c.Results {
		s := c.state(r)
		if s.Measured {
			continue
		}
		i := slices.IndexFunc(list, func(n StateCount) bool { return n.State == s })
		n := notOld(r)
		if i < 0 {
			list, i = append(list, StateCount{State: s, Fewest: n, Most: n}), len(list)
		}
		list[i].Count++
		list[i].Fewest, list[i].Most = min(list[i].Fewest, n), max(list[i].Most, n)
	}
	slices.SortStableFunc(list, func(a, b StateCount) int { return cmp.Compare(a.String(), b.String()) })
	return list
}

// State returns what all boots of a cell show; false where they do not show one state,
// as where one has a sample that counts.
func (c Cell) State() (State, bool) {
	list := c.States()
	if len(list) != 1 || c.Sample() != nil {
		return State{}, false
	}
	return list[0].State, true
}

// Same reports whether two cells show the same and pass alike: of tests the same ones
// failed. What was measured is not compared.
func (c Cell) Same(o Cell) bool {
	a, agreed := c.State()
	b, too := o.State()
	if agreed != too || a != b {
		return false
	}
	same := func(a, b StateCount) bool { return a.State == b.State && a.Count == b.Count }
	return (agreed || slices.EqualFunc(c.States(), o.States(), same)) && c.sameTests(o)
}

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

// Flaky reports whether the boots of a cell disagree, those without an answer
// included.
func (c Cell) Flaky() bool {
	_, agreed := c.State()
	return len(c.States()) > 0 && !agreed || c.Disagrees()
}
