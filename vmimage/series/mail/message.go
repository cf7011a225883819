package mail

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"

	"github.com/emersion/go-message"
	"github.com/emersion/go-message/textproto"
)

// maxDepth is how deep parts may lie in each other.
const maxDepth = 16

// parse reads one message. A text without headers is a message that has only a body.
func parse(line int, text string, depth int) Message {
	m := Message{Line: line}
	header, body := "", text
	if isMail(text) {
		header, body = cutHeader(text)
		if first, _, _ := strings.Cut(text, "\n"); strings.HasSuffix(first, "\r") {
			body = strings.ReplaceAll(body, "\r\n", "\n") // as it came over the wire
		}
	}
	h, err := textproto.ReadHeader(bufio.NewReader(strings.NewReader(header + "\n")))
	if err != nil {
		// cutHeader has let nothing through that is no field.
		m.Parts = []Part{{Type: "text/plain", Err: err}}
		return m
	}
	m.Subject, m.From = clean(decodeWords(h.Get("Subject"))), clean(decodeWords(h.Get("From")))
	if ids := idRE.FindAllStringSubmatch(h.Get("Message-Id"), 1); ids != nil {
		m.ID = ids[0][1]
	}
	for _, id := range idRE.FindAllStringSubmatch(h.Get("References")+" "+h.Get("In-Reply-To"), -1) {
		m.References = append(m.References, id[1])
	}
	m.add(h, body, depth)
	return m
}

var idRE = regexp.MustCompile(`<([^<>\s]+)>`)

// add decodes a part, or each of those that it is made of.
func (m *Message) add(h textproto.Header, body string, depth int) {
	media, params := contentType(h)
	if depth > maxDepth {
		m.Parts = append(m.Parts, Part{Type: media, Err: fmt.Errorf("more than %d parts lie in each other", maxDepth)})
		return
	}
	if strings.HasPrefix(media, "multipart/") && strings.Contains(body, "--"+params["boundary"]) {
		m.addParts(media, params["boundary"], body, depth)
		return
	}
	if strings.HasPrefix(media, "multipart/") {
		media = "text/plain" // an archive took the parts away, and left their header
	}
	p := decode(media, params, h, body)
	disposition, _, _ := strings.Cut(h.Get("Content-Disposition"), ";")
	switch {
	case media == "message/rfc822", depth > 0 && p.Err == nil && (begins(p.Text) && (params["name"] != "" || disposition != "")):
		for _, r := range split(p.Text) {
			m.Attached = append(m.Attached, parse(m.Line, r.text, depth+1))
		}
	default:
		m.Parts = append(m.Parts, p)
	}
}

// addParts reads the parts of a multipart body. One that ends without its last
// boundary is read to its end: whether a diff in it is whole its lines tell.
func (m *Message) addParts(media, boundary, body string, depth int) {
	before := len(m.Parts)
	r := textproto.NewMultipartReader(strings.NewReader(body), boundary)
	for {
		part, err := r.NextPart()
		if err != nil {
			if !errors.Is(err, io.EOF) && !strings.HasSuffix(err.Error(), "EOF") {
				m.Parts = append(m.Parts, Part{Type: media, Err: err})
			}
			break
		}
		text, err := io.ReadAll(part)
		if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
			m.Parts = append(m.Parts, Part{Type: media, Err: err})
			break
		}
		m.add(part.Header, string(text), depth+1)
	}
	if media != "multipart/alternative" {
		return
	}
	for _, p := range m.Parts[before:] {
		if p.Type == "text/plain" {
			m.Parts = append(m.Parts[:before], p)
			return
		}
	}
}

// boundaryRE finds the boundary in a header that is not written as it should be.
var boundaryRE = regexp.MustCompile(`(?i)boundary\s*=\s*"?([^";]+)`)

// contentType returns a part's media type, text/plain where it has none, and its
// parameters.
func contentType(h textproto.Header) (media string, params map[string]string) {
	mh := message.Header{Header: h}
	media, params, err := mh.ContentType()
	if err == nil {
		return strings.ToLower(media), params
	}
	params = map[string]string{}
	if b := boundaryRE.FindStringSubmatch(media); b != nil {
		params["boundary"] = strings.TrimSpace(b[1])
	}
	media, _, _ = strings.Cut(strings.ToLower(media), ";")
	return strings.TrimSpace(media), params
}

// decode decodes a part that has no others in it.
func decode(media string, params map[string]string, h textproto.Header, body string) Part {
	p := Part{Type: media, Charset: strings.ToLower(params["charset"])}
	if strings.EqualFold(strings.TrimSpace(h.Get("Content-Transfer-Encoding")), "base64") {
		body, p.Err = encoded(body)
	}
	e, err := message.New(message.Header{Header: h}, strings.NewReader(body))
	if err != nil && !message.IsUnknownCharset(err) && !message.IsUnknownEncoding(err) {
		p.Err = err
		return p
	}
	text, err := io.ReadAll(e.Body)
	if err != nil {
		p.Err = err
	}
	p.Text = string(text)
	if strings.EqualFold(params["format"], "flowed") {
		p.Text, p.Flowed = unfold(p.Text, strings.EqualFold(params["delsp"], "yes")), true
	}
	if p.Text != "" && !strings.HasSuffix(p.Text, "\n") {
		p.Text += "\n"
	}
	return p
}

// base64RE is a line of base64.
var base64RE = regexp.MustCompile(`^[A-Za-z0-9+/]*={0,2}$`)

// longLine is a length that no word has, in bytes.
const longLine = 40

// encoded returns the lines of a base64 body, without a footer that a mailing list
// added in plain text. It is an error when more base64 stands behind that.
func encoded(body string) (string, error) {
	var (
		b     strings.Builder
		ended bool
	)
	for line := range strings.Lines(body) {
		line = strings.TrimSpace(line)
		is := base64RE.MatchString(line)
		if ended && is && len(line) >= longLine {
			return b.String(), errors.New("its base64 goes on behind a line that is none")
		}
		ended = ended || !is
		if !ended {
			b.WriteString(line + "\n")
			ended = strings.HasSuffix(line, "=")
		}
	}
	return b.String(), nil
}
