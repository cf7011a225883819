package series

import (
	"fmt"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"github.com/bluekeyes/go-gitdiff/gitdiff"
)

// section is what a diff does to one file.
type section struct {
	text string
	file *gitdiff.File
}

// damage tells that a diff cannot be used.
type damage struct {
	// line counts from 1 in the text that the diff stands in.
	line    int
	problem string
	// made tells that it was made so, and is as it was made.
	made bool
}

func (d *damage) Error() string { return fmt.Sprintf("line %d of its text: %s", d.line, d.problem) }

var (
	// hunkRE takes the header of a hunk apart: how many lines of the old and of the
	// new file it has, 1 where it says nothing.
	hunkRE = regexp.MustCompile(`^@@ -\d{1,7}(?:,(\d{1,7}))? \+\d{1,7}(?:,(\d{1,7}))? @@`)
	// extendedRE is a line of git's header of a file.
	extendedRE = regexp.MustCompile(`^(?:index|old mode|new mode|deleted file mode|new file mode|copy from|copy to|rename from|rename to|rename old|rename new|similarity index|dissimilarity index) `)
	mergeRE    = regexp.MustCompile(`^diff --(?:cc|combined) `)
	noDataRE   = regexp.MustCompile(`^(?:Binary f|F)iles .* differ\s*$`)
	binaryRE   = regexp.MustCompile(`^(?:literal|delta) \d+\s*$`)
)

// finder finds the diff in a text: what stands before, between and behind the
// changes of files is left out, as git apply leaves it out.
type finder struct {
	lines []string
	found []section
}

// findDiff returns the changes of files that a text holds, none where it holds no
// diff. The error is a [*damage].
func findDiff(text string) ([]section, error) {
	f := finder{lines: strings.SplitAfter(text, "\n")}
	// Where the diff's own headers end in CRLF its lines got that on their way. Where
	// they do not, the file's lines end so.
	for i, line := range f.lines {
		if strings.HasSuffix(line, "\r\n") && (f.isGit(i) || f.isPlain(i)) {
			return findDiff(strings.ReplaceAll(text, "\r\n", "\n"))
		}
	}
	headless := 0
	for i := 0; i < len(f.lines); {
		line := f.lines[i]
		end, err := i, error(nil)
		switch {
		case f.isGit(i):
			end, err = f.git(i)
		case f.isPlain(i):
			end, err = f.plain(i)
		case mergeRE.MatchString(line) && strings.HasPrefix(f.line(i+1), "index "):
			err = f.unfit(i, "it is the diff of a merge, which applies to nothing: make it with git diff -m, or of the merge's commits")
		case strings.HasPrefix(line, "*** ") && strings.HasPrefix(f.line(i+1), "--- ") && strings.HasPrefix(f.line(i+2), "*******"):
			err = f.unfit(i, "it is a context diff: make it with diff -u")
		case hunkRE.MatchString(line) && len(f.found) > 0:
			err = f.damaged(i, fmt.Sprintf("the hunk %q belongs to no file: a line before it was added or lost", strings.TrimSpace(line)))
		case hunkRE.MatchString(line) && headless == 0:
			headless = i + 1
		}
		if err != nil {
			return f.found, err
		}
		i = max(end, i+1)
	}
	if headless > 0 && len(f.found) == 0 {
		return nil, &damage{line: headless, problem: "the hunk has no file: the lines --- and +++ before it are missing"}
	}
	return f.found, nil
}

// line returns a line, "" behind the end.
func (f *finder) line(i int) string {
	if i >= len(f.lines) {
		return ""
	}
	return f.lines[i]
}

func (f *finder) damaged(i int, problem string) error {
	return &damage{line: i + 1, problem: problem}
}

func (f *finder) unfit(i int, problem string) error {
	return &damage{line: i + 1, problem: problem, made: true}
}

// isGit reports whether a file's changes begin here as git writes them; a line that
// only looks so has nothing of that behind it.
func (f *finder) isGit(i int) bool {
	if !strings.HasPrefix(f.lines[i], "diff --git ") {
		return false
	}
	next := f.line(i + 1)
	return extendedRE.MatchString(next) || f.isPlain(i+1)
}

// isPlain reports whether a file's changes begin here as diff writes them.
func (f *finder) isPlain(i int) bool {
	return strings.HasPrefix(f.line(i), "--- ") && strings.HasPrefix(f.line(i+1), "+++ ") && strings.HasPrefix(f.line(i+2), "@@ -")
}

// git reads a file's changes, and returns where they end.
func (f *finder) git(i int) (int, error) {
	if old, now, ok := strings.Cut(strings.TrimSpace(strings.TrimPrefix(f.lines[i], "diff --git ")), " "); ok && old == now && !strings.HasPrefix(old, "a/") {
		return i, f.unfit(i, fmt.Sprintf("the names have no a/ and b/ before them (%s): git was told so by diff.noprefix; make it with git format-patch --default-prefix", old))
	}
	end := i + 1
	for extendedRE.MatchString(f.line(end)) {
		end++
	}
	switch {
	case f.isPlain(end):
		return f.hunks(i, end+2)
	case strings.TrimSpace(f.line(end)) == "GIT binary patch":
		return f.binary(i, end+1)
	case noDataRE.MatchString(f.line(end)):
		return end, f.unfit(end, fmt.Sprintf("it says that a binary file differs, and not how (%q): make it with git format-patch --binary", strings.TrimSpace(f.lines[end])))
	case strings.HasPrefix(f.line(end), "--- "), strings.HasPrefix(f.line(end), "+++ "), strings.HasPrefix(f.line(end), "@@ "):
		return end, f.damaged(end, fmt.Sprintf("%q stands where --- FILE, +++ FILE and a hunk should: a line was lost or folded", strings.TrimSpace(f.lines[end])))
	}
	return end, f.add(i, end)
}

// plain reads a file's changes as diff writes them.
func (f *finder) plain(i int) (int, error) { return f.hunks(i, i+2) }

// binary reads the data of a binary file: forward, and maybe back, each of which ends
// in a blank line.
func (f *finder) binary(start, i int) (int, error) {
	for binaryRE.MatchString(f.line(i)) {
		for i++; strings.TrimSpace(f.line(i)) != ""; i++ {
		}
		if i >= len(f.lines) {
			return i, f.damaged(start, "the data of its binary file are cut")
		}
		i++
	}
	return i, f.add(start, i)
}

// hunks reads the hunks of the file whose changes began at start.
func (f *finder) hunks(start, i int) (int, error) {
	for hunkRE.MatchString(f.line(i)) {
		var err error
		if i, err = f.hunk(i); err != nil {
			return i, err
		}
	}
	if strings.HasPrefix(f.line(i), "@@ ") {
		return i, f.damaged(i, fmt.Sprintf("%q is no header of a hunk", strings.TrimSpace(f.lines[i])))
	}
	if err := f.behind(i); err != nil {
		return i, err
	}
	return i, f.add(start, i)
}

// hunk reads a hunk, and returns where it ends: its header says how many lines it
// has.
func (f *finder) hunk(i int) (int, error) {
	header := i
	m := hunkRE.FindStringSubmatch(f.lines[i])
	before, after := lineCount(m[1]), lineCount(m[2])
	for i++; before > 0 || after > 0; i++ {
		line := f.line(i)
		switch {
		case line == "":
			return i, f.early(header, max(before, after))
		case line == "\n", line[0] == ' ': // mailers strip the blank of an empty line
			before, after = before-1, after-1
		case line[0] == '-':
			before--
		case line[0] == '+':
			after--
		case strings.HasPrefix(line, `\ `): // "No newline at end of file" is no line
		case strings.TrimSpace(f.lines[i-1]) == "--": // a signature, whose mark looks like a line taken away
			return i, f.early(header, max(before+1, after))
		default:
			return i, f.damaged(i, fmt.Sprintf("%q is no line of a hunk, of which %d should follow", strings.TrimRight(line, "\r\n"), max(before, after)))
		}
		if before < 0 || after < 0 {
			return i, f.damaged(header, fmt.Sprintf("the hunk %q has other lines than it says", strings.TrimSpace(m[0])))
		}
	}
	if strings.HasPrefix(f.line(i), `\ `) {
		i++
	}
	return i, nil
}

func (f *finder) early(header, lines int) error {
	return f.damaged(header, fmt.Sprintf("the hunk %q ends early: %d more lines should follow", hunkRE.FindString(f.lines[header]), lines))
}

// lineCount reads what [hunkRE] found, which is digits or nothing.
func lineCount(s string) int {
	if s == "" {
		return 1
	}
	n, _ := strconv.Atoi(s)
	return n
}

// folded is how long a line is at least that a mailer folds, in bytes.
const folded = 60

// footRE is what stands right behind a diff and belongs to no line of it: the mark of
// a signature, which may have lost its blank; rules; akpm's _; tags and what git
// format-patch --base and b4 write; what announces another diff.
var footRE = regexp.MustCompile(`^(?:--|__|==|\*\*|_\s*$|[A-Za-z][A-Za-z0-9-]*: |diff |Index: |Only in |\\ |\[-- |>|From )`)

// behind looks at the line behind the last hunk of a file. One that begins as lines of
// hunks do, or that is the rest of a line that was folded, says that the hunk is
// damaged; anything else is no part of the diff.
func (f *finder) behind(i int) error {
	line := strings.TrimRight(f.line(i), "\r\n")
	if strings.TrimSpace(line) == "" || footRE.MatchString(line) {
		return nil
	}
	if strings.ContainsRune("+- ", rune(line[0])) {
		return f.damaged(i, fmt.Sprintf("%q stands behind a hunk that should have ended: its header counts fewer lines", line))
	}
	word, _, _ := strings.Cut(line, " ")
	if len(strings.TrimRight(f.lines[i-1], "\r\n"))+1+len(word) >= folded {
		return f.damaged(i, fmt.Sprintf("%q belongs to no hunk: it is the rest of the line before", line))
	}
	return nil
}

// add keeps the changes of a file.
func (f *finder) add(start, end int) error {
	text := strings.Join(f.lines[start:end], "")
	if !strings.HasSuffix(text, "\n") {
		text += "\n"
	}
	files, _, err := gitdiff.Parse(strings.NewReader(text))
	if err != nil || len(files) != 1 {
		return f.damaged(start, fmt.Sprintf("%q begins no changes that can be read: %v", strings.TrimSpace(f.lines[start]), err))
	}
	file := files[0]
	if !strings.HasPrefix(text, "diff --git ") { // of git's the first part is gone
		file.OldName, file.NewName = strip(file.OldName), strip(file.NewName)
	}
	for _, name := range []string{file.OldName, file.NewName} {
		if name != "" && !filepath.IsLocal(name) {
			return f.unfit(start, fmt.Sprintf("%q leads out of the tree", name))
		}
	}
	f.found = append(f.found, section{text, file})
	return nil
}

// strip removes the first part of a path, as patch --strip=1 does.
func strip(name string) string {
	if _, rest, ok := strings.Cut(name, "/"); ok {
		return rest
	}
	return name
}
