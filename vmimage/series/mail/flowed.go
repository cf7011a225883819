package mail

import "strings"

// unfold undoes format=flowed (RFC 3676), as git mailinfo does: a line that ends in a
// space goes on in the next, and a space at a line's beginning was added. A sender
// who says format=flowed and does not do it has sent another diff than he meant, which
// its lines tell.
func unfold(text string, delsp bool) string {
	var b, open strings.Builder
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(strings.TrimSuffix(line, "\n"), "\r")
		if line == "-- " { // a signature's mark is no line to go on
			if open.Len() > 0 {
				b.WriteString(open.String() + "\n")
				open.Reset()
			}
			b.WriteString(line + "\n")
			continue
		}
		line = strings.TrimPrefix(line, " ")
		if cut, ok := strings.CutSuffix(line, " "); ok {
			if !delsp {
				cut = line
			}
			open.WriteString(cut)
			continue
		}
		b.WriteString(open.String() + line + "\n")
		open.Reset()
	}
	b.WriteString(open.String())
	return b.String()
}
