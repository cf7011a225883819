package vmimage

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"kmatrix/matrix"
	"kmatrix/vmimage/build"
	"kmatrix/vmimage/gitcmd"
	"kmatrix/vmimage/lock"
	"kmatrix/vmimage/sourcetest"
)

// TestLooking looks at kernels in each state, and sees that this changes
// nothing.
func TestLooking(t *testing.T) {
	dir := sourcetest.Tree(t)
	text, err := os.ReadFile(sourcetest.Tarball(t, dir))
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/linux-6.12.tar.xz" {
			http.NotFound(w, r)
			return
		}
		w.Write(text)
	}))
	defer server.Close()
	repo := sourcetest.Repository(t)
	git := func(where, ref string) matrix.Kernel {
		return matrix.Kernel{Name: "k", Build: build.Default.Name, Source: matrix.Source{Kind: "git", Fields: map[string]string{"git": where, "ref": ref}}}
	}
	patched := buildable("tree", dir)
	patched.Series = []string{server.URL + "/linux-6.12.tar.xz"}
	for name, test := range map[string]struct {
		kernel  matrix.Kernel
		offline bool
		status  Status
		detail  string
	}{
		"a tree":                  {buildable("tree", dir), false, Resolvable, "to be built"},
		"no tree":                 {buildable("tree", "/none"), false, Unreachable, "is no source tree"},
		"a tarball":               {buildable("tarball", sourcetest.Tarball(t, dir)), false, Resolvable, "to be fetched and built"},
		"a tarball of a server":   {buildable("tarball", server.URL+"/linux-6.12.tar.xz"), false, Resolvable, "to be fetched and built"},
		"with a digest":           {buildable("tarball", server.URL+"/linux-6.12.tar.xz", strings.Repeat("0", 64)), false, Resolvable, "to be fetched and built"},
		"a tarball that is gone":  {buildable("tarball", server.URL+"/linux-6.11.tar.xz"), false, Unreachable, "the server does not have it"},
		"a tarball, offline":      {buildable("tarball", server.URL+"/linux-6.12.tar.xz"), true, Unreachable, "--offline"},
		"a repository's clone":    {git("file://"+repo, "v1"), false, Resolvable, "to be fetched and built"},
		"no repository":           {git("file:///none", "v1"), false, Unreachable, "/none"},
		"a local repository":      {git(repo, "v1"), false, Resolvable, "to be fetched and built"},
		"no such commit":          {git(repo, "v9"), false, Unreachable, "has no commit v9"},
		"a series to be fetched":  {patched, false, Resolvable, "to be fetched and built"},
		"a package without a apt": {matrix.Kernel{Name: "k", Source: matrix.Source{Kind: "deb", Fields: map[string]string{"deb": "linux-image-amd64", "suite": "bookworm"}}}, false, Unreachable, "apt"},
	} {
		env := newEnv(t)
		env.Builds, env.Offline = []matrix.Build{build.Default}, test.offline
		st, err := Look(t.Context(), env, test.kernel, Guest{})
		if err != nil || st.Status != test.status || !strings.Contains(st.Detail, test.detail) {
			t.Errorf("%s: %+v, %v", name, st, err)
		}
		for _, made := range []string{env.Cache.Dir, env.Lock.Path()} {
			if _, err := os.Stat(made); err == nil {
				t.Errorf("%s: looking made %s", name, made)
			}
		}
	}
}

// TestALockedCommitIsKept moves a branch on, and takes the new commit only
// when the lock is told to forget the old one.
func TestALockedCommitIsKept(t *testing.T) {
	dir := sourcetest.Repository(t)
	env := newEnv(t)
	var said []string
	env.Log = func(s string) { said = append(said, s) }
	k := matrix.Kernel{Name: "k", Build: build.Default.Name, Source: matrix.Source{Kind: "git", Fields: map[string]string{"git": dir, "ref": "master"}}}
	resolve := func() lock.Entry {
		t.Helper()
		e, ok, err := Record(t.Context(), env, k)
		if err != nil || !ok {
			t.Fatalf("no entry: %v", err)
		}
		return e
	}
	first := resolve()
	if _, err := gitcmd.Run(t.Context(), dir, "-c", "user.name=a", "-c", "user.email=a@example.invalid", "commit", "-q", "--allow-empty", "-m", "three"); err != nil {
		t.Fatal(err)
	}
	if again := resolve(); again.Version != first.Version || len(said) != 1 || !strings.Contains(said[0], "master has moved on") {
		t.Errorf("the lock has %s and then %s; said %q", first.Version, again.Version, said)
	}
	env.Lock.Forget("k")
	if now := resolve(); now.Version == first.Version {
		t.Error("the forgotten commit came again")
	}
	env.Locked = true
	k.Source.Fields = map[string]string{"git": dir, "ref": "v1"}
	if _, _, err := Record(t.Context(), env, k); err == nil || !strings.Contains(err.Error(), "--locked keeps from making one") {
		t.Errorf("--locked gave %v", err)
	}
}

// TestFetchingASourceBuildsNothing unpacks a tarball and leaves it at that.
func TestFetchingASourceBuildsNothing(t *testing.T) {
	env := newEnv(t)
	env.Builds = []matrix.Build{build.Default}
	k := buildable("tarball", sourcetest.Tarball(t, sourcetest.Tree(t)))
	if err := FetchSource(t.Context(), env, k); err != nil {
		t.Fatal(err)
	}
	if trees, _ := filepath.Glob(filepath.Join(env.Cache.Dir, "trees", "*", "Makefile")); len(trees) != 1 {
		t.Errorf("the trees are %v", trees)
	}
	st, err := Look(t.Context(), env, k, Guest{})
	if err != nil || st.Status != Resolvable || st.Detail != "to be built" || st.Bytes == 0 {
		t.Errorf("it is %+v (%v)", st, err)
	}
	list, err := env.Cache.List("trees", "kernels")
	if err != nil || len(list) != 1 {
		t.Fatalf("the cache lists %v (%v)", list, err)
	}
}

// TestEveryEntryOfAKernelIsItsOwn has prune and rm know of what is asked for
// only while something is built.
func TestEveryEntryOfAKernelIsItsOwn(t *testing.T) {
	env := newEnv(t)
	env.Builds = []matrix.Build{build.Default}
	base := buildable("tree", sourcetest.Tree(t))
	patched := base
	patched.Name, patched.Base, patched.Series = "p", base.Name, []string{"x.patch"}
	text := "From: A <a@example.invalid>\nSubject: [PATCH] x\n\nWhy.\n---\ndiff --git a/f b/f\n--- a/f\n+++ b/f\n@@ -1,3 +1,3 @@\n one\n-two\n+zwei\n three\n"
	if err := os.WriteFile(filepath.Join(env.Dir, "x.patch"), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	env.Kernels = []matrix.Kernel{base, patched}
	for _, k := range env.Kernels {
		st, err := Look(t.Context(), env, k, Guest{})
		if err != nil {
			t.Fatal(err)
		}
		want := []string{"kernels", "objects"}
		if k.Base != "" {
			want = append(want, "trees")
		}
		for _, kind := range want {
			if !strings.Contains(strings.Join(st.Keys, " "), kind+"/") {
				t.Errorf("%s: of %v none is of the kind %s", k.Name, st.Keys, kind)
			}
		}
	}
}
