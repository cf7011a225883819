package series

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"kmatrix/vmimage/sourcetest"
)

// everyKind commits to a repository what git can say of files: changes, new files,
// renames, copies, modes, links, binary files and removals, in three commits. It
// returns a copy of the tree before them.
func everyKind(t *testing.T, repo string) string {
	t.Helper()
	put := func(name, text string) { sourcetest.Write(t, repo, map[string]string{name: text}) }
	do := func(err error) {
		if err != nil {
			t.Fatal(err)
		}
	}
	commit := func(subject string) {
		git(t, repo, "", "add", "-A")
		git(t, repo, "", "commit", "-q", "-m", subject+"\n\nWhy.")
	}
	long := strings.Repeat("a line\n", 10) + before
	put("changed", before)
	put("moved", long)
	put("removed", before)
	put("script", before)
	put("logo", "\x00\x01"+long)
	put("dir/crlf", strings.ReplaceAll(before, "\n", "\r\n"))
	put("open", "no newline")
	put("empty", "")
	do(os.Symlink("changed", filepath.Join(repo, "link")))
	commit("before")
	tree := t.TempDir()
	git(t, repo, "", "--work-tree="+tree, "checkout", "-q", "-f", "HEAD", "--", ".")

	put("changed", strings.Replace(before, "four", "vier", 1))
	put("a new/file", before)
	put("open", "no newline yet")
	put("tabs and \"quotes\"", "x\n")
	commit("first")
	do(os.Rename(filepath.Join(repo, "moved"), filepath.Join(repo, "dir", "moved")))
	put("dir/moved", long+"more\n")
	do(os.Remove(filepath.Join(repo, "removed")))
	do(os.Chmod(filepath.Join(repo, "script"), 0o755))
	put("other empty", "")
	commit("second: ümlaut and a title that is so long that git format-patch folds it in the headers of the mail")
	put("logo", "\x00\x02"+long)
	put("new logo", "\x00\xff\xfe")
	do(os.Remove(filepath.Join(repo, "link")))
	do(os.Symlink("dir/moved", filepath.Join(repo, "link")))
	do(os.Symlink("script", filepath.Join(repo, "new link")))
	put("changed", strings.Replace(before, "four", "IV", 1))
	commit("third")
	return tree
}
