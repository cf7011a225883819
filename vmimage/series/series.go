// Package series reads patch series as people save them, and applies them to source
// trees.
//
// A series comes as an mbox, as a mail or a patch, as a directory of these, or as a
// thread of lore.kernel.org saved as text; each of them may be compressed. [Read]
// takes the newest version of it and nothing of the replies that quote it (choose.go),
// finds the diff in each mail (patch.go, diff.go), and makes sure that all of it was
// understood. Mails themselves are read by package mail. [Apply] applies all patches
// to a tree, or none.
package series

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"
)

// Series is a number of patches in their order.
type Series struct {
	// Revision is the newest version that its patches have.
	Revision int
	// Cover is the cover letter's subject, "" where there is none.
	Cover   string
	Patches []Patch
	// Notes say what was left out, and why, a sentence each.
	Notes []string
}

// Error tells that a series cannot be used.
type Error struct{ Origin, Problem string }

// Error names the file, the line where a message begins, and what is wrong.
func (e *Error) Error() string { return e.Origin + ": " + e.Problem }

func wrong(origin, format string, args ...any) error {
	return &Error{Origin: origin, Problem: fmt.Sprintf(format, args...)}
}

// Read reads a series from files and directories. Each may hold a series of its own,
// which are applied one after the other; those that hold a part of one are put
// together. The error is an [*Error] for whatever is wrong with their content.
func Read(ctx context.Context, files ...File) (*Series, error) {
	var (
		all  = &Series{}
		open []*message
		from []string
		last error
	)
	for _, f := range files {
		messages, err := f.messages(ctx)
		if err != nil {
			return nil, err
		}
		s, err := choose(f.Name, messages)
		var partial *partialError
		if errors.As(err, &partial) {
			open, from = append(open, messages...), append(from, f.Name)
			s, err = choose(strings.Join(from, ", "), open)
			if errors.As(err, &partial) {
				last = err
				continue
			}
			open, from = nil, nil
		}
		if err != nil {
			return nil, err
		}
		if err := all.add(s); err != nil {
			return nil, err
		}
	}
	// A cover letter alone, behind its patches, lacks nothing.
	if len(open) > 0 && (len(all.Patches) == 0 || !onlyCovers(open)) {
		return nil, last
	}
	return all, nil
}

// Check reads the mails of a file, and tells whether that can be done: whether they
// are a series [Read] tells.
func Check(ctx context.Context, f File) error {
	_, err := f.messages(ctx)
	return err
}

// onlyCovers reports whether messages are cover letters without their patches.
func onlyCovers(messages []*message) bool {
	for _, m := range messages {
		if !m.isCover() && (m.tagged || m.hasDiff()) {
			return false
		}
	}
	return true
}

// messages reads the mails of a file, or of all files of a directory.
func (f File) messages(ctx context.Context) ([]*message, error) {
	files, err := f.files()
	if err != nil {
		return nil, err
	}
	var all []*message
	for _, one := range files {
		text, err := one.read(ctx)
		if err != nil {
			return nil, err
		}
		messages, err := readMessages(one.Name, text)
		if err != nil {
			return nil, err
		}
		all = append(all, messages...)
	}
	return all, nil
}

// add appends another series. The same patch twice is a mistake: it can apply once.
func (s *Series) add(t *Series) error {
	for _, p := range t.Patches {
		for _, q := range s.Patches {
			if p.Diff == q.Diff {
				return wrong(p.Origin, "patch %d/%d, %q, is there twice: %s has the same changes", p.Number, p.Total, p.Subject, q.Origin)
			}
		}
	}
	s.Revision = max(s.Revision, t.Revision)
	if s.Cover == "" {
		s.Cover = t.Cover
	}
	s.Patches = append(s.Patches, t.Patches...)
	s.Notes = append(s.Notes, t.Notes...)
	return nil
}

// Digest names the content of the series, in hex: that of its diffs.
func (s *Series) Digest() string {
	h := sha256.New()
	for _, p := range s.Patches {
		fmt.Fprintf(h, "%d:%s", len(p.Diff), p.Diff)
	}
	return fmt.Sprintf("%x", h.Sum(nil))
}
