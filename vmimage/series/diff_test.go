package series

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestDamagedDiffs are refused, with the line and what is wrong with it.
func TestDamagedDiffs(t *testing.T) {
	edit := func(old, new string) string { return strings.Replace(diff("a"), old, new, 1) }
	long := strings.Repeat("word ", 13)
	for name, test := range map[string]struct{ diff, want string }{
		"a folded line":         {edit(" three\n", " thr\nee\n"), `"ee" is no line of a hunk`},
		"a folded last line":    {edit(" seven\n", " "+long+"\nrest\n"), `"rest" belongs to no hunk`},
		"a folded one, between": {edit(" seven\n", " "+long+"\nrest\n") + diff("b"), `"rest" belongs to no hunk`},
		"a folded header":       {edit("@@ -1,7 +1,7 @@", "@@ -1,7\n+1,7 @@"), "is no header of a hunk"},
		"a cut hunk":            {edit(" six\n seven\n", ""), `the hunk "@@ -1,7 +1,7 @@" ends early: 2 more lines`},
		"another file in it":    {edit(" six\n seven\n", "") + diff("b"), `"diff --git a/f b/f" is no line of a hunk`},
		"a long hunk":           {edit(" seven\n", " seven\n+eight\n"), `"+eight" stands behind a hunk that should have ended`},
		"a counted one too few": {edit("@@ -1,7 +1,7 @@", "@@ -1,6 +1,6 @@"), `" seven" stands behind a hunk`},
		"a lost header":         {edit("--- a/f\n", ""), "a line was lost or folded"},
		"no header":             {diff("a")[strings.Index(diff("a"), "@@"):], "the hunk has no file"},
		"text between hunks":    {diff("a") + "\nAnd then:\n@@ -20,1 +20,1 @@\n-a\n+b\n", "belongs to no file"},
		"blanks of other kinds": {edit(" one\n", "\u00a0one\n"), `"\u00a0one" is no line of a hunk`},
		"nothing changed":       {edit("-four\n+a\n", " four\n"), "begins no changes that can be read"},
		"no prefix":             {strings.NewReplacer("a/f", "f", "b/f", "f").Replace(diff("a")), "--default-prefix"},
		"a merge":               {"diff --cc f\nindex 1,2..3\n--- a/f\n+++ b/f\n@@@ -1,1 -1,1 +1,1 @@@\n- a\n -b\n++c\n", "the diff of a merge"},
		"a context diff":        {"*** a/f\n--- b/f\n***************\n*** 1 ****\n! a\n--- 1 ----\n! b\n", "a context diff"},
		"a binary file":         {"diff --git a/l b/l\nindex 1..2 100644\nBinary files a/l and b/l differ\n", "git format-patch --binary"},
		"a cut binary file":     {"diff --git a/l b/l\nindex 1..2 100644\nGIT binary patch\nliteral 3\nKcmZQzWMT#Y01f~L", "begins no changes that can be read"},
		"out of the tree":       {strings.ReplaceAll(diff("a"), "/f", "/../../f"), "leads out of the tree"},
	} {
		_, err := read(t, write(t, "s", mailOf(1, 1, test.diff)))
		var bad *Error
		if !errors.As(err, &bad) || !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), "/s:2: ") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestWhatIsNoMail is refused by the name of what it is.
func TestWhatIsNoMail(t *testing.T) {
	flowed := "From: A\nSubject: [PATCH] a\nContent-Type: text/plain; format=flowed\n\n" + diff("a")
	for name, test := range map[string]struct{ text, want string }{
		"UTF-16":        {"\xff\xfeF\x00r\x00o\x00m\x00", "UTF-16"},
		"Outlook's":     {"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", ".msg"},
		"zip":           {"PK\x03\x04\x14\x00", "zip archive"},
		"bzip2":         {"BZh91AY&SY", "bzip2"},
		"a web page":    {"\n<!doctype html><html>", "mbox.gz"},
		"binary":        {"From: a\nSubject: b\n\nx\x00y", ":4: it holds a zero byte"},
		"flowed, wrong": {flowed, "is format=flowed, which folds lines: its sender must send it again"},
		"base64, wrong": {"From: A\nSubject: [PATCH] a\nContent-Transfer-Encoding: base64\n\n" + encoded(diff("a"))[:76] + "\n*\n" + encoded(diff("a")), "cannot be decoded"},
	} {
		_, err := read(t, write(t, "s", test.text))
		var bad *Error
		if !errors.As(err, &bad) || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestLineEnds tells lines that got a CR on their way from a file's own, which git
// mailsplit takes away as well.
func TestLineEnds(t *testing.T) {
	crlf := func(s string) string { return strings.ReplaceAll(s, "\n", "\r\n") }
	at := strings.Index(diff("FOUR"), " one")
	own := diff("FOUR")[:at] + crlf(diff("FOUR")[at:])
	for name, test := range map[string]struct{ text, file string }{
		"on the way":    {crlf(mailOf(1, 1, diff("FOUR"))), before},
		"the body only": {"From: A\nSubject: [PATCH] a\n\n" + crlf(why+diff("FOUR")), before},
		"the file's":    {mailOf(1, 1, own), crlf(before)},
	} {
		s, err := read(t, write(t, "s", test.text))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		tree := t.TempDir()
		if err := os.WriteFile(filepath.Join(tree, "f"), []byte(test.file), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := Apply(t.Context(), s, tree); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if got, _ := os.ReadFile(filepath.Join(tree, "f")); string(got) != strings.Replace(test.file, "four", "FOUR", 1) {
			t.Errorf("%s: the file is %q", name, got)
		}
	}
}
