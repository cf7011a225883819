package mail

import (
	"fmt"
	"io"
	"mime"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/htmlindex"
)

// decodeWords decodes a header's encoded words (RFC 2047). Bytes that are no UTF-8
// are taken for Latin 1, as git mailinfo takes them.
func decodeWords(s string) string {
	d := mime.WordDecoder{CharsetReader: func(charset string, r io.Reader) (io.Reader, error) {
		e, err := htmlindex.Get(charset)
		if err != nil {
			return nil, fmt.Errorf("charset %q: %w", charset, err)
		}
		return e.NewDecoder().Reader(r), nil
	}}
	decoded, err := d.DecodeHeader(s)
	if err != nil {
		decoded = s
	}
	return toUTF8(decoded, "")
}

// toUTF8 decodes text of a charset, and of one that is not known as Latin 1 where it
// is no UTF-8.
func toUTF8(s, charset string) string {
	if e, err := htmlindex.Get(charset); err == nil && charset != "" {
		if decoded, err := e.NewDecoder().String(s); err == nil {
			return decoded
		}
	}
	if utf8.ValidString(s) {
		return s
	}
	decoded, err := charmap.ISO8859_1.NewDecoder().String(s)
	if err != nil {
		return s
	}
	return decoded
}

// UTF8 returns the part's text in UTF-8.
func (p Part) UTF8() string { return toUTF8(p.Text, p.Charset) }
