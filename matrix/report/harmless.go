package report

import (
	"strings"
	"unicode"
)

// harmless replaces what could drive a terminal, but for the colours that the table
// has by itself. What a guest says is clean when it is stored; a run that comes from
// elsewhere need not be.
func harmless(text string, colour bool) string {
	var b strings.Builder
	for len(text) > 0 {
		own := ""
		for _, c := range []string{yellow, red, reset} {
			if colour && strings.HasPrefix(text, c) {
				own = c
			}
		}
		if own != "" {
			b.WriteString(own)
			text = text[len(own):]
			continue
		}
		end := strings.IndexByte(text[1:], '\x1b') + 1
		if end == 0 {
			end = len(text)
		}
		b.WriteString(strings.Map(func(r rune) rune {
			if r == '\n' || unicode.IsPrint(r) {
				return r
			}
			return '·'
		}, strings.ToValidUTF8(text[:end], "\uFFFD")))
		text = text[end:]
	}
	return b.String()
}
