package mail

import (
	"regexp"
	"strconv"
	"strings"
)

// raw is a message as it stands in an mbox, without the line that separates it.
type raw struct {
	line int
	text string
}

// split takes an mbox apart. What stands before the first separator is a message,
// too, so that a mail or a patch without a separator is one.
func split(text string) []raw {
	var (
		all   []raw
		lines = strings.SplitAfter(text, "\n")
		start = 0
		first = true // nothing but blank lines so far
		// until is where the parts of a mail end: a patch that is attached may begin
		// as a mail in an mbox does.
		until = partsEnd(lines, 0)
	)
	end := func(i int) {
		if body := strings.Join(lines[start:i], ""); strings.TrimSpace(body) != "" {
			all = append(all, raw{line: start + 1, text: body})
		}
	}
	for i, line := range lines {
		blank := strings.TrimSpace(line) == ""
		if i >= until && separates(line) && (first || i+1 < len(lines) && isField(lines[i+1]) && !pasted(lines[start:i], line)) {
			end(i)
			start = i + 1
			until = partsEnd(lines, start)
		}
		first = first && blank
	}
	end(len(lines))
	return all
}

// partsEnd returns the line on which the parts of the mail end that begins at start, 0
// where it has none or they have no end.
func partsEnd(lines []string, start int) int {
	for start < len(lines) && strings.TrimSpace(lines[start]) == "" {
		start++
	}
	body := start
	for body < len(lines) && strings.TrimSpace(lines[body]) != "" {
		body++
	}
	header := strings.Join(lines[start:body], "")
	b := boundaryRE.FindStringSubmatch(header)
	if b == nil || !isMail(header+"\n") {
		return 0
	}
	last := "--" + strings.TrimSpace(b[1]) + "--"
	for i := body; i < len(lines); i++ {
		if strings.TrimRight(lines[i], " \t\r\n") == last {
			return i
		}
	}
	return 0
}

// pasted reports whether a separator is the first line of a mail's text: somebody
// pasted there what git format-patch wrote, whose headers git mailinfo takes for
// those of the patch.
func pasted(before []string, line string) bool {
	if !madeByGit.MatchString(line) {
		return false
	}
	text := strings.Join(before, "")
	if !isMail(text) {
		return false
	}
	_, body := cutHeader(text)
	return strings.TrimSpace(body) == ""
}

var (
	// madeByGit is what git format-patch begins a patch with.
	madeByGit = regexp.MustCompile(`^From [0-9a-f]{40} Mon Sep 17 00:00:00 2001\s*$`)
	// dated finds the time and the year that a separator ends in. The time is the last
	// one of the line, and any character may stand between hours and minutes: so does
	// git mailsplit, and mutt, Thunderbird, pipermail and patchwork agree in nothing else.
	dated = regexp.MustCompile(`^From .*\d.\d\d:\d\d\s*\+?(\d+)[^:]*$`)
	// zoned is how Gmail's export and some old programs end: with a time zone before
	// the year.
	zoned = regexp.MustCompile(`^From .*\d\d:\d\d(?::\d\d)? +(?:[+-]\d{4}|[A-Z]{2,5}) +(?:19|20)\d\d\s*$`)
)

// separates reports whether a line separates the messages of an mbox.
func separates(line string) bool {
	if !strings.HasPrefix(line, "From ") {
		return false
	}
	if zoned.MatchString(line) {
		return true
	}
	m := dated.FindStringSubmatch(line)
	if m == nil {
		return false
	}
	year, err := strconv.Atoi(m[1])
	return err == nil && year > 90
}

// fieldRE is the beginning of a header field (RFC 5322, 2.2).
var fieldRE = regexp.MustCompile(`^[!-9;-~]+:`)

// isField reports whether a line begins a header field, or is a separator that some
// program quoted among them.
func isField(line string) bool {
	return fieldRE.MatchString(line) || strings.HasPrefix(line, "From ") || strings.HasPrefix(line, ">From ")
}

// isMail reports whether a text begins with a mail's headers: fields up to a blank
// line, one of which says whom it is from or what it is about.
func isMail(text string) bool {
	known := false
	for line := range strings.Lines(text) {
		switch {
		case strings.TrimSpace(line) == "":
			return known
		case isField(line):
			name, _, _ := strings.Cut(strings.ToLower(line), ":")
			known = known || name == "from" || name == "subject"
		case line[0] != ' ' && line[0] != '\t':
			return false
		}
	}
	return known
}

// cutHeader cuts a message where its headers end: at a blank line, or at one that is
// no header. Fields that are none to a parser, such as a quoted separator, are left
// out.
func cutHeader(text string) (header, body string) {
	var b strings.Builder
	rest, keep := text, false
	for rest != "" {
		line, after, _ := strings.Cut(rest, "\n")
		line = strings.TrimSuffix(line, "\r")
		switch {
		case strings.TrimSpace(line) == "":
			return b.String(), after
		case isField(line):
			keep = !strings.HasPrefix(line, "From ") && !strings.HasPrefix(line, ">From ")
		case line[0] != ' ' && line[0] != '\t' || b.Len() == 0:
			return b.String(), rest
		}
		if keep {
			b.WriteString(line + "\n")
		}
		rest = after
	}
	return b.String(), ""
}
