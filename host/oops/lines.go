package oops

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// line is one line of a console.
type line struct {
	// caller is who printed it, "T12" (a task) or "C0" (a CPU), as kernels with
	// CONFIG_PRINTK_CALLER tell; "" where nobody told.
	caller string
	text   string
}

// stampRE is a time of printk, also as dmesg writes it for people (-H, -T), and after it,
// perhaps, the caller. It can stand in the middle of a line, behind what another CPU or a
// program printed.
var stampRE = regexp.MustCompile(`\[(?: *\+?[0-9]{1,8}\.[0-9]{6}|[A-Z][a-z]{2} ?[0-9]{1,2} [0-9]{2}:[0-9]{2}|[A-Z][a-z]{2} [A-Z][a-z]{2} [ 0-9][0-9] [0-9:]{8} [0-9]{4})\](?: ?\[ *([TC][0-9]{1,8})\])? ?`)

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
		text, told := unlogged(text)
		at := stampRE.FindAllStringSubmatchIndex(text, -1)
		if len(at) == 0 {
			if told != "" {
				caller = told
			}
			if text != "" {
				lines = append(lines, line{caller, text})
			}
			continue
		}
		if before := strings.TrimRight(text[:at[0][0]], " "); before != "" && !isLevel(before) {
			lines = append(lines, line{caller, before})
		}
		for j, m := range at {
			end := len(text)
			if j+1 < len(at) {
				end = at[j+1][0]
			}
			caller = ""
			if m[2] >= 0 {
				caller = strings.Clone(text[m[2]:m[3]])
			}
			// journalctl -o short-monotonic has its time first.
			body, told := unlogged(strings.TrimRight(text[m[1]:end], " \t"))
			if told != "" {
				caller = told
			}
			if body != "" {
				lines = append(lines, line{caller, body})
			}
		}
	}
	return lines
}

// isLevel reports whether it is the level that printk puts before the time: "<4>".
func isLevel(s string) bool {
	return len(s) <= 4 && strings.HasPrefix(s, "<") && strings.HasSuffix(s, ">")
}

// loggedRE is what a system's log puts before the kernel's words: syslog's, journalctl's
// short, short-iso, short-full and short-monotonic (whose time is taken off before), and
// the time alone as dmesg --time-format iso writes it.
var loggedRE = regexp.MustCompile(`^(?:(?:` +
	`[A-Z][a-z]{2} [ 0-9]\d [0-9:]{8}(?:\.\d{1,9})?` +
	`|\d{4}-\d\d-\d\d[T ][0-9:]{8}(?:[.,]\d{1,9})?(?:Z|[+-]\d\d:?\d\d)?` +
	`|[A-Z][a-z]{2} \d{4}-\d\d-\d\d [0-9:]{8}(?:\.\d{1,9})? [A-Z0-9:+-]{1,10}` +
	`)(?: {1,2}\S{1,64}| ) kernel: ?` +
	`|\S{1,64} kernel: ` +
	`|kernel: ?` +
	`|\d{4}-\d\d-\d\dT[0-9:]{8}[.,]\d{6}(?:Z|[+-]\d\d:?\d\d) ?)(?:\[ *([TC][0-9]{1,8})\] ?)?`)

// unlogged takes that off, and returns who printed the line where it says so, "" else.
func unlogged(text string) (rest, caller string) {
	m := loggedRE.FindStringSubmatchIndex(text)
	if m == nil {
		return text, ""
	}
	if m[2] >= 0 {
		caller = strings.Clone(text[m[2]:m[3]])
	}
	return text[m[1]:], caller
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
		case unicode.IsPrint(r): // also what is no UTF-8, as U+FFFD
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
