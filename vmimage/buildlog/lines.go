package buildlog

import (
	"regexp"
	"strings"
	"unicode/utf8"
)

// maxLine is how many bytes of a line are shown.
const maxLine = 300

var (
	// escape is what colours a terminal.
	escape = regexp.MustCompile(`\x1b\[[0-9;]*[A-Za-z]`)
	// failure is make's word that a recipe failed, or that there is none:
	// These are "make[2]: *** [Makefile:12: x.o] Error 1" and "Makefile:201: *** text.  Stop.", as make prints them.
	failure = regexp.MustCompile(`^(?:make(?:\[\d+\])?: |(?:\S+:\d+: )*(\S+:\d+: ))\*\*\* (.*)$`)
	// recipe is the kind of failure that says nothing but which target it is.
	recipe = regexp.MustCompile(`^\[(?:[^\]]*: )?([^\]]*)\] (?:Error (\d+)|(.+))$`)
	// aftermath follows a failure.
	aftermath = regexp.MustCompile(`^(?:Waiting for unfinished jobs|Deleting (?:intermediate )?file|wait: No child processes)`)
	// quiet is kbuild's line for a command: "  CC [M]  fs/xfs/xfs.o".
	quiet = regexp.MustCompile(`^  [A-Z][A-Z0-9_]{1,15}(?: \[[A-Z]+\])? {1,8}\S`)
	// chatter is what make and kbuild say besides.
	chatter = regexp.MustCompile(`^(?:make(?:\[\d+\])?: (?:Entering|Leaving) directory|make(?:\[\d+\])?: [Ww]arning: |#)`)
	// summary is what is said behind errors, of their number.
	summary = regexp.MustCompile(`(?:all|some|^cc1: ) ?warnings being treated as errors|collect2: error: ld returned|linker command failed|error: aborting due to|error: could not compile|^\d+ (?:errors?|warnings?)\b.* generated|Section mismatches detected`)
	// context surrounds a compiler's error: the source line, the caret, notes.
	context = regexp.MustCompile(`^\s*(?:\d+ )?\|(?:\s|$)|^\s*[\^~|+-]*$|: note: |^In file included from|^\s+from |: In function |^compilation terminated|^Please submit a full bug report|^See <`)
)

// end is make's first word of a failure.
type end struct {
	failed bool
	// line is all of it.
	line string
	// code is what the recipe ended with, "" where it was killed; text is what
	// make itself has to say, where no recipe failed.
	code, text string
}

// read splits a log into lines, up to make's first word of a failure, which is
// returned beside them. A build goes on for a while after that, and what fails
// then may fail for other reasons.
func read(log string) (lines []string, e end) {
	for line := range strings.Lines(log) {
		line = strings.TrimRight(escape.ReplaceAllString(strings.ToValidUTF8(line, "?"), ""), " \t\r\n")
		m := failure.FindStringSubmatch(line)
		switch {
		case m == nil:
			lines = append(lines, line)
		case aftermath.MatchString(m[2]):
		default:
			e = end{failed: true, line: line}
			r := recipe.FindStringSubmatch(m[2])
			switch {
			case r == nil:
				e.text = m[1] + strings.TrimSuffix(m[2], ".  Stop.")
				lines = append(lines, e.text)
			case r[2] == "":
				// "make: *** [Makefile:12: x.o] Killed"
				lines = append(lines, r[1]+": "+r[3])
			default:
				e.code = r[2]
			}
			return join(lines), e
		}
	}
	return join(lines), end{}
}

// join makes one line of each banner, whose lines begin with ***: kbuild and
// Kconfig tell by one that a build cannot begin.
func join(lines []string) []string {
	var list []string
	inside := false
	for _, line := range lines {
		text, ok := strings.CutPrefix(line, "***")
		switch {
		case !ok:
			inside = false
			list = append(list, line)
		case inside:
			list[len(list)-1] += strings.TrimRight(" "+strings.Join(strings.Fields(text), " "), " ")
		case strings.TrimSpace(text) != "":
			inside = true
			list = append(list, "*** "+strings.Join(strings.Fields(text), " "))
		}
	}
	return list
}

// last returns the last line that a recipe may have printed, "" where all are
// kbuild's own, or a compiler's around its errors.
func last(lines []string) string {
	for i := len(lines) - 1; i >= 0; i-- {
		if l := lines[i]; !quiet.MatchString(l) && !chatter.MatchString(l) && !context.MatchString(l) && !summary.MatchString(l) {
			return l
		}
	}
	return ""
}

// short returns a line as it is shown.
func short(line string) string {
	line = strings.TrimSpace(strings.TrimPrefix(line, "*** "))
	if len(line) <= maxLine {
		return line
	}
	cut := maxLine
	for !utf8.RuneStart(line[cut]) {
		cut--
	}
	return line[:cut] + "…"
}
