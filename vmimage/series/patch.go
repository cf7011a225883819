package series

import (
	"errors"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"kmatrix/vmimage/series/mail"
)

// Patch is one patch.
type Patch struct {
	// Number counts from 1, Total is how many there are. Patches whose subjects say
	// neither are counted as they come.
	Number, Total int
	// Revision is the version of the series that it is of, 1 where none is said.
	Revision int
	// Subject is without tags in brackets, Author with the address, as they were sent.
	Subject, Author string
	// Diff holds the changes of its files, and no other text.
	Diff string
	// Stat is what the diff changes.
	Stat Stat
	// Origin says where it was read: a file, and a line in it.
	Origin string

	sections []section
}

// message is what was understood of one mail.
type message struct {
	Patch
	subject
	id         string
	references []string
	// types are the media types of its parts.
	types []string
	// err is why the diff that it has, or should have, cannot be used. It matters
	// only when the message is taken.
	err error
	// covers tells that its text ends as a cover letter does.
	covers bool
}

// hasDiff reports whether there is a diff in it, even if a damaged one.
func (m *message) hasDiff() bool { return len(m.sections) > 0 || m.err != nil }

// readMessages reads the mails of a file.
func readMessages(origin string, text []byte) ([]*message, error) {
	mails, err := mail.Read(text)
	var bad *mail.Error
	if errors.As(err, &bad) {
		if bad.Line > 0 {
			origin = fmt.Sprintf("%s:%d", origin, bad.Line)
		}
		return nil, wrong(origin, "%s", bad.Problem)
	}
	if err != nil {
		return nil, err
	}
	var all []*message
	for _, m := range mails {
		for _, one := range carried(m) {
			all = append(all, understand(origin, one))
		}
	}
	return all, nil
}

// carried returns the mails that a mail carries, and the mail itself. A patch whose
// mail has only the headers of its own in an attachment is one.
func carried(m mail.Message) []mail.Message {
	attached := m.Attached
	m.Attached = nil
	if outer := readSubject(m.Subject); len(attached) == 1 && len(attached[0].Attached) == 0 && (!outer.tagged || outer.total == 0 || outer.number > 0) {
		inner := attached[0]
		m.Parts = append(m.Parts, inner.Parts...)
		if !outer.tagged && readSubject(inner.Subject).tagged {
			m.Subject, m.From = inner.Subject, inner.From
		}
		return []mail.Message{m}
	}
	all := []mail.Message{m}
	for _, a := range attached {
		if a.References == nil {
			a.References = slices.Clone(m.References)
		}
		all = append(all, carried(a)...)
	}
	return all
}

// understand finds out what a mail says of a patch.
func understand(origin string, m mail.Message) *message {
	p := &message{id: m.ID, references: m.References}
	p.Origin, p.Author = fmt.Sprintf("%s:%d", origin, m.Line), m.From
	title := m.Subject
	for _, part := range m.Parts {
		p.types = append(p.types, part.Type)
	}
	if len(m.Parts) > 0 {
		if inner := inBody(m.Parts[0].UTF8()); inner.subject != "" || inner.from != "" {
			title, p.Author = first(inner.subject, title), first(inner.from, p.Author)
		}
		if title == "" {
			title = bareTitle(m.Parts[0].UTF8())
		}
	}
	if title == "" {
		title = strings.TrimSuffix(strings.TrimSuffix(filepath.Base(origin), ".gz"), ".patch")
	}
	p.subject = readSubject(title)
	if outer := readSubject(m.Subject); p.subject.total == 0 && outer.tagged {
		outer.title = p.title
		p.subject = outer
	}
	p.Subject, p.Number, p.Total, p.Revision = p.title, p.number, p.total, p.revision
	p.findDiffs(m.Parts)
	return p
}

// first returns the first of two texts that says something.
func first(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// coverRE is the sum that a cover letter ends with.
var coverRE = regexp.MustCompile(`(?m)^ \d+ files? changed`)

// mayHoldDiff are the media types of parts that patches come in.
var mayHoldDiff = regexp.MustCompile(`^(?:text|multipart)/|patch|diff|octet-stream`)

// findDiffs takes the diff out of all parts. One that is there twice, in the text and
// attached, counts once.
func (m *message) findDiffs(parts []mail.Part) {
	var broken error
	for _, part := range parts {
		if part.Type == "text/html" {
			continue
		}
		if part.Err != nil {
			if mayHoldDiff.MatchString(part.Type) {
				broken = wrong(m.Origin, "a part of %q (%s) cannot be decoded: %v; save the mail again", m.title, part.Type, part.Err)
			}
			continue
		}
		m.covers = m.covers || coverRE.MatchString(part.Text)
		found, err := findDiff(opened(part.Text))
		var bad *damage
		switch {
		case errors.As(err, &bad) && bad.made:
			m.err = wrong(m.Origin, "the diff of %q cannot be applied (%v)", m.title, err)
		case err != nil && part.Flowed:
			m.err = wrong(m.Origin, "the mail %q is format=flowed, which folds lines: its sender must send it again (%v)", m.title, err)
		case err != nil:
			m.err = wrong(m.Origin, "the diff of %q is damaged (%v): format=flowed and other mailers fold or change lines; save it as it was sent", m.title, err)
		case len(found) > 0 && !strings.Contains(m.Diff, join(found)):
			m.sections = append(m.sections, found...)
			m.Diff += join(found)
		}
	}
	if m.err == nil {
		m.err = broken
	}
	for _, s := range m.sections {
		m.Stat.Files++
		for _, fragment := range s.file.TextFragments {
			m.Stat.Insertions += int(fragment.LinesAdded)
			m.Stat.Deletions += int(fragment.LinesDeleted)
		}
	}
}

// join returns the text of a diff.
func join(sections []section) string {
	var b strings.Builder
	for _, s := range sections {
		b.WriteString(s.text)
	}
	return b.String()
}
