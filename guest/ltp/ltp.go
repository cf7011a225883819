// Package ltp reads what tests of the Linux Test Project print: the lines that say
// why a test failed, broke, warned or was skipped. How it ended is its exit code's to
// say ([matrix.FormatLTP]).
//
// A test prints on its standard error or on its standard output, by its library and
// that one's age. So each stream has a [Reader] of its own, and [Reasons] looks in
// both. A line of the library of today (lib/tst_test.c) is
//
//	splice07.c:54: TCONF: fsopen() not supported
//
// with PASS, CONF and so on up to 2019; one of the old library (lib/tst_res.c), and of
// scripts (testcases/lib/test.sh), is
//
//	aio01       1  TCONF  :  aio01.c:421: test requires libaio
package ltp

import (
	"bytes"
	"regexp"
	"slices"
	"strings"

	"kmatrix/matrix"
)

// Type is what a line says of its test.
type Type string

// Types of lines that give a reason.
const (
	Fail   Type = "TFAIL"
	Broken Type = "TBROK"
	Warn   Type = "TWARN"
	Conf   Type = "TCONF"
)

// types are all, by the order in which what they say matters.
var types = []Type{Fail, Broken, Warn, Conf}

// exits are the bits of an exit code (include/tst_res_flags.h) that types stand for.
var exits = map[Type]int{Fail: matrix.LTPFail, Broken: matrix.LTPBroken, Warn: matrix.LTPWarn, Conf: matrix.LTPConf}

var (
	todayRE  = regexp.MustCompile(`^\S+:\d+: T?(FAIL|BROK|WARN|CONF): `)
	oldRE    = regexp.MustCompile(`^\S+\s+\d+\s+T(FAIL|BROK|WARN|CONF)\s*:\s`)
	colourRE = regexp.MustCompile(`\x1b\[[0-9;]*m`)
	// restRE is how the old library says of the tests behind one that broke off that
	// they are not run.
	restRE = regexp.MustCompile(`: Remaining cases (broken|not appropriate for configuration)$`)
	// summaryRE are the lines that a test of today ends with.
	summaryRE = regexp.MustCompile(`^(Summary:|(passed|failed|broken|skipped|warnings)\s+\d+)$`)
)

// maxLine is how much of a line is read, in bytes.
const maxLine = 4 << 10

// Reader reads one stream. Its zero value is ready.
type Reader struct {
	line []byte
	// reasons are the lines that give one, at most [matrix.MaxNames] of each type.
	reasons map[Type][]string
}

// Write takes the next part of what the test printed. It never fails.
func (r *Reader) Write(b []byte) (int, error) {
	n := len(b)
	for {
		part, rest, whole := bytes.Cut(b, []byte("\n"))
		r.line = append(r.line, part[:min(len(part), maxLine-len(r.line))]...)
		if !whole {
			return n, nil
		}
		r.read()
		b = rest
	}
}

// read takes the line that has come.
func (r *Reader) read() {
	line := strings.Join(strings.Fields(colourRE.ReplaceAllString(string(r.line), "")), " ")
	r.line = r.line[:0]
	m := todayRE.FindStringSubmatch(line)
	if m == nil {
		m = oldRE.FindStringSubmatch(line)
	}
	if m == nil || restRE.MatchString(line) {
		return
	}
	if r.reasons == nil {
		r.reasons = map[Type][]string{}
	}
	of := Type("T" + m[1])
	if !slices.Contains(r.reasons[of], line) {
		r.reasons[of] = matrix.Keep(r.reasons[of], line)
	}
}

// Reasons returns the lines that say why a test ended with that exit code, those of
// what matters most first. They are of the types that the code has; a test that was
// killed has no code (-1), and all of its lines are returned but those of a TCONF. The
// readers have their streams' last line by then.
func Reasons(code int, readers ...*Reader) (list []string) {
	for _, r := range readers {
		if len(r.line) > 0 {
			r.read()
		}
	}
	for _, of := range types {
		if code >= 0 && code&exits[of] == 0 || code < 0 && of == Conf {
			continue
		}
		for _, r := range readers {
			list = matrix.Keep(list, r.reasons[of]...)
		}
	}
	return list
}

// IsSummary reports whether a line is of the summary that a test ends with: it says
// how many tests did what, and of none why.
func IsSummary(line string) bool { return summaryRE.MatchString(line) }
