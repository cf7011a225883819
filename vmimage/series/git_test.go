package series

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// understood is what a program makes of one mail.
type understood struct {
	Subject               string
	Insertions, Deletions int
}

// git runs git in a directory, without the user's configuration.
func git(t *testing.T, dir, stdin string, args ...string) string {
	t.Helper()
	var out, errs bytes.Buffer
	c := exec.CommandContext(t.Context(), "git", args...)
	c.Dir, c.Stdin, c.Stdout, c.Stderr = dir, strings.NewReader(stdin), &out, &errs
	c.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_SYSTEM=/dev/null", "GIT_CEILING_DIRECTORIES="+filepath.Dir(dir), "TZ=UTC",
		"GIT_AUTHOR_NAME=A Hacker", "GIT_AUTHOR_EMAIL=a@example.invalid", "GIT_COMMITTER_NAME=C", "GIT_COMMITTER_EMAIL=c@example.invalid")
	if err := c.Run(); err != nil {
		t.Fatalf("git %s: %v: %s", strings.Join(args, " "), err, errs.String())
	}
	return out.String()
}

// asGit returns what git mailsplit and git mailinfo make of a file, and the diffs.
func asGit(t *testing.T, file string) (all []understood, diffs []string) {
	t.Helper()
	dir := t.TempDir()
	n, err := strconv.Atoi(strings.TrimSpace(git(t, dir, "", "mailsplit", "-b", "-o"+dir, "--", file)))
	if err != nil {
		t.Fatal(err)
	}
	for i := 1; i <= n; i++ {
		mail, err := os.ReadFile(filepath.Join(dir, fmt.Sprintf("%04d", i)))
		if err != nil {
			t.Fatal(err)
		}
		var u understood
		for line := range strings.Lines(git(t, dir, string(mail), "mailinfo", "msg", "patch")) {
			if s, ok := strings.CutPrefix(line, "Subject: "); ok {
				u.Subject = strings.TrimSpace(s)
			}
		}
		diff, err := os.ReadFile(filepath.Join(dir, "patch"))
		if err != nil {
			t.Fatal(err)
		}
		if len(diff) > 0 {
			for line := range strings.Lines(git(t, dir, "", "apply", "--numstat", "patch")) {
				words := strings.Fields(line)
				if words[0] == "-" {
					continue // a binary file
				}
				added, _ := strconv.Atoi(words[0])
				removed, _ := strconv.Atoi(words[1])
				u.Insertions, u.Deletions = u.Insertions+added, u.Deletions+removed
			}
		}
		all, diffs = append(all, u), append(diffs, string(diff))
	}
	return all, diffs
}

// asRight holds our reading of a file against git's: order names the mails that are
// the series, in the order in which they are applied, counted from 1 as git mailsplit
// counts. Both must make the same tree of a copy of tree.
func asRight(t *testing.T, file, tree string, order []int, revision int) {
	t.Helper()
	all, diffs := asGit(t, file)
	s, err := read(t, file)
	if err != nil {
		t.Error(err)
		return
	}
	var got, want []understood
	for i, p := range s.Patches {
		got = append(got, understood{p.Subject, p.Stat.Insertions, p.Stat.Deletions})
		if p.Number != i+1 || p.Total != len(s.Patches) {
			t.Errorf("patch %d of %d is %d/%d", i+1, len(s.Patches), p.Number, p.Total)
		}
	}
	ours, gits := copied(t, tree), copied(t, tree)
	for _, n := range order {
		want = append(want, all[n-1])
		git(t, gits, diffs[n-1], "apply", "--whitespace=nowarn")
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("not as git reads it: %s", diff)
	}
	if s.Revision != revision {
		t.Errorf("it is version %d, want %d", s.Revision, revision)
	}
	if notes, err := Apply(t.Context(), s, ours); err != nil || len(notes) > 0 {
		t.Errorf("it applies with %v, %v", notes, err)
	}
	if diff := cmp.Diff(content(t, gits), content(t, ours)); diff != "" {
		t.Errorf("the tree is not the one that git makes: %s", diff)
	}
}

// copied returns a copy of a tree.
func copied(t *testing.T, tree string) string {
	t.Helper()
	dir := t.TempDir()
	if out, err := exec.CommandContext(context.WithoutCancel(t.Context()), "cp", "-a", tree+"/.", dir).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return dir
}

// content lists the files of a tree with their modes and contents.
func content(t *testing.T, dir string) []string {
	t.Helper()
	var all []string
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		text := ""
		if info.Mode().IsRegular() {
			raw, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			text = string(raw)
		} else if text, err = os.Readlink(path); err != nil {
			return err
		}
		all = append(all, fmt.Sprintf("%s %v %q", strings.TrimPrefix(path, dir), info.Mode()&0o100, text))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(all)
	return all
}

// sevenLines is the tree that most samples are for: f, which [diff] changes, and for
// some f and g as git's own counting has them.
func sevenLines(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "f"), []byte(before), 0o644); err != nil {
		t.Fatal(err)
	}
	return dir
}

// countedLines has the files f and g, of 30 numbered lines.
func countedLines(t *testing.T) string {
	t.Helper()
	dir, text := t.TempDir(), ""
	for i := 1; i <= 30; i++ {
		text += fmt.Sprintln(i)
	}
	for _, name := range []string{"f", "g"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// TestSavedSeries reads the samples of what people have saved.
func TestSavedSeries(t *testing.T) {
	for name, test := range map[string]struct {
		tree     func(*testing.T) string
		order    []int
		revision int
		note     string
	}{
		"20-base-commit":         {sevenLines, []int{1}, 1, ""},
		"20-nocover-base":        {countedLines, []int{1, 2}, 1, ""},
		"21-patch-lower":         {sevenLines, []int{1}, 1, ""},
		"21-quilt":               {sevenLines, []int{1}, 2, ""},
		"22-pipermail-two":       {sevenLines, []int{1, 2}, 1, ""},
		"22-tb-two-unnumbered":   {sevenLines, []int{1, 2}, 1, ""},
		"23-patchwork-subject":   {sevenLines, []int{2, 1}, 3, ""},
		"23-rfc-only-two":        {sevenLines, []int{2, 1}, 2, ""},
		"24-x":                   {sevenLines, []int{2, 1}, 2, ""},
		"25-attach":              {countedLines, []int{1, 2}, 1, ""},
		"25-qp-latin1":           {sevenLines, []int{1}, 1, ""},
		"26-footer-no-signature": {sevenLines, []int{1}, 1, ""},
		"26-signature-stripped":  {sevenLines, []int{1}, 1, ""},
		"27-two-versions":        {sevenLines, []int{2}, 2, "versions 1 and 2 are in it: version 2 is taken"},
		"28-cover-with-diff":     {sevenLines, []int{2}, 3, ""},
	} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join("testdata", "saved", name+".mbox")
			abs, err := filepath.Abs(file)
			if err != nil {
				t.Fatal(err)
			}
			asRight(t, abs, test.tree(t), test.order, test.revision)
			s, err := read(t, file)
			if err != nil {
				t.Fatal(err)
			}
			if notes := strings.Join(s.Notes, "\n"); !strings.Contains(notes, test.note) || (test.note == "") != (notes == "") {
				t.Errorf("its notes are %q", notes)
			}
		})
	}
	if _, err := read(t, "testdata/saved/23-list-prefix-missing.mbox"); err == nil || !strings.Contains(err.Error(), "patches 1/3 and 3/3 are missing") {
		t.Errorf("a series of which one patch is there: %v", err)
	}
}
