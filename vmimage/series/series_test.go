package series

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const before = "one\ntwo\nthree\nfour\nfive\nsix\nseven\n"

// diff changes line four of a file.
func diff(to string) string {
	return "diff --git a/f b/f\nindex 1..2 100644\n--- a/f\n+++ b/f\n@@ -1,7 +1,7 @@\n one\n two\n three\n-four\n+" + to + "\n five\n six\n seven\n"
}

func mailOf(n, total int, body string) string {
	return fmt.Sprintf("From 0123456789012345678901234567890123456789 Mon Sep 17 00:00:00 2001\nFrom: A <a@example.invalid>\nSubject: [PATCH %d/%d] change %d\n\nWhy.\n---\n f | 2 +-\n\n%s-- \n2.39\n\n", n, total, n, body)
}

// second changes what diff("FOUR") made.
var second = strings.NewReplacer("-four", "-FOUR").Replace(diff("vier"))

// read reads a series from paths.
func read(t *testing.T, paths ...string) (*Series, error) {
	t.Helper()
	var files []File
	for _, p := range paths {
		files = append(files, File{Name: p, Path: p})
	}
	return Read(t.Context(), files...)
}

func write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// page is a thread as lore.kernel.org shows it, with a reply that quotes.
func page() string {
	message := func(subject, body string) string {
		return "* " + subject + "\n  2026-01-01  1:00 other subject A\n@ 2026-01-01  1:00 ` A\n  0 siblings, 0 replies; 4+ messages in thread\nFrom: A @ 2026-01-01  1:00 UTC (permalink / raw)\n  To: B\n  Cc: C\n\n" + body + "\n\n^ permalink raw reply\t[flat|nested] 4+ messages in thread\n\n"
	}
	quoted := "> " + strings.ReplaceAll(diff("QUOTED"), "\n", "\n> ")
	return "All of lore\n" + message("[RFC PATCH 0/2] both", "Cover.\n\n f | 2 +-\n 1 file changed, 1 insertion(+), 1 deletion(-)") +
		message("[RFC PATCH 1/2] change 1", "Why.\n---\n f | 2 +-\n\n"+diff("FOUR")) +
		message("Re: [RFC PATCH 1/2] change 1", "On a day A wrote:\n"+quoted+"\nNo.\n\n"+diff("REPLY")) +
		message("[RFC PATCH 2/2] change 2", "Why.\n---\n"+second)
}

func TestEveryForm(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{"0002-b.patch": mailOf(2, 2, second), "0001-a.patch": mailOf(1, 2, diff("FOUR"))} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	digest := ""
	for name, path := range map[string]string{
		"mbox":      write(t, "s.mbox", mailOf(2, 2, second)+mailOf(1, 2, diff("FOUR"))),
		"directory": dir,
		"thread":    write(t, "page.txt", page()),
	} {
		s, err := read(t, path)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if len(s.Patches) != 2 || s.Patches[0].Subject != "change 1" || s.Patches[1].Number != 2 {
			t.Errorf("%s: %+v", name, s.Patches)
		}
		if got := s.Stat(); got != (Stat{1, 1, 1}) {
			t.Errorf("%s: %+v", name, got)
		}
		if digest != "" && s.Digest() != digest {
			t.Errorf("%s has another digest than the others", name)
		}
		digest = s.Digest()
		tree := t.TempDir()
		if err := os.WriteFile(filepath.Join(tree, "f"), []byte(before), 0o644); err != nil {
			t.Fatal(err)
		}
		notes, err := Apply(t.Context(), s, tree)
		if err != nil || len(notes) > 0 {
			t.Errorf("%s: %v, %v", name, notes, err)
		}
		if text, _ := os.ReadFile(filepath.Join(tree, "f")); string(text) != strings.Replace(before, "four", "vier", 1) {
			t.Errorf("%s: the file is %q", name, text)
		}
	}
}

func TestWhatCannotBeUsed(t *testing.T) {
	for name, test := range map[string]struct{ text, want string }{
		"empty":            {"", "it holds no patch"},
		"no patch":         {"From: a\nSubject: hello\n\ntext\n", "it holds no patch"},
		"one is missing":   {mailOf(1, 3, diff("a")) + mailOf(2, 3, diff("b")), "patch 3/3 is missing"},
		"one is twice":     {mailOf(1, 2, diff("a")) + mailOf(1, 2, diff("b")) + mailOf(2, 2, diff("c")), "patch 1/2 of version 1 is there twice"},
		"two series":       {mailOf(1, 2, diff("a")) + mailOf(2, 3, diff("b")), "of a series of 2"},
		"format=flowed":    {strings.Replace(mailOf(1, 1, diff("a")), "Subject:", "Content-Type: text/plain; format=flowed\nSubject:", 1), "format=flowed, which folds lines"},
		"folded lines":     {strings.Replace(mailOf(1, 1, diff("a")), " three\n", " thr\nee\n", 1), "is damaged"},
		"folded last line": {strings.Replace(mailOf(1, 1, diff("a")), " seven\n", " "+strings.Repeat("seven ", 12)+"\nand more\n", 1), `line 18 of its text: "and more" belongs to no hunk`},
		"cut":              {mailOf(1, 1, strings.TrimSuffix(diff("a"), " six\n seven\n")), "is damaged"},
		"a cut page":       {page()[:len(page())-60], "has no end: the page was cut"},
		"patch of no diff": {mailOf(1, 1, ""), "has no diff"},
	} {
		_, err := read(t, write(t, "s", test.text))
		var bad *Error
		if !errors.As(err, &bad) || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := read(t, t.TempDir()); err == nil || !strings.Contains(err.Error(), "holds no *.patch") {
		t.Errorf("an empty directory: %v", err)
	}
}

func TestRejects(t *testing.T) {
	s, err := read(t, write(t, "s", mailOf(1, 1, diff("FOUR"))))
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		file, text string
		want       []string
		fuzz       bool
	}{
		"another line": {"f", strings.Replace(before, "four", "other", 1), []string{"1/1, change 1", "hunk 1 of f does not apply", "the patch wants:\n    one", "    four\n", "the tree has:", "    other\n"}, false},
		"applied":      {"f", strings.Replace(before, "four", "FOUR", 1), []string{"it is applied already"}, false},
		"no such file": {"g", before, []string{"the tree does not have"}, false},
		"with fuzz":    {"f", strings.Replace(before, "one", "uno", 1), nil, true},
	} {
		tree := t.TempDir()
		if err := os.WriteFile(filepath.Join(tree, test.file), []byte(test.text), 0o644); err != nil {
			t.Fatal(err)
		}
		notes, err := Apply(t.Context(), s, tree)
		if test.fuzz != (len(notes) > 0) || test.fuzz && (err != nil || !strings.Contains(notes[0], "with fuzz")) {
			t.Errorf("%s: %v, %v", name, notes, err)
		}
		for _, want := range test.want {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %v, want …%s…", name, err, want)
			}
		}
		if text, _ := os.ReadFile(filepath.Join(tree, test.file)); !test.fuzz && string(text) != test.text {
			t.Errorf("%s: the file was changed to %q", name, text)
		}
	}
}
