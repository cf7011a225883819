package vmimage

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"kmatrix/matrix"
	"kmatrix/vmimage/build"
	"kmatrix/vmimage/cache"
)

// fakeTree makes a source tree that passes for Linux and does not build: make
// fails with a compiler's error. It is enough for all that happens before.
func fakeTree(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"Makefile": "VERSION = 6\nPATCHLEVEL = 12\n%:\n\t@echo fs/splice.c:1:2: error: no such luck; exit 1\n", "arch/x86/Kconfig": "", "f": "one\ntwo\nthree\n",
	} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func makeTarball(t *testing.T, tree string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "linux-6.12.tar.xz")
	if out, err := exec.Command("tar", "-C", filepath.Dir(tree), "-cJf", file, filepath.Base(tree)).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return file
}

func buildable(kind, where string, more ...string) matrix.Kernel {
	k := matrix.Kernel{Name: "k", Build: build.Default.Name, Source: matrix.Source{Kind: kind, Fields: map[string]string{kind: where}}}
	if len(more) > 0 {
		k.Source.Fields["sha256"] = more[0]
	}
	return k
}

// TestAKernelThatDoesNotBuild has each kind of source end in the compiler's
// error, its log kept, nothing that looks finished in the cache, and the tree
// as it was.
func TestAKernelThatDoesNotBuild(t *testing.T) {
	tree := fakeTree(t)
	file := makeTarball(t, tree)
	before, err := digestTree(t.Context(), tree)
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range []matrix.Kernel{buildable("tree", tree), buildable("tarball", file)} {
		env := newEnv(t)
		env.Builds = []matrix.Build{build.Default}
		_, err := Fetch(t.Context(), env, k)
		var failed *BuildFailedError
		if !errors.As(err, &failed) || !strings.Contains(err.Error(), "fs/splice.c:1:2: error: no such luck") {
			t.Errorf("%s: %v", k.Source.Kind, err)
		}
		logs, _ := filepath.Glob(filepath.Join(env.Cache.Dir, "logs", "k-*.log"))
		if len(logs) != 1 || !strings.Contains(err.Error(), logs[0]) {
			t.Errorf("%s: the logs are %v", k.Source.Kind, logs)
		}
		if left, _ := os.ReadDir(filepath.Join(env.Cache.Dir, "kernels")); len(left) > 1 {
			t.Errorf("%s: the cache holds %v", k.Source.Kind, left)
		}
	}
	if after, err := digestTree(t.Context(), tree); err != nil || after != before {
		t.Errorf("the tree was written to (%v)", err)
	}
}

func TestSourcesThatCannotBeUsed(t *testing.T) {
	tree := fakeTree(t)
	file := makeTarball(t, tree)
	sum, err := cache.Digest(file)
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	cut := filepath.Join(t.TempDir(), "cut.tar.xz")
	if err := os.WriteFile(cut, text[:len(text)/2], 0o644); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		kernel matrix.Kernel
		want   string
	}{
		"no kernel's tree": {buildable("tree", t.TempDir()), "is no source tree of Linux"},
		"no tree":          {buildable("tree", "/no/such/tree"), "is no source tree of Linux"},
		"no tarball":       {buildable("tarball", "/no/such.tar.xz"), "no such file"},
		"wrong digest":     {buildable("tarball", file, strings.Repeat("0", 64)), "its sha256 is " + sum},
		"cut":              {buildable("tarball", cut), "it is cut, its end is missing"},
	} {
		env := newEnv(t)
		env.Builds = []matrix.Build{build.Default}
		_, err := Fetch(t.Context(), env, test.kernel)
		var missing *UnavailableError
		if !errors.As(err, &missing) || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v", name, err)
		}
		if left, _ := filepath.Glob(filepath.Join(env.Cache.Dir, "trees", "*.tmp")); len(left) > 0 {
			t.Errorf("%s: the cache holds %v", name, left)
		}
	}
}

// TestAFirstDownloadIsHeldTo fetches a tarball that kernels.yaml gives no
// digest for, and then another one from the same URL.
func TestAFirstDownloadIsHeldTo(t *testing.T) {
	text, err := os.ReadFile(makeTarball(t, fakeTree(t)))
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.Write(text) }))
	defer server.Close()
	env := newEnv(t)
	env.Builds = []matrix.Build{build.Default}
	// Under another name, as one would name a mirror.
	env.Rewrite = map[string]string{"https://kernel.invalid/": "https://wrong.invalid/", "https://kernel.invalid/pub/": server.URL + "/"}
	k := buildable("tarball", "https://kernel.invalid/pub/linux-6.12.tar.xz")
	for range 2 {
		_, err := Fetch(t.Context(), env, k)
		var failed *BuildFailedError
		if !errors.As(err, &failed) {
			t.Fatalf("error %v", err)
		}
	}
	text = append(text, 0)
	for _, kind := range []string{"tarballs", "trees"} {
		if err := os.RemoveAll(filepath.Join(env.Cache.Dir, kind)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := Fetch(t.Context(), env, k); err == nil || !strings.Contains(err.Error(), "its sha256 is") {
		t.Errorf("another tarball from the same URL gave %v", err)
	}
}

func TestASeriesIsAppliedToACopy(t *testing.T) {
	dir := fakeTree(t)
	patch := func(from, to string) string {
		return "From: A <a@example.invalid>\nSubject: [PATCH] x\n\nWhy.\n---\ndiff --git a/f b/f\n--- a/f\n+++ b/f\n@@ -1,3 +1,3 @@\n one\n-" + from + "\n+" + to + "\n three\n"
	}
	env := newEnv(t)
	env.Builds = []matrix.Build{build.Default}
	for name, text := range map[string]string{"good.patch": patch("two", "zwei"), "bad.patch": patch("deux", "drei")} {
		if err := os.WriteFile(filepath.Join(env.Dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	apply := func(t *testing.T, to tree, names ...string) (tree, string, error) {
		t.Helper()
		k := buildable("tree", dir)
		k.Series = names
		read, err := readSeries(t.Context(), env, k)
		if err != nil {
			return tree{}, "", err
		}
		patched := to.patched(env, k, read)
		at, err := patched.open(t.Context())
		return patched, at, err
	}
	digest, err := digestTree(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	original := tree{digest: digest, origin: dir, local: true, dir: func(context.Context) (string, error) { return dir, nil }}
	patched, at, err := apply(t, original, "good.patch")
	if err != nil {
		t.Fatal(err)
	}
	if text, _ := os.ReadFile(filepath.Join(at, "f")); string(text) != "one\nzwei\nthree\n" || patched.digest == original.digest {
		t.Errorf("the copy has %q and the digest %s", text, patched.digest)
	}
	if text, _ := os.ReadFile(filepath.Join(dir, "f")); string(text) != "one\ntwo\nthree\n" {
		t.Errorf("the tree has %q", text)
	}
	// On a tree of the cache, which is linked and not copied, as well.
	_, _, err = apply(t, patched, "bad.patch")
	var failed *BuildFailedError
	if !errors.As(err, &failed) || !strings.Contains(err.Error(), "hunk 1 of f does not apply") {
		t.Errorf("a series that does not apply gave %v", err)
	}
	if text, _ := os.ReadFile(filepath.Join(at, "f")); string(text) != "one\nzwei\nthree\n" {
		t.Errorf("the first copy has %q", text)
	}
	var missing *UnavailableError
	if _, _, err := apply(t, original, "none.patch"); !errors.As(err, &missing) {
		t.Errorf("a series that is not there gave %v", err)
	}
	original.digest = "another"
	if _, _, err := apply(t, original, "good.patch"); !errors.As(err, &missing) || !strings.Contains(err.Error(), "has changed while it was read") {
		t.Errorf("a tree that changes gave %v", err)
	}
}

// TestObjectsOfABaseAreBegunWith has the objects copied, and what differs from
// the base newer than they are.
func TestObjectsOfABaseAreBegunWith(t *testing.T) {
	src, base := t.TempDir(), t.TempDir()
	old := time.Now().Add(-time.Hour)
	for _, name := range []string{"changed.c", "same.c"} {
		if err := os.WriteFile(filepath.Join(src, name), nil, 0o644); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(filepath.Join(src, name), old.Add(-time.Hour), old.Add(-time.Hour)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(base, "same.o"), []byte("object"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(filepath.Join(base, "same.o"), old, old); err != nil {
		t.Fatal(err)
	}
	objects := filepath.Join(src, objectsIn)
	if err := begin(t.Context(), src, objects, base, []string{"changed.c", "removed.c"}); err != nil {
		t.Fatal(err)
	}
	at := func(name string) time.Time {
		info, err := os.Stat(name)
		if err != nil {
			t.Fatal(err)
		}
		return info.ModTime()
	}
	object := at(filepath.Join(objects, "same.o"))
	if !object.Equal(old) || !at(filepath.Join(src, "changed.c")).After(object) || at(filepath.Join(src, "same.c")).After(object) {
		t.Error("make would not see what differs")
	}
}

// TestWhatGitIgnoresIsNoSource changes a repository's tree in each way.
func TestWhatGitIgnoresIsNoSource(t *testing.T) {
	dir := repository(t)
	digest := func() string {
		t.Helper()
		sum, err := digestTree(t.Context(), dir)
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
	if err := copyTree(t.Context(), dir, to); err != nil {
		t.Fatal(err)
	}
	if sum, err := digestTree(t.Context(), to); err != nil || sum != digest() {
		t.Errorf("the copy has the digest %s (%v)", sum, err)
	}
	if _, err := os.Stat(filepath.Join(to, "a.o")); err == nil {
		t.Error("an ignored file was copied")
	}
}
