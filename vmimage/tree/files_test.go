package tree

import (
	"os"
	"path/filepath"
	"testing"

	"kmatrix/vmimage/sourcetest"
)

// TestWhatGitIgnoresIsNoSource changes a repository's tree in each way.
func TestWhatGitIgnoresIsNoSource(t *testing.T) {
	dir := sourcetest.Repository(t)
	digest := func() string {
		t.Helper()
		sum, err := Digest(t.Context(), dir)
		if err != nil {
			t.Fatal(err)
		}
		return sum
	}
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write(".gitignore", "*.o\n")
	first := digest()
	write("a.o", "object")
	if digest() != first {
		t.Error("an ignored file counts")
	}
	write("new.c", "new")
	second := digest()
	if second == first {
		t.Error("a new file does not count")
	}
	if err := os.Remove(filepath.Join(dir, "g")); err != nil {
		t.Fatal(err)
	}
	if digest() == second {
		t.Error("a file that was removed does not count")
	}
	to := t.TempDir()
	if err := copyTo(t.Context(), dir, to); err != nil {
		t.Fatal(err)
	}
	if sum, err := Digest(t.Context(), to); err != nil || sum != digest() {
		t.Errorf("the copy has the digest %s (%v)", sum, err)
	}
	if _, err := os.Stat(filepath.Join(to, "a.o")); err == nil {
		t.Error("an ignored file was copied")
	}
}
