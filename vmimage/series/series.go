// Package series reads patch series and applies them to source trees.
//
// A series comes as an mbox, as a directory of patches, or as a page of a
// thread on lore.kernel.org, saved as text. [Read] tells them apart, takes the
// patches and nothing of the replies that quote them, and makes sure that none
// is missing; [Apply] applies all of them to a tree, or none.
package series

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/bluekeyes/go-gitdiff/gitdiff"
)

// Series is a number of patches in their order.
type Series struct {
	// Cover is the cover letter; its Diff is empty, and so is all of it when
	// there was none.
	Cover   Patch
	Patches []Patch
}

// Patch is one patch.
type Patch struct {
	// Number counts from 1, Total is how many there are; both 0 when the
	// subject says neither.
	Number, Total int
	// Subject is without the tag in brackets.
	Subject string
	From    string
	// Body is the message between the headers and the diff.
	Body string
	// Diff is the diff as git writes it.
	Diff string
	// Stat is what the diff changes.
	Stat Stat
	// Origin says where it was read: a file, and a line in it.
	Origin string
}

// Error tells that a series cannot be used.
type Error struct{ Origin, Problem string }

// Error names the file and what is wrong.
func (e *Error) Error() string { return e.Origin + ": " + e.Problem }

func wrong(origin, format string, args ...any) error {
	return &Error{Origin: origin, Problem: fmt.Sprintf(format, args...)}
}

// maxFile is the largest file that is read.
const maxFile = 64 << 20

// Read reads a series from files: each an mbox, a patch, a saved thread, or a
// directory of patches. The error is an [*Error] for whatever is wrong with
// their content.
func Read(paths ...string) (*Series, error) {
	var all []Patch
	for _, path := range paths {
		files, err := filesOf(path)
		if err != nil {
			return nil, err
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				return nil, fmt.Errorf("read a series: %w", err)
			}
			patches, err := Parse(file, text)
			if err != nil {
				return nil, err
			}
			all = append(all, patches...)
		}
	}
	return order(strings.Join(paths, ", "), all)
}

func filesOf(path string) ([]string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("read a series: %w", err)
	}
	if info.Size() > maxFile && !info.IsDir() {
		return nil, wrong(path, "it has %d bytes", info.Size())
	}
	if !info.IsDir() {
		return []string{path}, nil
	}
	files, err := filepath.Glob(filepath.Join(path, "*.patch"))
	if err != nil || len(files) == 0 {
		return nil, errors.Join(err, wrong(path, "the directory holds no *.patch"))
	}
	slices.Sort(files)
	return files, nil
}

// Parse reads the patches, and the cover letter, that a file holds.
func Parse(origin string, text []byte) ([]Patch, error) {
	s := string(text)
	switch {
	case strings.Contains(s, "\r\n"):
		return nil, wrong(origin, "its lines end in CRLF, which no patch to Linux does: save it again as it was sent (b4 am, or lore's mbox.gz)")
	case strings.Contains(s, "permalink / raw") || strings.Contains(s, "permalink raw reply"):
		return parsePage(origin, s)
	case strings.HasPrefix(s, "From ") || strings.HasPrefix(s, "From: ") || strings.HasPrefix(s, "Subject: "):
		return parseMbox(origin, s)
	case strings.Contains(s, "\ndiff --git ") || strings.HasPrefix(s, "diff --git "):
		return parseMbox(origin, "Subject: "+strings.TrimSuffix(filepath.Base(origin), ".patch")+"\n\n"+s)
	}
	return nil, wrong(origin, "it is no mbox, no patch and no saved thread of lore.kernel.org")
}

// subjectRE takes a subject like "[RFC PATCH v2 3/4] splice: x" apart.
var subjectRE = regexp.MustCompile(`^\[[^\]]*PATCH[^\]]*?(?:\s(\d+)/(\d+))?\]\s*(.*)$`)

// setSubject reads number, total and title.
func (p *Patch) setSubject(s string) bool {
	m := subjectRE.FindStringSubmatch(s)
	if m == nil {
		p.Subject = s
		return false
	}
	p.Subject = m[3]
	if m[1] != "" {
		// The expression has let nothing but digits through.
		p.Number, _ = strconv.Atoi(m[1])
		p.Total, _ = strconv.Atoi(m[2])
	}
	return true
}

// setBody takes a message's text apart at the beginning of its diff.
func (p *Patch) setBody(text string) error {
	i := strings.Index("\n"+text, "\ndiff --git ")
	if i < 0 {
		p.Body = strings.TrimSpace(text)
		return nil
	}
	p.Body, p.Diff = strings.TrimSpace(text[:i]), text[i:]
	// What git format-patch signs with.
	if j := strings.Index(p.Diff, "\n-- \n"); j >= 0 {
		p.Diff = p.Diff[:j+1]
	}
	p.Diff = strings.TrimRight(p.Diff, "\n") + "\n"
	files, _, err := gitdiff.Parse(strings.NewReader(p.Diff))
	if err == nil {
		err = stray(p.Diff)
	}
	if err != nil {
		return wrong(p.Origin, "the diff of %q is damaged (%v): format=flowed and other mailers fold or change lines; save it as it was sent", p.Subject, err)
	}
	for _, f := range files {
		p.Stat.Files++
		for _, fragment := range f.TextFragments {
			p.Stat.Insertions += int(fragment.LinesAdded)
			p.Stat.Deletions += int(fragment.LinesDeleted)
		}
	}
	return nil
}

// order puts numbered patches into their order and makes sure that they are
// whole. Those without numbers keep the order in which they came.
func order(origin string, all []Patch) (*Series, error) {
	s := &Series{}
	total := 0
	for _, p := range all {
		switch {
		case p.Diff == "" && p.Number == 0:
			s.Cover = p
			continue
		case p.Diff == "":
			return nil, wrong(p.Origin, "patch %d/%d, %q, has no diff", p.Number, p.Total, p.Subject)
		}
		if p.Total > 0 && total > 0 && p.Total != total {
			return nil, wrong(p.Origin, "patch %d/%d stands among those of a series of %d", p.Number, p.Total, total)
		}
		total = max(total, p.Total)
		s.Patches = append(s.Patches, p)
	}
	if len(s.Patches) == 0 {
		return nil, wrong(origin, "it holds no patch")
	}
	if total == 0 {
		return s, nil
	}
	slices.SortStableFunc(s.Patches, func(a, b Patch) int { return a.Number - b.Number })
	for n := 1; n <= total; n++ {
		switch count := slices.IndexFunc(s.Patches, func(p Patch) bool { return p.Number == n }); {
		case count < 0:
			return nil, wrong(origin, "patch %d/%d is missing", n, total)
		case count+1 < len(s.Patches) && s.Patches[count+1].Number == n:
			return nil, wrong(s.Patches[count+1].Origin, "patch %d/%d is there twice", n, total)
		}
	}
	return s, nil
}

// Digest names the content of the series, in hex: that of its diffs.
func (s *Series) Digest() string {
	h := sha256.New()
	for _, p := range s.Patches {
		fmt.Fprintf(h, "%d:%s", len(p.Diff), p.Diff)
	}
	return fmt.Sprintf("%x", h.Sum(nil))
}
