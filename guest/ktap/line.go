package ktap

import (
	"regexp"
	"strconv"
	"strings"
)

// place is where a line stands: how many times "# " stands before it, which
// kselftest's runner puts there, and how many blanks then.
type place struct{ hashes, spaces int }

// before reports whether a line in o is within a test whose line is in p.
func (p place) before(o place) bool {
	return p.hashes < o.hashes || p.hashes == o.hashes && p.spaces < o.spaces
}

// Lines that begin a test's output: of kselftest's runner (runner.sh), and of
// KUnit's suites.
const (
	runnerHeader  = "selftests: "
	subtestHeader = "Subtest: "
)

// locate returns where a line stands, and what stands there.
func locate(text string) (place, string) {
	var at place
	for at.hashes < maxDepth {
		rest, ok := strings.CutPrefix(text, "# ")
		if !ok {
			break
		}
		at.hashes, text = at.hashes+1, rest
	}
	line := strings.TrimLeft(text, " \t")
	at.spaces = len(text) - len(line)
	return at, line
}

// result is a line such as "not ok 3 - a name # TODO why".
type result struct {
	ok bool
	// number is -1 where there is none, and dashed is set where "- " stands before
	// the name.
	number int
	dashed bool
	name   string
	// directive is skip, expected or "", and reason its text.
	directive, reason string
}

// Directives that say that a failure is none.
const (
	skip     = "SKIP"
	expected = "XFAIL"
)

var (
	resultRE  = regexp.MustCompile(`^(not )?ok(?:\s+(\d+))?(?:\s+(.*))?$`)
	versionRE = regexp.MustCompile(`^K?TAP version \d+\b`)
	// timeRE is what the kernel's log puts before a line (printk.time,
	// PRINTK_CALLER, and the level that dmesg -r shows).
	timeRE = regexp.MustCompile(`^(?:<\d+>)?\[ *\d+\.\d+\](?:\[ *[TC]\d+\])? ?`)
	// skipRE is what a line has that says why a test was skipped.
	skipRE = regexp.MustCompile(`(?i)\bskip(s|ped|ping)?\b`)
	// wordRE is a directive: a whole word, or it is some other text.
	wordRE = regexp.MustCompile(`^([A-Za-z]+)(?:[:,;.!]*(?:\s+|$)|:|[(]|$)`)
)

// withoutTime returns the line without the kernel's time.
func withoutTime(line string) string { return line[len(timeRE.FindString(line)):] }

// isVersion reports whether a line begins a report.
func isVersion(line string) bool { return versionRE.MatchString(line) }

// parsePlan reads a line such as "1..5" or "1..0 # SKIP no such device".
func parsePlan(line string) (n int, comment string, ok bool) {
	text, found := strings.CutPrefix(line, "1..")
	if !found {
		return 0, "", false
	}
	text, comment, _ = strings.Cut(text, "#")
	n, err := strconv.Atoi(strings.TrimSpace(text))
	return n, comment, err == nil && n >= 0
}

// parseResult reads the result of one test.
func parseResult(line string) (result, bool) {
	m := resultRE.FindStringSubmatch(line)
	if m == nil {
		return result{}, false
	}
	r := result{ok: m[1] == "", number: -1}
	unnamed := "a test without a name"
	if m[2] != "" {
		unnamed = "test " + m[2]
		var err error
		if r.number, err = strconv.Atoi(m[2]); err != nil {
			r.number = maxNumber + 1
		}
	}
	text := m[3]
	if text == "-" {
		text += " "
	}
	text, r.dashed = strings.CutPrefix(text, "- ")
	r.name, r.directive, r.reason = directive(text)
	switch {
	case r.name == "" && r.reason != "":
		r.name, r.reason = r.reason, "" // as kselftest.h prints it
	case r.name == "":
		r.name = unnamed
	}
	return r, true
}

// directive splits a description such as "name # SKIP reason". What follows a
// "#" and is no directive that makes a failure none is a comment.
func directive(text string) (name, word, reason string) {
	at := comment(text)
	if at < 0 {
		return unescape(text), "", ""
	}
	name = unescape(strings.TrimSpace(text[:at]))
	rest := strings.TrimSpace(text[at+1:])
	m := wordRE.FindStringSubmatch(rest)
	if m == nil {
		return name, "", rest
	}
	reason = strings.TrimPrefix(strings.TrimLeft(rest[len(m[1]):], ":,;.! \t"), "- ")
	switch strings.ToUpper(m[1]) {
	case "SKIP":
		return name, skip, reason
	case "TODO", "XFAIL":
		return name, expected, reason
	case "XPASS", "TIMEOUT", "ERROR":
		return name, "", reason
	}
	return name, "", rest
}

// comment returns where a description's comment begins, -1 where it has none:
// at a "#" that nothing or a blank stands before.
func comment(text string) int {
	for i := range len(text) {
		if text[i] == '#' && (i == 0 || text[i-1] == ' ' || text[i-1] == '\t') {
			return i
		}
	}
	return -1
}

func unescape(s string) string { return strings.ReplaceAll(s, `\#`, "#") }
