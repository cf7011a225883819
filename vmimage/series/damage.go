package series

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// hunkRE takes the header of a hunk apart: how many lines of the old and of the
// new file it has, 1 where it says nothing.
var hunkRE = regexp.MustCompile(`^@@ -\d+(?:,(\d+))? \+\d+(?:,(\d+))? @@`)

// stray finds lines between hunks that belong to none, which is what is left of
// a hunk's last line when a mailer has folded it. Parsers take them for a
// message's text.
func stray(diff string) error {
	before, after, ended := 0, 0, false
	for i, line := range strings.Split(diff, "\n") {
		switch m := hunkRE.FindStringSubmatch(line); {
		case before > 0 || after > 0:
			if line == "" || line[0] != '+' {
				before--
			}
			if line == "" || line[0] != '-' {
				after--
			}
			if strings.HasPrefix(line, `\`) { // "No newline at end of file" is no line
				before, after = before+1, after+1
			}
			ended = before == 0 && after == 0
		case m != nil:
			before, after = lineCount(m[1]), lineCount(m[2])
		case strings.HasPrefix(line, "diff --git "):
			ended = false
		case ended && line != "" && line[0] != '\\':
			return fmt.Errorf("line %d of the diff, %q, belongs to no hunk", i+1, line)
		}
	}
	return nil
}

// lineCount reads what [hunkRE] found, which is digits or nothing.
func lineCount(s string) int {
	if s == "" {
		return 1
	}
	n, _ := strconv.Atoi(s)
	return n
}
