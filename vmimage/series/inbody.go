package series

import (
	"regexp"
	"strings"
)

// header is what the text of a mail says of the patch in place of the mail's headers.
type header struct{ subject, from string }

var (
	fieldRE     = regexp.MustCompile(`^(From|Subject|Date):[ \t]*(.*)$`)
	separatorRE = regexp.MustCompile(`^>?From [0-9a-f]{40} `)
)

// inBody reads the headers that a mail's text may begin with: the author's, where
// another sent the patch, and those of git format-patch where its output was pasted.
func inBody(text string) header {
	var (
		h       header
		last    *string
		started bool
	)
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\r\n")
		m := fieldRE.FindStringSubmatch(line)
		switch {
		case m != nil:
			last, started = new(string), true
			switch m[1] {
			case "From":
				last = &h.from
			case "Subject":
				last = &h.subject
			}
			*last = m[2]
		case separatorRE.MatchString(line), !started && strings.TrimSpace(line) == "":
		case started && (strings.HasPrefix(line, " ") || strings.HasPrefix(line, "\t")):
			*last += " " + strings.TrimSpace(line)
		default:
			return h
		}
	}
	return h
}

// bareTitle returns the first line that says something in what stands before a diff
// without any mail's headers; quilt, StGit and Mercurial (whose lines begin with #) put
// a title there.
func bareTitle(text string) string {
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		switch {
		case line == "" || strings.HasPrefix(line, "#"):
		case strings.HasPrefix(line, "diff "), strings.HasPrefix(line, "---"), strings.HasPrefix(line, "Index: "), strings.HasPrefix(line, "==="):
			return ""
		default:
			return line
		}
	}
	return ""
}

// opened returns a text that PGP has signed in place as it was before: a "- " stands
// before each of its lines that begins with - (RFC 9580, 7.2). Blanks at the ends of
// lines are kept, which libraries for signatures strip.
func opened(text string) string {
	var (
		b      strings.Builder
		signed bool
	)
	for line := range strings.Lines(text) {
		switch strings.TrimSpace(line) {
		case "-----BEGIN PGP SIGNED MESSAGE-----":
			signed = true
		case "-----BEGIN PGP SIGNATURE-----":
			signed = false
		}
		if signed {
			line = strings.TrimPrefix(line, "- ")
		}
		b.WriteString(line)
	}
	return b.String()
}
