// Package oops reads what a kernel prints of its own trouble.
//
// [Parse] turns the text of a console into reports: panics, oopses, warnings, what
// the sanitizers and lockdep found, stalls, lockups, OOM kills. The text is
// whatever a hostile guest chose to print: it is cut at any byte, holds escapes, and
// its lines come from several CPUs at once. So nothing here fails; what cannot be
// read is left out, and time and memory are linear in the text.
//
// The way of a text: lines.go cleans it, and prefix.go takes off what programs print
// before the kernel's words, which tells who printed a line; headers.go knows the lines
// that begin a report, by the rules of rules_*.go; events.go gathers the lines of each,
// and echo.go leaves out what two CPUs said of one trouble; stack.go finds the stacks in
// them, blame.go the one that tells, skip.go which functions are nobody's fault, and
// pick.go whom a title names where the innermost function says little; title.go names it.
// [Locate] adds files and lines. Titles follow syzbot's, so that they can be searched for.
package oops

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"

	"kmatrix/matrix"
)

// Limits. What is over them is left out.
const (
	// MaxReports is how many different reports one text has.
	MaxReports = 64
	// MaxConsole is how many bytes of a text are read, its last.
	MaxConsole = 8 << 20
	// MaxText is how many bytes of its text a report keeps.
	MaxText = 16 << 10

	maxEvents = 1024
	maxLine   = 512
	maxTitle  = 120
	maxLines  = 1000
)

// Parse returns the reports of a console, each fingerprint once, with how many times it
// came, in the order in which they began; only that memory was short or a file system's
// data were corrupt comes last, since these need not be the kernel's fault.
func Parse(console string) []matrix.CrashReport {
	var list []matrix.CrashReport
	at := map[string]int{}
	for _, e := range withoutEchoes(gather(split(console))) {
		r := e.report()
		if i, ok := at[r.Fingerprint]; ok {
			list[i].Count++
			list[i].Fatal = list[i].Fatal || r.Fatal
			continue
		}
		if len(list) < MaxReports {
			at[r.Fingerprint] = len(list)
			list = append(list, r)
		}
	}
	slices.SortStableFunc(list, func(x, y matrix.CrashReport) int { return rank(x.Kind) - rank(y.Kind) })
	return list
}

// rank is 1 for the kinds that come last, else 0.
func rank(k matrix.CrashKind) int {
	if k == matrix.KindOOM || k == matrix.KindFileSystem {
		return 1
	}
	return 0
}

// Fatal returns the first report after which the kernel, or a thread of it, did not
// go on.
func Fatal(reports []matrix.CrashReport) (matrix.CrashReport, bool) {
	i := slices.IndexFunc(reports, func(r matrix.CrashReport) bool { return r.Fatal })
	if i < 0 {
		return matrix.CrashReport{}, false
	}
	return reports[i], true
}

// report makes one of the event's lines.
func (e *event) report() matrix.CrashReport {
	frames, named, alias := e.frames()
	r := matrix.CrashReport{Kind: e.kind, Fatal: e.fatal(), Taint: e.taint, Count: 1}
	r.Title = e.titled(frames, named, alias)
	if e.kind != matrix.KindOOM { // who asked for the memory is not who has it
		r.Frames = frames[:min(len(frames), matrix.MaxFrames)]
	}
	r.Fingerprint = fingerprint(r)
	return e.withText(r)
}

// fingerprint is a report's. That of a stall is its title's: a loop is met in another
// function each time.
func fingerprint(r matrix.CrashReport) string {
	h := sha256.New()
	_, _ = fmt.Fprintf(h, "%s\n%s\n", r.Kind, r.Title) // a hash takes every byte
	for _, f := range r.Frames {
		if !f.Guess && !r.Kind.Stalls() {
			_, _ = fmt.Fprintln(h, f.Function)
		}
	}
	return fmt.Sprintf("%x", h.Sum(nil)[:8])
}

// withText adds the event's lines to its report.
func (e *event) withText(r matrix.CrashReport) matrix.CrashReport {
	var text strings.Builder
	for _, l := range e.lines {
		if text.Len()+len(l) >= MaxText {
			break
		}
		text.WriteString(l)
		text.WriteByte('\n')
		if r.Kind == matrix.KindPanic && r.Headline == "" && strings.Contains(l, "Kernel panic - ") {
			r.Headline = strings.TrimSpace(l)
		}
		switch {
		case isRegister(l):
			r.Registers = append(r.Registers, strings.TrimSpace(l))
		case isFrame(l):
			r.Stack = append(r.Stack, strings.TrimSpace(l))
		}
	}
	r.Text = text.String()
	return r
}
