// Package printable makes any text fit for a terminal, a table and a file.
//
// A kernel under test may be hostile, and so may be a stored run, a mirror or a
// mail: what they say must drive no terminal, by escape sequences, by C1 controls or
// by marks that turn the direction of writing. What prints is decided here alone, by
// [Rune]. A text of one line takes [Line], one of many [Text], a value with texts
// anywhere in it [Copy], and what is written piece by piece goes through [Writer].
package printable

import (
	"strings"
	"unicode"
)

// Replacement stands for a character that does not print.
const Replacement = '·'

// Rune reports whether a character prints: letters, marks, numbers, punctuation,
// symbols and the ASCII blank do. Ends of lines and tabs do not.
func Rune(r rune) bool { return unicode.IsPrint(r) }

// Line returns a text as one line: control characters, ends of lines among them, are
// "·", a byte that is no UTF-8 is "�", and what is longer than limit bytes is cut, which an
// ellipsis tells.
func Line(s string, limit int) string {
	cut := ""
	if len(s) > limit {
		s, cut = s[:limit], "…"
	}
	return line(s) + cut
}

func line(s string) string {
	return strings.Map(func(r rune) rune {
		if Rune(r) {
			return r // a byte that is no UTF-8 comes as U+FFFD
		}
		return Replacement
	}, s)
}

// Text is [Line] for a text of many lines, uncut: ends of lines and tabs stay as they
// are, and "\r\n" is one end.
func Text(text []byte) string {
	return strings.Map(inText, strings.ReplaceAll(string(text), "\r\n", "\n"))
}

// inText returns what stands for a character of a text of many lines.
func inText(r rune) rune {
	if r == '\n' || r == '\t' || Rune(r) {
		return r
	}
	return Replacement
}
