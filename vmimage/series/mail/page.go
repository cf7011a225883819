package mail

import (
	"fmt"
	"regexp"
	"strings"
)

// The lines of a saved thread of lore.kernel.org: a message begins with its subject
// behind a star, and ends with a line of links.
var (
	pageSubject = regexp.MustCompile(`(?m)^\* (.+)$`)
	pageFrom    = regexp.MustCompile(`(?m)^From: (.+) @ \d{4}-\d\d-\d\d .*\(permalink / raw\)\s*$`)
	pageEnd     = regexp.MustCompile(`(?m)^\^ permalink raw reply`)
)

// isPage reports whether a text is a saved thread.
func isPage(text string) bool { return pageFrom.MatchString(text) || pageEnd.MatchString(text) }

// readPage reads a saved thread. A message's text begins behind the blank line after
// its From, To and Cc.
func readPage(text string) ([]Message, error) {
	text = strings.ReplaceAll(text, "\r\n", "\n")
	var all []Message
	for at := 0; ; {
		from := pageFrom.FindStringSubmatchIndex(text[at:])
		if from == nil {
			break
		}
		m := Message{Line: 1 + strings.Count(text[:at+from[0]], "\n"), From: clean(text[at+from[2] : at+from[3]])}
		if subjects := pageSubject.FindAllStringSubmatch(text[at:at+from[0]], -1); subjects != nil {
			m.Subject = clean(subjects[len(subjects)-1][1])
		}
		body := text[at+from[1]:]
		end := pageEnd.FindStringIndex(body)
		if end == nil {
			return nil, &Error{Line: m.Line, Problem: fmt.Sprintf("the message of %s has no end: the page was cut; save it again, or take the thread's mbox.gz", m.From)}
		}
		at += from[1] + end[1]
		_, body, _ = strings.Cut(body[:end[0]], "\n\n")
		m.Parts = []Part{{Type: "text/plain", Text: body}}
		all = append(all, m)
	}
	if len(all) == 0 {
		return nil, &Error{Problem: "it looks like a saved thread of lore.kernel.org and holds no message; take the thread's mbox.gz"}
	}
	return all, nil
}
