// Package report writes a run for people and programs.
//
// A format is one file that registers itself; [Lookup] finds it by name, and every
// command that writes a run takes every one of them. What a format is given has no
// text that drives a terminal, and what it writes is looked at once more, see
// [Format.Write]: a format need not think of it.
package report

import (
	"kmatrix/matrix"
	"kmatrix/matrix/compare"
)

// Document is all that a report may tell of a run.
type Document struct {
	Run     matrix.Run
	Results []matrix.Result
	// Profiles are what the comparison locates differences by, if any were taken.
	Profiles   []matrix.Profile
	Comparison compare.Comparison
	// Assessments are what policies concluded of the run, or the runs.
	Assessments []matrix.Assessment
	// Dir is where the run is stored.
	Dir string
	// Runs are those that the run was made of, for a comparison of several; Warnings
	// say what weakens it.
	Runs     []compare.Stored
	Warnings []compare.Warning
	Options  Options
}

// Options are the reader's.
type Options struct {
	// Width is the terminal's in columns; 0 means that there is none, and
	// [PlainWidth] is used.
	Width int
	// Colour allows it; nothing is told by colour alone.
	Colour bool
	// All lists rows that are the same on all kernels one by one.
	All bool
	// Summary leaves the table out, and what stands below it: the summary alone is
	// written, of formats that have one.
	Summary bool
	// live: the run goes on, and what has no result is still to come.
	live bool
	// uncounted leaves numbers of bytes out of a line.
	uncounted bool
	// compact is how much is left out of cells or folded, for more columns in a block.
	compact compactness
	// unit is the one of all costs of a group, which its line has; "" where each cell has
	// its own.
	unit string
}

// PlainWidth is the width where there is no terminal.
const PlainWidth = 100
