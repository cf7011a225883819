package oops

import (
	"strings"
	"unicode/utf8"

	"kmatrix/matrix/printable"
)

// line is one line of a console.
type line struct {
	// caller is who printed it, "T12" (a task) or "C0" (a CPU), as kernels with
	// CONFIG_PRINTK_CALLER tell; "" where nobody told.
	caller string
	// stamped tells that it had a prefix.
	stamped bool
	text    string
}

// split takes a console apart: clean lines without prefixes. A line without a
// prefix belongs to whom the one before it does.
func split(console string) []line {
	console = console[max(0, len(console)-MaxConsole):]
	var lines []line
	caller := ""
	for len(console) > 0 {
		i := strings.IndexAny(console, "\n\r")
		raw := console
		if i >= 0 {
			raw, console = console[:i], console[i+1:]
		} else {
			console = ""
		}
		text := plain(raw)
		if text == "" {
			continue
		}
		p, rest := prefixOf(text)
		if p.stamped {
			caller = p.caller
		}
		// Another CPU's line, or one behind what a program printed, begins in the
		// middle.
		for {
			m := innerRE.FindStringIndex(rest)
			if m == nil {
				break
			}
			if before := strings.TrimRight(rest[:m[0]], " "); before != "" {
				lines = append(lines, line{caller, p.stamped, before})
			}
			p, rest = prefixOf(rest[m[0]:])
			caller = p.caller
		}
		if rest = strings.TrimRight(rest, " "); rest != "" {
			lines = append(lines, line{caller, p.stamped, rest})
		}
	}
	return lines
}

// plain is a line, up to maxLine bytes, without escapes and characters that do not
// print.
func plain(s string) string {
	s = s[:min(len(s), maxLine)]
	var b strings.Builder
	for i := 0; i < len(s); {
		if s[i] == 0x1b {
			i += escape(s[i:])
			continue
		}
		r, n := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == '\t':
			b.WriteByte(' ')
		case printable.Rune(r): // also what is no UTF-8, as U+FFFD
			b.WriteRune(r)
		}
		i += n
	}
	return strings.TrimRight(b.String(), " ")
}

// escape is how long the escape sequence is that s begins with. One that does not
// end is as long as its first two bytes.
func escape(s string) int {
	if len(s) < 2 {
		return len(s)
	}
	switch s[1] {
	case '[':
		for i := 2; i < len(s); i++ {
			if s[i] >= 0x40 && s[i] <= 0x7e {
				return i + 1
			}
			if s[i] < 0x20 || s[i] > 0x7e {
				break
			}
		}
	case ']':
		// Without its end it would take the line along.
		if i := strings.IndexByte(s, 0x07); i >= 0 {
			return i + 1
		}
	}
	return 2
}
