package series

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// chooser takes the patches of one series out of the mails of a thread.
type chooser struct {
	origin string
	// covers are cover letters, numbered those patches whose subjects count them, loose
	// the others; older ones and copies are among them.
	covers, numbered, loose []*message
	notes                   []string
}

// partialError tells that a part of a series is missing, which another file may hold.
type partialError struct{ bad *Error }

// Error says what is missing.
func (e *partialError) Error() string { return e.bad.Error() }

// Unwrap returns the same as an [*Error].
func (e *partialError) Unwrap() error { return e.bad }

func partial(origin, format string, args ...any) error {
	return &partialError{&Error{origin, fmt.Sprintf(format, args...)}}
}

// choose returns the series that mails hold: its newest version, whole. A message with
// a diff that is not taken is told in the notes, or is the error.
func choose(origin string, mails []*message) (*Series, error) {
	c := &chooser{origin: origin}
	var replies []*message
	for _, m := range mails {
		switch {
		case m.isCover():
			c.covers = append(c.covers, m)
		case m.reply:
			if m.hasDiff() {
				replies = append(replies, m)
			}
		case m.total > 0:
			c.numbered = append(c.numbered, m)
		case m.hasDiff() || m.patch && !m.covers:
			c.loose = append(c.loose, m)
		}
	}
	if len(c.numbered)+len(c.loose) == 0 {
		if err := c.takeReplies(replies); err != nil {
			return nil, err
		}
		replies = nil
	}
	for _, r := range replies {
		c.leave(r, "is a reply")
	}
	var (
		chosen []*message
		err    error
	)
	switch newer := c.squashed(); {
	case len(c.numbered) == 0:
		chosen, err = c.takeLoose()
	case len(newer) > 0:
		chosen, err = c.takeSquashed(newer)
	default:
		chosen, err = c.takeNumbered()
	}
	if err != nil {
		return nil, err
	}
	return c.series(chosen)
}

// isCover reports whether a message is a cover letter, whatever it holds.
func (m *message) isCover() bool { return m.total > 0 && m.number == 0 && !m.reply }

// name is what errors and notes call a message.
func (m *message) name() string {
	if m.total > 0 {
		return fmt.Sprintf("patch %d/%d, %q", m.number, m.total, m.title)
	}
	return fmt.Sprintf("%q", m.title)
}

func (c *chooser) note(format string, args ...any) {
	c.notes = append(c.notes, c.origin+": "+fmt.Sprintf(format, args...))
}

// leave notes that a message with a diff is not taken.
func (c *chooser) leave(m *message, why string) {
	c.notes = append(c.notes, fmt.Sprintf("%s: %s %s: its diff is left out", m.Origin, m.name(), why))
}

// takeReplies takes replies for patches where there is nothing else: somebody saved
// the mail that answers with one.
func (c *chooser) takeReplies(replies []*message) error {
	counted := 0
	for _, r := range replies {
		if r.total > 0 {
			counted++
		}
	}
	switch {
	case len(replies) == 0 && len(c.covers) > 0:
		return partial(c.origin, "it holds a cover letter, %q, and no patch", c.covers[0].title)
	case len(replies) == 0:
		return wrong(c.origin, "it holds no patch: no mail whose subject says [PATCH], and no diff")
	case counted == len(replies):
		c.numbered = replies
	case len(replies) == 1:
		c.loose = replies
	default:
		return wrong(c.origin, "it holds no patch, and %d replies with diffs (%s, %s, …): save the one that is to be applied by itself", len(replies), replies[0].Origin, replies[1].Origin)
	}
	return nil
}

// series makes a series of the chosen messages. Each must have a diff that was
// understood.
func (c *chooser) series(chosen []*message) (*Series, error) {
	s := &Series{}
	for i, m := range chosen {
		if m.err != nil {
			return nil, m.err
		}
		if len(m.sections) == 0 {
			return nil, wrong(m.Origin, "%s, has no diff%s", m.name(), m.without())
		}
		if m.total == 0 {
			m.Number, m.Total = i+1, len(chosen)
		}
		s.Revision = max(s.Revision, m.revision)
		s.Patches = append(s.Patches, m.Patch)
	}
	if err := c.coverOf(s, chosen); err != nil {
		return nil, err
	}
	s.Notes = c.notes
	return s, nil
}

// without says why a mail may have no diff.
func (m *message) without() string {
	kinds := slices.Compact(slices.Sorted(slices.Values(m.types)))
	switch {
	case slices.Equal(kinds, []string{"text/html"}):
		return ": it is HTML only, and its sender must send it as plain text"
	case len(kinds) > 0 && !slices.Equal(kinds, []string{"text/plain"}):
		return ": its parts are " + strings.Join(kinds, ", ") + "; save it with its attachment, or that alone"
	}
	return ": where an archive took its attachment away, take it from another"
}

// coverOf finds the cover letter. One of a newer version than the patches says that
// those that belong to it are missing, unless they answer it.
func (c *chooser) coverOf(s *Series, chosen []*message) error {
	if len(c.covers) == 0 {
		return nil
	}
	cover := slices.MaxFunc(c.covers, func(a, b *message) int { return cmp.Compare(a.revision, b.revision) })
	if cover.revision > s.Revision && !slices.ContainsFunc(chosen, func(m *message) bool { return m.answers(cover) }) {
		return partial(c.origin, "version %d has only its cover letter here (%s): its patches are missing", cover.revision, cover.Origin)
	}
	s.Cover = cover.title
	return nil
}

// answers reports whether a message was sent in reply to another, or to a reply to it.
func (m *message) answers(other *message) bool {
	return other.id != "" && slices.Contains(m.references, other.id)
}
