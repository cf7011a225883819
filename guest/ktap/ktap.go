// Package ktap reads what a test prints in the kernel's form of the Test
// Anything Protocol, https://docs.kernel.org/dev-tools/ktap.html, and in TAP 13
// and 14 as far as these agree with it.
//
// A [Parser] is written to as the test prints, and keeps counts and a bounded
// number of names, so that a report of any length can be read: [Parser.Finish]
// returns them. Subtests are told by their indentation; of nested tests the
// innermost are counted, and a parent only where it failed by itself. Lines
// that are none of the protocol's, such as what the kernel logs between them,
// are passed over, and so is a time that the kernel's log puts before a line.
// A plan that was not kept and "Bail out!" are problems of the report.
package ktap

import (
	"bytes"
	"fmt"
	"strconv"
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
	bailed bool
	done   matrix.Test
	// seen tells that the report has anything of the protocol but its version.
	seen bool
}

// level is a list of tests side by side.
type level struct {
	indent int
	// plan is how many tests were announced, -1 where nothing was.
	plan    int
	results int
	// sum is what they and the tests within them came to.
	sum matrix.Test
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

// Seen tells whether anything of a report has come.
func (p *Parser) Seen() bool { return p.seen }

// Finish returns what the report came to. Judge and exit code are the caller's.
func (p *Parser) Finish() matrix.Test {
	if len(p.line) > 0 {
		p.read(string(p.line))
		p.line = nil
	}
	p.end()
	if !p.seen {
		p.done.Problems = matrix.Keep(p.done.Problems, "no result was printed")
	}
	return p.done
}

// read takes one line.
func (p *Parser) read(text string) {
	if p.bailed {
		return
	}
	text = strings.TrimRight(withoutTime(text), "\r \t")
	line := strings.TrimLeft(text, " \t")
	indent := len(text) - len(line)
	if reason, ok := strings.CutPrefix(line, "Bail out!"); ok {
		p.bailed, p.seen = true, true
		p.done.Problems = matrix.Keep(p.done.Problems, strings.TrimSpace("Bail out! "+strings.TrimSpace(reason)))
		return
	}
	switch r, isResult := parseResult(line); {
	case isResult:
		p.seen = true
		p.result(indent, r)
	case isVersion(line):
		if len(p.levels) == 1 && p.top().indent >= indent && p.top().results > 0 {
			p.end() // another report begins
		}
		p.enter(indent)
	case strings.HasPrefix(line, "1.."):
		p.plan(indent, line)
	case strings.HasPrefix(line, "#"):
		if len(p.recent) == maxDiagnostics {
			p.recent = append(p.recent[:0], p.recent[1:]...)
		}
		p.recent = append(p.recent, strings.TrimSpace(line[1:]))
	}
}

// isVersion tells a line that begins a report.
func isVersion(line string) bool {
	return strings.HasPrefix(line, "KTAP version ") || strings.HasPrefix(line, "TAP version ")
}

// plan takes a line such as "1..5" or "1..0 # SKIP no such device".
func (p *Parser) plan(indent int, line string) {
	number, comment, _ := strings.Cut(line[len("1.."):], "#")
	n, err := strconv.Atoi(strings.TrimSpace(number))
	if err != nil || n < 0 {
		return // noise
	}
	p.seen = true
	top := p.enter(indent)
	if top.plan >= 0 {
		top.sum.Problems = matrix.Keep(top.sum.Problems, fmt.Sprintf("there is a second plan, %q", line))
		return
	}
	top.plan = n
	if n == 0 && len(p.levels) == 1 {
		_, _, reason := directive("#" + comment)
		if reason == "" {
			reason = "it has no tests"
		}
		top.sum.Skipped++
		top.sum.Skips = matrix.Keep(top.sum.Skips, reason)
	}
}

// enter makes the level of that indentation the innermost one.
func (p *Parser) enter(indent int) *level {
	if len(p.levels) == 0 {
		p.levels = append(p.levels, level{indent: indent, plan: -1})
	}
	for p.within(indent) {
		p.orphan(p.pop())
	}
	if p.top().indent < indent && len(p.levels) < maxDepth {
		p.levels = append(p.levels, level{indent: indent, plan: -1})
	}
	return p.top()
}

// result takes the result of a test, whose subtests, if it has any, are the
// levels within.
func (p *Parser) result(indent int, r result) {
	if len(p.levels) == 0 {
		p.levels = append(p.levels, level{plan: -1})
	}
	var (
		subtests matrix.Test
		parent   bool
	)
	for p.within(indent) {
		in := p.pop()
		if p.within(indent) {
			p.orphan(in)
			continue
		}
		subtests, parent = in.sum, in.results > 0
	}
	top := p.enter(indent)
	top.results++
	subtests.Within(r.name)
	switch failed := !r.ok && r.directive == ""; {
	case parent && (!failed || subtests.Failed > 0 || len(subtests.Problems) > 0):
		// The innermost tests have been counted.
	case r.directive == skip:
		subtests.Skipped++
		subtests.Skips = matrix.Keep(subtests.Skips, strings.TrimSuffix(r.name+": "+r.reason, ": "))
	case r.directive == expected:
		subtests.Expected++
	case failed:
		subtests.Failed++
		subtests.Failing = matrix.Keep(subtests.Failing, r.name)
		for _, line := range p.recent {
			subtests.Diagnostics = matrix.Keep(subtests.Diagnostics, r.name+": "+line)
		}
	default:
		subtests.Passed++
	}
	top.sum.Merge(subtests)
	p.recent = p.recent[:0]
}

func (p *Parser) top() *level { return &p.levels[len(p.levels)-1] }

// within tells whether the innermost level is one of subtests, seen from that
// indentation.
func (p *Parser) within(indent int) bool { return len(p.levels) > 1 && p.top().indent > indent }

// pop closes the innermost level.
func (p *Parser) pop() level {
	in := *p.top()
	p.levels = p.levels[:len(p.levels)-1]
	if in.plan >= 0 && in.plan != in.results {
		in.sum.Problems = matrix.Keep(in.sum.Problems, fmt.Sprintf("%d of %d planned tests ran", in.results, in.plan))
	}
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
	p.recent = p.recent[:0]
}
