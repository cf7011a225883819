package report

import (
	"bytes"
	"strings"
)

// Wrap breaks text into lines of at most width columns, each ended; all but the
// first begin with indent.
func Wrap(text, indent string, width int) string {
	var b bytes.Buffer
	wrap(&b, text, indent, width)
	return b.String()
}

// wrap writes what [Wrap] returns.
func wrap(b *bytes.Buffer, text, indent string, width int) {
	line, length := "", 0
	for _, word := range strings.Fields(text) {
		n := visible(word)
		if length > 0 && length+1+n > width {
			b.WriteString(line + "\n")
			line, length = indent+word, visible(indent)+n
			continue
		}
		if length > 0 {
			line, length = line+" "+word, length+1+n
		} else {
			line, length = word, n
		}
	}
	if line != "" {
		b.WriteString(line + "\n")
	}
}
