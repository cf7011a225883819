package vmimage

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"kmatrix/matrix"
	"kmatrix/vmimage/build"
	"kmatrix/vmimage/cache"
	"kmatrix/vmimage/fault"
	"kmatrix/vmimage/sourcetest"
	"kmatrix/vmimage/tree"
)

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
	src := sourcetest.Tree(t)
	file := sourcetest.Tarball(t, src)
	before, err := tree.Digest(t.Context(), src)
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range []matrix.Kernel{buildable("tree", src), buildable("tarball", file)} {
		env := newEnv(t)
		env.Builds = []matrix.Build{build.Default}
		_, err := Fetch(t.Context(), env, k)
		var failed *fault.BuildFailedError
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
	if after, err := tree.Digest(t.Context(), src); err != nil || after != before {
		t.Errorf("the tree was written to (%v)", err)
	}
}

func TestSourcesThatCannotBeUsed(t *testing.T) {
	src := sourcetest.Tree(t)
	file := sourcetest.Tarball(t, src)
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
		var missing *fault.UnavailableError
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
	text, err := os.ReadFile(sourcetest.Tarball(t, sourcetest.Tree(t)))
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
		var failed *fault.BuildFailedError
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
	dir := sourcetest.Tree(t)
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
	apply := func(t *testing.T, to tree.Tree, names ...string) (tree.Tree, string, error) {
		t.Helper()
		k := buildable("tree", dir)
		k.Series = names
		read, err := readSeries(t.Context(), env, k)
		if err != nil {
			return tree.Tree{}, "", err
		}
		p := patched(env, k, to, read)
		at, err := p.Open(t.Context(), env.Cache)
		return p, at, err
	}
	digest, err := tree.Digest(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	original := tree.Tree{Digest: digest, Origin: dir, Path: dir}
	patched, at, err := apply(t, original, "good.patch")
	if err != nil {
		t.Fatal(err)
	}
	if text, _ := os.ReadFile(filepath.Join(at, "f")); string(text) != "one\nzwei\nthree\n" || patched.Digest == original.Digest {
		t.Errorf("the copy has %q and the digest %s", text, patched.Digest)
	}
	if text, _ := os.ReadFile(filepath.Join(dir, "f")); string(text) != "one\ntwo\nthree\n" {
		t.Errorf("the tree has %q", text)
	}
	// On a tree of the cache, which is linked and not copied, as well.
	_, _, err = apply(t, patched, "bad.patch")
	var failed *fault.BuildFailedError
	if !errors.As(err, &failed) || !strings.Contains(err.Error(), "hunk 1 of f does not apply") {
		t.Errorf("a series that does not apply gave %v", err)
	}
	if text, _ := os.ReadFile(filepath.Join(at, "f")); string(text) != "one\nzwei\nthree\n" {
		t.Errorf("the first copy has %q", text)
	}
	var missing *fault.UnavailableError
	if _, _, err := apply(t, original, "none.patch"); !errors.As(err, &missing) {
		t.Errorf("a series that is not there gave %v", err)
	}
	original.Digest = "another"
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
