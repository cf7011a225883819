package series

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"github.com/bluekeyes/go-gitdiff/gitdiff"

	"kmatrix/matrix/proc"
)

// RejectError tells that a patch does not apply.
type RejectError struct {
	Patch   Patch
	File    string
	Hunk    int
	Wants   string
	Has     string
	Already bool
}

// Error names patch, file and hunk, and shows what the patch wants to find
// there and what the tree has.
func (e *RejectError) Error() string {
	name := fmt.Sprintf("%d/%d, %s", e.Patch.Number, e.Patch.Total, e.Patch.Subject)
	if e.Already {
		return fmt.Sprintf("patch %s: it is applied already, at %s", name, e.File)
	}
	return fmt.Sprintf("patch %s: hunk %d of %s does not apply\nthe patch wants:\n%sthe tree has:\n%s", name, e.Hunk, e.File, e.Wants, e.Has)
}

// maxFuzz is how many lines of context may differ at a hunk's ends when it does
// not apply exactly; it is patch's own default.
const maxFuzz = 2

// Apply applies all patches to a tree, exactly or, where that fails, with fuzz,
// which is told in notes. The error is a [*RejectError] for a patch that does
// not apply; those before it have then been applied, so that the tree is to be
// thrown away.
func Apply(ctx context.Context, s *Series, tree string) (notes []string, err error) {
	for _, p := range s.Patches {
		for _, part := range p.parts() {
			note, err := part.apply(ctx, tree)
			if err != nil {
				return notes, err
			}
			if note != "" {
				notes = append(notes, note)
			}
		}
	}
	return notes, nil
}

// parts takes a patch apart where it cannot be applied at once: patch tries a file on
// the tree as it is, so that one which is changed twice needs two turns, and leaves to
// git what it does not know.
func (p Patch) parts() []Patch {
	var all []Patch
	part := p
	part.sections = nil
	changed := map[string]bool{}
	for _, s := range p.sections {
		again := changed[s.file.OldName] || changed[s.file.NewName]
		if n := len(part.sections); n > 0 && (again || part.sections[n-1].onlyGit() != s.onlyGit()) {
			all = append(all, part)
			part.sections = nil
			clear(changed)
		}
		for _, name := range []string{s.file.OldName, s.file.NewName} {
			changed[name] = name != ""
		}
		part.sections = append(part.sections, s)
	}
	all = append(all, part)
	for i := range all {
		all[i].Diff = join(all[i].sections)
	}
	return all
}

// apply applies a part of a patch, and says what it took.
func (p Patch) apply(ctx context.Context, tree string) (note string, err error) {
	if p.sections[0].onlyGit() {
		return "", p.applyByGit(ctx, tree)
	}
	fuzz := 0
	if _, err := run(ctx, tree, p, "--dry-run", "--fuzz=0"); err != nil {
		fuzz = maxFuzz
		out, err := run(ctx, tree, p, "--dry-run", fmt.Sprintf("--fuzz=%d", maxFuzz))
		if err != nil {
			return "", rejected(err, out, p, tree)
		}
		note = fmt.Sprintf("patch %d/%d, %s, applies with fuzz: %s", p.Number, p.Total, p.Subject, strings.Join(fuzzRE.FindAllString(out, -1), "; "))
	}
	if out, err := run(ctx, tree, p, fmt.Sprintf("--fuzz=%d", fuzz)); err != nil {
		return "", rejected(err, out, p, tree)
	}
	return note, nil
}

// modeLink is the mode by which git tells a symbolic link.
const modeLink = 0o120000

// onlyGit reports whether git alone applies the changes of a file: those that have no
// lines (binary data, a mode, a name, an empty file), and those of symbolic links.
func (s section) onlyGit() bool {
	return len(s.file.TextFragments) == 0 || s.file.OldMode == modeLink || s.file.NewMode == modeLink
}

// applyByGit applies the changes of files that patch does not know.
func (p Patch) applyByGit(ctx context.Context, tree string) error {
	_, err := proc.Run(ctx, proc.Cmd{
		Path: "git", Args: []string{"apply", "--whitespace=nowarn"}, Dir: tree, Stdin: strings.NewReader(p.Diff),
		// In a repository around the tree git would look for the files from its root.
		Env: []string{"LC_ALL=C", "GIT_DIR=" + filepath.Join(tree, "no-repository")},
	})
	var failed *proc.Error
	if errors.As(err, &failed) && ctx.Err() == nil {
		return wrong(p.Origin, "patch %d/%d, %q, does not apply: %s", p.Number, p.Total, p.Subject, strings.TrimSpace(failed.Stderr))
	}
	return err
}

var (
	fuzzRE   = regexp.MustCompile(`Hunk #\d+ succeeded at \d+ with fuzz \d`)
	fileRE   = regexp.MustCompile(`^(?:checking|patching) file '?(.+?)'?$`)
	failedRE = regexp.MustCompile(`^Hunk #(\d+) FAILED at (\d+)`)
)

// run runs patch (the program) without any question. Its output is returned in
// either case.
func run(ctx context.Context, tree string, p Patch, args ...string) (string, error) {
	out, err := proc.Run(ctx, proc.Cmd{
		Path: "patch", Dir: tree, Stdin: strings.NewReader(p.Diff), Env: []string{"LC_ALL=C"},
		Args: append([]string{"--strip=1", "--forward", "--batch", "--no-backup-if-mismatch", "--reject-file=-"}, args...),
	})
	return string(out), err
}

// rejected turns patch's output into an error.
func rejected(err error, out string, p Patch, tree string) error {
	var failed *proc.Error
	if !errors.As(err, &failed) || errors.Is(err, context.Canceled) {
		return err
	}
	e := &RejectError{Patch: p}
	for line := range strings.Lines(out) {
		line = strings.TrimSpace(line)
		if m := fileRE.FindStringSubmatch(line); m != nil {
			e.File = m[1]
		}
		if strings.Contains(line, "previously applied") {
			e.Already = true
			return e
		}
		if m := failedRE.FindStringSubmatch(line); m != nil {
			// The expression has let nothing but digits through.
			e.Hunk, _ = strconv.Atoi(m[1])
			at, _ := strconv.Atoi(m[2])
			e.sides(tree, at)
			return e
		}
	}
	if strings.Contains(out, "can't find file") || e.File == "" {
		return wrong(p.Origin, "patch %q is for files that the tree does not have: %s", p.Subject, strings.TrimSpace(out))
	}
	return fmt.Errorf("apply %q: %w: %s", p.Subject, err, strings.TrimSpace(out))
}

// maxSide is how many lines are shown of either side.
const maxSide = 12

// sides fills in what the hunk wants and what the tree has.
func (e *RejectError) sides(tree string, at int) {
	for _, section := range e.Patch.sections {
		f := section.file
		if f.NewName != e.File && f.OldName != e.File || e.Hunk > len(f.TextFragments) {
			continue
		}
		var wants []string
		for _, l := range f.TextFragments[e.Hunk-1].Lines {
			if l.Op != gitdiff.OpAdd && len(wants) < maxSide {
				wants = append(wants, "    "+l.Line)
			}
		}
		e.Wants = strings.Join(wants, "")
	}
	text, err := os.ReadFile(filepath.Join(tree, e.File))
	if err != nil {
		e.Has = "    (" + err.Error() + ")\n"
		return
	}
	lines := strings.SplitAfter(string(text), "\n")
	for _, l := range lines[min(max(at-1, 0), len(lines)):min(at-1+maxSide, len(lines))] {
		e.Has += "    " + l
	}
}
