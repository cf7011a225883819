// Package ktap reads what a test prints in the kernel's form of the Test
// Anything Protocol, https://docs.kernel.org/dev-tools/ktap.html, and in TAP 13
// and 14 as far as these agree with it.
//
// A [Parser] is written to as the test prints, and keeps counts and a bounded
// number of names, so that a report of any length can be read: [Parser.Finish]
// returns them. Subtests are told by their indentation or, where kselftest's
// runner printed them (tools/testing/selftests/kselftest/prefix.pl), by the "# "
// before each line; of nested tests the innermost are counted, and a parent only
// where it failed by itself. Lines that are none of the protocol's, such as what
// the kernel logs between them, are passed over, and so is a time that the
// kernel's log puts before a line.
//
// A plan that was not kept and "Bail out!" are problems of the report, and make it
// fail. What is irregular and leaves no doubt of the results, such as numbers out
// of order, is a warning.
package ktap

import (
	"bytes"
	"slices"
	"strings"

	"kmatrix/matrix"
)

const (
	// maxLine is how much of a line is read.
	maxLine = 4 << 10
	// maxDepth is how deep tests nest; what is deeper counts as this deep.
	maxDepth = 32
	// maxDiagnostics is how many lines before a failing test are kept.
	maxDiagnostics = 10
)

// Parser reads one report. Its zero value is ready.
type Parser struct {
	line []byte
	// levels are the tests under way, the outermost first.
	levels []level
	// recent are the diagnostic lines since the last result.
	recent []string
	// runner is set between the line by which kselftest's runner begins a test and
	// that test's result: what stands behind "# " is the test's own output.
	runner bool
	bailed bool
	done   matrix.Test
	// begun is set once the report has a version or anything else of the protocol,
	// seen once it has anything but its version, and numbered once a result has a
	// number.
	begun, seen, numbered bool
}

// Write takes the next part of what the test printed. It never fails.
func (p *Parser) Write(b []byte) (int, error) {
	n := len(b)
	for {
		part, rest, whole := bytes.Cut(b, []byte("\n"))
		p.line = append(p.line, part[:min(len(part), maxLine-len(p.line))]...)
		if !whole {
			return n, nil
		}
		p.read(string(p.line))
		p.line, b = p.line[:0], rest
	}
}

// Seen reports whether anything of a report has come.
func (p *Parser) Seen() bool { return p.seen }

// Finish returns what the report came to. Its format and the exit code are the
// caller's to say.
func (p *Parser) Finish() matrix.Test {
	if len(p.line) > 0 {
		p.read(string(p.line))
		p.line = nil
	}
	p.end()
	if t := &p.done; !p.seen || t.Ran() == 0 && t.Skipped == 0 && len(t.Problems) == 0 {
		t.Problems = matrix.Keep(t.Problems, "no result was printed")
	}
	return p.done
}

// read takes one line.
func (p *Parser) read(text string) {
	if p.bailed {
		return
	}
	at, line := locate(strings.TrimRight(withoutTime(text), "\r \t"))
	reason, bails := strings.CutPrefix(line, "Bail out!")
	n, comment, isPlan := parsePlan(line)
	r, isResult := parseResult(line)
	switch {
	case isVersion(line):
		p.begun = true
		p.version(at)
	case bails && p.structured(at):
		p.bail(at, strings.TrimSpace(reason))
	case isPlan && p.structured(at):
		p.begun, p.seen = true, true
		p.plan(at, n, line, comment)
	case isResult && p.counts(at, r):
		p.begun, p.seen, p.numbered = true, true, p.numbered || r.number >= 0
		p.result(at, r)
	case strings.HasPrefix(line, "#") || at.hashes > 0:
		p.diagnostic(at, line)
	}
}

// diagnostic takes a line that is a test's own.
func (p *Parser) diagnostic(at place, line string) {
	text := strings.TrimSpace(strings.TrimPrefix(line, "#"))
	switch {
	case at.hashes == 1 && strings.HasPrefix(line, runnerHeader):
		p.runner = true
		p.recent = p.recent[:0]
		return
	case line != text && strings.HasPrefix(text, subtestHeader) && len(p.levels) > 0 && p.top().at.before(at):
		p.enter(at).announced = true
	}
	if text == "" {
		return
	}
	if len(p.recent) == maxDiagnostics {
		p.recent = append(p.recent[:0], p.recent[1:]...)
	}
	p.recent = append(p.recent, text)
}

// structured reports whether a line in that place can be one of the protocol's.
// Behind "# " it is, where a version or a plan stood there before, and where
// kselftest's runner printed it; else it is a diagnostic line.
func (p *Parser) structured(at place) bool {
	return at.hashes == 0 || p.runner || p.open(at)
}

// open reports whether a report behind as many "# " is under way.
func (p *Parser) open(at place) bool {
	for _, l := range p.levels {
		if l.at.hashes == at.hashes {
			return true
		}
	}
	return false
}

// counts reports whether a line in that place is the result of a test. The protocol
// wants a number, and TAP does not. So a failure counts without one; "ok" alone, or
// before any text, is noise unless the tests of the report have no numbers.
func (p *Parser) counts(at place, r result) bool {
	switch {
	case !p.structured(at):
		return false
	case r.number >= 0, r.dashed:
		return true
	case at.hashes > 0 && !p.open(at):
		return false
	}
	return !r.ok || p.begun && !p.numbered
}

// bail takes the line by which a test gives up. Behind "# " it is that test alone
// that does.
func (p *Parser) bail(at place, reason string) {
	p.begun, p.seen = true, true
	problem := strings.TrimSpace("Bail out! " + reason)
	if at.hashes > 0 {
		sum := &p.enter(at).sum
		sum.Problems = matrix.Keep(sum.Problems, problem)
		return
	}
	p.bailed = true
	p.done.Problems = matrix.Keep(p.done.Problems, problem)
}

// version takes a line that begins a report.
func (p *Parser) version(at place) {
	switch top := p.enter(at); {
	case top.at.before(at) || top.results == 0:
	case len(p.levels) == 1:
		p.end() // another report begins
	case at.hashes > 0 && at.spaces == 0:
		top.restart(-1) // a test runs one program after the other
	default:
		p.orphan(p.pop())
	}
	p.enter(at).announced = true
}

// plan takes a line such as "1..5" or "1..0 # SKIP no such device".
func (p *Parser) plan(at place, n int, line, comment string) {
	top := p.enter(at)
	top.planned(n, line)
	if n > 0 || top.plan != 0 {
		return
	}
	if _, _, reason := directive("#" + comment); reason != "" {
		top.reason = reason
	}
	if len(p.levels) == 1 {
		top.sum.Skipped++
		top.sum.Skips = matrix.Keep(top.sum.Skips, top.why())
	}
}

// enter makes the level of that place the innermost one.
func (p *Parser) enter(at place) *level {
	if len(p.levels) == 0 {
		first := at
		if at.hashes > 0 {
			first = place{} // the test that this is the output of
		}
		p.levels = append(p.levels, level{at: first, plan: -1})
	}
	for p.within(at) {
		p.orphan(p.pop())
	}
	if p.top().at.before(at) && len(p.levels) < maxDepth {
		p.levels = append(p.levels, level{at: at, plan: -1})
	}
	return p.top()
}

// result takes the result of a test, whose subtests, if it has any, are the
// levels within.
func (p *Parser) result(at place, r result) {
	if len(p.levels) == 0 {
		p.levels = append(p.levels, level{plan: -1})
	}
	var in level
	for p.within(at) {
		if in = p.pop(); p.within(at) {
			p.orphan(in)
			in = level{}
		}
	}
	if at.hashes == 0 && p.runner {
		p.runner = false
		if r.directive == skip && r.reason == "" && in.reason == "" {
			r.reason = p.skipped()
		}
	}
	sum := in.settle(r, p.recent)
	p.enter(at).count(r, sum)
	p.recent = p.recent[:0]
}

// skipped returns why a test that the runner calls skipped says it was, "" where it
// does not: the runner knows only the exit code.
func (p *Parser) skipped() string {
	for _, line := range slices.Backward(p.recent) {
		if skipRE.MatchString(line) {
			return strings.TrimPrefix(line, "SKIP: ")
		}
	}
	return ""
}

func (p *Parser) top() *level { return &p.levels[len(p.levels)-1] }

// within reports whether the innermost level is one of subtests, seen from that
// place.
func (p *Parser) within(at place) bool { return len(p.levels) > 1 && at.before(p.top().at) }

// pop closes the innermost level.
func (p *Parser) pop() level {
	in := *p.top()
	p.levels = p.levels[:len(p.levels)-1]
	in.close()
	return in
}

// orphan gives the level without a parent's result to the one around it.
func (p *Parser) orphan(in level) {
	if in.results > 0 {
		in.sum.Problems = matrix.Keep(in.sum.Problems, "the test that has these subtests has no result")
	}
	p.top().sum.Merge(in.sum)
}

// end closes the report.
func (p *Parser) end() {
	for len(p.levels) > 1 {
		p.orphan(p.pop())
	}
	if len(p.levels) == 1 {
		p.done.Merge(p.pop().sum)
	}
	p.recent, p.runner = p.recent[:0], false
}
