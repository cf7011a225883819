// Package report writes a run for people and programs.
//
// A format is one file that registers itself; [Lookup] finds it by name.
package report

import (
	"io"
	"slices"

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
	// live: the run goes on, and what has no result is still to come.
	live bool
}

// PlainWidth is the width where there is no terminal.
const PlainWidth = 100

// Format writes documents.
type Format interface {
	// Name is what users call it.
	Name() string
	Write(io.Writer, Document) error
}

var formats []Format

// register adds a format; it is called from init.
func register(f Format) { formats = append(formats, f) }

// Lookup returns the format of that name.
func Lookup(name string) (Format, bool) {
	i := slices.IndexFunc(formats, func(f Format) bool { return f.Name() == name })
	if i < 0 {
		return nil, false
	}
	return formats[i], true
}

// Names lists the formats, sorted.
func Names() []string {
	var names []string
	for _, f := range formats {
		names = append(names, f.Name())
	}
	slices.Sort(names)
	return names
}
