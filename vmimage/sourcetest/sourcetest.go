// Package sourcetest makes sources of kernels for tests.
package sourcetest

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// Files makes a directory of files, texts by their names.
func Files(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	Write(t, dir, files)
	return dir
}

// Write writes files, texts by their names, below a directory.
func Write(t *testing.T, dir string, files map[string]string) {
	t.Helper()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// Tree makes a source tree that passes for Linux and does not build: make
// fails with a compiler's error. It is enough for all that happens before.
func Tree(t *testing.T) string {
	t.Helper()
	return Files(t, map[string]string{
		"Makefile": "VERSION = 6\nPATCHLEVEL = 12\n%:\n\t@echo fs/splice.c:1:2: error: no such luck; exit 1\n", "arch/x86/Kconfig": "", "f": "one\ntwo\nthree\n",
	})
}

// Tarball packs a tree under the name of a release, and returns the file.
func Tarball(t *testing.T, src string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "linux-6.12.tar.xz")
	if out, err := exec.Command("tar", "-C", filepath.Dir(src), "-cJf", file, filepath.Base(src)).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return file
}

// Repository commits a tree, twice: v1 has the file f, master g in its place.
func Repository(t *testing.T) string {
	t.Helper()
	dir := Tree(t)
	for _, args := range [][]string{
		{"init", "-q", "-b", "master"}, {"add", "."}, {"-c", "user.name=a", "-c", "user.email=a@example.invalid", "commit", "-qm", "one"}, {"tag", "v1"},
		{"mv", "f", "g"}, {"-c", "user.name=a", "-c", "user.email=a@example.invalid", "commit", "-qm", "two"},
	} {
		cmd := exec.Command("git", args...)
		cmd.Dir = dir
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("git %v: %v: %s", args, err, out)
		}
	}
	return dir
}
