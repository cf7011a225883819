package series

import (
	"io"
	"mime"
	"mime/quotedprintable"
	"net/mail"
	"regexp"
	"strings"
)

// fromLine is how a message in an mbox begins (git format-patch and b4 write
// the first form, mailing list archives the second).
var fromLine = regexp.MustCompile(`(?m)^From (?:[0-9a-f]{40}|\S+@\S+|mboxrd@z) .*\d{4}$`)

// parseMbox reads the messages of an mbox. Replies are passed over.
func parseMbox(origin, text string) ([]Patch, error) {
	starts := fromLine.FindAllStringIndex(text, -1)
	if starts == nil {
		starts = [][]int{{0, 0}}
	}
	var all []Patch
	for i, at := range starts {
		end := len(text)
		if i+1 < len(starts) {
			end = starts[i+1][0]
		}
		p, ok, err := parseMail(origin, strings.TrimLeft(text[at[1]:end], "\n"))
		if err != nil {
			return nil, err
		}
		if ok {
			all = append(all, p)
		}
	}
	return all, nil
}

// parseMail reads one message; false when it is a reply or no patch.
func parseMail(origin, text string) (Patch, bool, error) {
	p := Patch{Origin: origin}
	m, err := mail.ReadMessage(strings.NewReader(text))
	if err != nil {
		return p, false, wrong(origin, "a message has no proper headers: %v", err)
	}
	if strings.Contains(strings.ToLower(m.Header.Get("Content-Type")), "format=flowed") {
		return p, false, wrong(origin, "a message is format=flowed, which folds lines: its sender must send it again")
	}
	body := m.Body
	switch strings.ToLower(m.Header.Get("Content-Transfer-Encoding")) {
	case "quoted-printable":
		body = quotedprintable.NewReader(body)
	case "base64":
		return p, false, wrong(origin, "a message is in base64: save it decoded (b4 am does)")
	}
	raw, err := io.ReadAll(body)
	if err != nil {
		return p, false, wrong(origin, "a message cannot be decoded: %v", err)
	}
	subject, err := (&mime.WordDecoder{}).DecodeHeader(m.Header.Get("Subject"))
	if err != nil {
		subject = m.Header.Get("Subject")
	}
	p.From = m.Header.Get("From")
	isPatch := p.setSubject(strings.Join(strings.Fields(subject), " "))
	if strings.HasPrefix(strings.ToLower(p.Subject), "re:") {
		return p, false, nil
	}
	if err := p.setBody(string(raw)); err != nil {
		return p, false, err
	}
	return p, isPatch || p.Diff != "", nil
}

// The lines of a saved thread: a message begins with its subject behind a
// star, and ends with a line of links.
var (
	pageSubject = regexp.MustCompile(`(?m)^\* (.+)$`)
	pageFrom    = regexp.MustCompile(`(?m)^From: (.+) @ \d{4}-\d\d-\d\d .*\(permalink / raw\)$`)
	pageEnd     = regexp.MustCompile(`(?m)^\^ permalink raw reply`)
)

// parsePage reads a saved thread. A message's text begins behind the blank line
// after its From, To and Cc.
func parsePage(origin, text string) ([]Patch, error) {
	var all []Patch
	found := false
	for rest := text; ; {
		from := pageFrom.FindStringSubmatchIndex(rest)
		if from == nil {
			break
		}
		found = true
		author := rest[from[2]:from[3]]
		subjects := pageSubject.FindAllStringSubmatch(rest[:from[0]], -1)
		body := rest[from[1]:]
		end := pageEnd.FindStringIndex(body)
		if end == nil {
			return nil, wrong(origin, "the message of %s has no end: the page was cut", author)
		}
		rest = body[end[1]:]
		body = body[:end[0]]
		_, body, _ = strings.Cut(body, "\n\n")
		if len(subjects) == 0 {
			continue
		}
		p := Patch{Origin: origin, From: author}
		subject := subjects[len(subjects)-1][1]
		if !p.setSubject(subject) {
			continue // a reply
		}
		if err := p.setBody(strings.TrimRight(body, "\n") + "\n"); err != nil {
			return nil, err
		}
		all = append(all, p)
	}
	if !found {
		return nil, wrong(origin, "it looks like a saved thread of lore.kernel.org and holds no message")
	}
	return all, nil
}
