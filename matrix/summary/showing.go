package summary

import (
	"slices"

	"kmatrix/matrix"
	"kmatrix/matrix/compare"
)

// Showing is what a cell shows, as coarsely as a summary counts it: the class of an
// observation, or what else became of the cell.
type Showing string

const (
	Torn      = Showing(matrix.Torn)
	Clobbered = Showing(matrix.Clobbered)
	Mixed     = Showing(matrix.Mixed)
	Zeroed    = Showing(matrix.Zeroed)
	Changed   = Showing(matrix.Changed)
	Stable    = Showing(matrix.Stable)
	// Source: whatever arrived, the source itself is not what it must be.
	Source Showing = "source lost"
	// Crashed, Hung and Unsupported are outcomes, and Failed is any other failure: of a
	// test, or of a probe that has no class.
	Crashed             = Showing(matrix.Crash)
	Hung                = Showing(matrix.Hang)
	Unsupported         = Showing(matrix.Unsupported)
	Failed      Showing = "failed"
	// Errno: the call under test failed.
	Errno Showing = "errno"
	// Disagreeing: the boots that were answered show several things.
	Disagreeing Showing = "boots disagree"
	// Measured: it is a cost.
	Measured Showing = "measured"
	// Passed: a test passed.
	Passed Showing = "ok"
)

// Showings lists what cells show, the worst first.
var Showings = []Showing{Crashed, Hung, Torn, Source, Clobbered, Failed, Mixed, Zeroed, Changed, Disagreeing, Errno, Unsupported, Measured, Passed, Stable}

// of returns what a cell shows; false for one that was not answered.
func of(cell compare.Cell) (Showing, bool) {
	if !cell.Answered() {
		return "", false
	}
	if cell.Disagrees() {
		return Disagreeing, true
	}
	s := cell.Agreed()
	switch {
	case s.Measured:
		return Measured, true
	case s.Test != matrix.TestSummary{}:
		switch s.Test.Outcome {
		case matrix.Pass:
			return Passed, true
		case matrix.Unsupported:
			return Unsupported, true
		}
		return Failed, true
	case s.Source != "":
		return Source, true
	case slices.Contains(matrix.Classes, s.Class):
		return Showing(s.Class), true
	case s.Class != "":
		return Errno, true
	case s.Outcome == matrix.Crash, s.Outcome == matrix.Hang, s.Outcome == matrix.Unsupported:
		return Showing(s.Outcome), true
	case s.Outcome == matrix.Pass:
		return Passed, true
	}
	return Failed, true
}

// differ reports whether the cells of a row do not all show the same: classes and
// outcomes are compared, and of tests which of them failed; costs are not.
func differ(r compare.Row) bool {
	first := -1
	for i, cell := range r.Cells {
		switch {
		case !cell.Answered():
		case cell.Disagrees():
			return true
		case first < 0:
			first = i
		case !cell.SameAnswer(r.Cells[first]):
			return true
		}
	}
	return false
}
