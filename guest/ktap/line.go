package ktap

import (
	"regexp"
	"strings"
)

// result is a line such as "not ok 3 - a name # TODO why".
type result struct {
	ok   bool
	name string
	// directive is skip, expected or "", and reason its text.
	directive, reason string
}

// Directives that say that a failure is none.
const (
	skip     = "SKIP"
	expected = "XFAIL"
)

var (
	resultRE = regexp.MustCompile(`^(not )?ok (\d{1,9})(?:\s+(.*))?$`)
	// timeRE is what the kernel's log puts before a line (printk.time,
	// PRINTK_CALLER, and the level that dmesg -r shows).
	timeRE = regexp.MustCompile(`^(?:<\d+>)?\[ *\d+\.\d+\](?:\[ *[TC]\d+\])? ?`)
)

// withoutTime returns the line without the kernel's time.
func withoutTime(line string) string { return line[len(timeRE.FindString(line)):] }

// parseResult reads the result of one test.
func parseResult(line string) (result, bool) {
	m := resultRE.FindStringSubmatch(line)
	if m == nil {
		return result{}, false
	}
	r := result{ok: m[1] == ""}
	text := m[3]
	if text == "-" {
		text = ""
	}
	r.name, r.directive, r.reason = directive(strings.TrimPrefix(text, "- "))
	switch {
	case r.name == "" && r.reason != "":
		r.name, r.reason = r.reason, "" // as kselftest.h prints it
	case r.name == "":
		r.name = "test " + m[2]
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
	word, reason, _ = strings.Cut(rest, " ")
	switch w := strings.ToUpper(strings.TrimRight(word, ":")); {
	case strings.HasPrefix(w, "SKIP"):
		word = skip
	case w == "TODO", w == "XFAIL":
		word = expected
	case w == "XPASS", w == "TIMEOUT", w == "ERROR":
		word = ""
	default:
		word, reason = "", rest
	}
	return name, word, strings.TrimSpace(reason)
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
