package explain

import (
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"kmatrix/guest/probe"
	"kmatrix/matrix"
	"kmatrix/matrix/printable"
	"kmatrix/matrix/report"
)

// maxExplained is the longest value that is shown, in bytes.
const maxExplained = 4 << 10

// Write writes explanations for people.
func Write(out io.Writer, list []Explanation) error {
	var w writer
	for i, e := range list {
		if i > 0 {
			w.b.WriteString("\n")
		}
		fmt.Fprintf(&w.b, "%s, boot %d of %s\n", e.Cell, e.Boot, e.Run)
		w.outcome(e)
		w.found(e)
		w.reports(e)
		w.beside(e)
		w.quoted(e)
	}
	_, err := io.WriteString(out, w.b.String())
	return err
}

// writer holds what was written so far.
type writer struct{ b strings.Builder }

// line writes a value behind its name, none for an empty one.
func (w *writer) line(name, value string) {
	if value != "" {
		fmt.Fprintf(&w.b, "  %-17s %s\n", name, printable.Line(value, maxExplained))
	}
}

// fields writes fields, the elements of a list each on a line of its own.
func (w *writer) fields(list []shownField) {
	for _, f := range list {
		w.line(f.name, f.value)
		for _, item := range f.items {
			w.line("", "  "+item)
		}
	}
}

// outcome writes what became of the cell, and of which kernel.
func (w *writer) outcome(e Explanation) {
	w.line("outcome", string(e.Outcome))
	if e.Outcome == matrix.Pass {
		w.line("said", e.Detail)
	} else {
		w.line("why", e.Detail)
	}
	if p, ok := probe.Lookup(e.Probe); ok {
		w.line("asks", p.Summary)
	}
	w.line("kernel", strings.Join(strings.Fields(e.Column.Version+" "+e.Column.Release+" "+e.Column.Digest), " "))
	if o := e.Column.Origin; o != "" {
		w.line("source", strings.TrimSuffix(o+", "+e.Column.Trust.String(), ", "))
	}
	w.line("contract", string(e.Column.Contract))
	if e.Seconds > 0 {
		w.line("took", fmt.Sprintf("%.3g s", e.Seconds))
	}
}

// found writes what the probe found, and what its cost is beside others'.
func (w *writer) found(e Explanation) {
	w.fields(fieldsOf(e.Observation))
	w.fields(fieldsOf(e.Sample))
	w.fields(fieldsOf(e.Test))
	for _, k := range e.Costs {
		w.line("cost", report.Cost(k.Delta))
	}
	w.fields(e.whereFields())
}

// reports writes what the kernel reported of its own trouble.
func (w *writer) reports(e Explanation) {
	for _, r := range e.CrashReports {
		w.line("report", r.Title+marks(r))
		for _, f := range r.Frames {
			w.line("", "  "+f.String())
		}
		if r.File != "" {
			w.line("", "  "+filepath.Join(e.Run, r.File))
		}
	}
}

// beside writes what stands beside the result: the other attempt, guests, files, the
// baseline's answer and commands to go on with.
func (w *writer) beside(e Explanation) {
	if o := e.Other; o != nil {
		w.line("other attempt", strings.TrimSuffix(string(o.Outcome)+": "+o.Detail, ": "))
	}
	w.line("console", e.Console)
	w.guests(e)
	w.line("output", e.Output)
	if b := e.Baseline; b != nil {
		answer := b.Word()
		if s := b.Sample; s != nil {
			answer = fmt.Sprintf("%.3g %s", s.Value, s.Unit)
		}
		w.line("baseline", strings.TrimSuffix(fmt.Sprintf("%s: %s, %s", b.Kernel, answer, b.Detail), ", "))
	}
	w.line("again", e.Again)
	w.line("by hand", e.Repro)
}

// quoted writes the parts of the console, and what an external probe printed.
func (w *writer) quoted(e Explanation) {
	if e.Around != "" {
		w.quote("the console when it happened", e.Around)
	}
	for _, r := range e.Excerpts {
		w.quote("the console around "+printable.Line(r.Title, maxExplained), r.Text)
	}
	if e.Printed != "" {
		w.quote("it printed", e.Printed)
	}
}

// quote writes a text under its title, each line marked as quoted.
func (w *writer) quote(title, text string) {
	fmt.Fprintf(&w.b, "  %s\n", title)
	for l := range strings.Lines(text) {
		fmt.Fprintf(&w.b, "    | %s\n", strings.TrimRight(l, "\n"))
	}
}
