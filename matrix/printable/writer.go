package printable

import (
	"io"
	"unicode/utf8"
)

// Writer passes on what is written to it as [Text] returns it, whatever the pieces
// are that it comes in.
type Writer struct {
	out io.Writer
	// rest is what was written of a character, or of "\r\n", that is not whole yet.
	rest []byte
}

// NewWriter returns a Writer that passes on to out. What a last piece leaves open is
// passed on by [Writer.Flush].
func NewWriter(out io.Writer) *Writer { return &Writer{out: out} }

// Write passes on all that is whole. It returns len(p), or the error of the writer
// below, which may have taken a part.
func (w *Writer) Write(p []byte) (int, error) {
	text := append(w.rest, p...)
	end := len(text)
	if end > 0 && text[end-1] == '\r' {
		end--
	} else {
		for i := end - 1; i >= max(0, end-utf8.UTFMax); i-- {
			if utf8.RuneStart(text[i]) {
				if !utf8.FullRune(text[i:]) {
					end = i
				}
				break
			}
		}
	}
	w.rest = append([]byte(nil), text[end:]...)
	if _, err := io.WriteString(w.out, Text(text[:end])); err != nil {
		return 0, err
	}
	return len(p), nil
}

// Flush passes on what is left.
func (w *Writer) Flush() error {
	rest := Text(w.rest)
	w.rest = nil
	_, err := io.WriteString(w.out, rest)
	return err
}
