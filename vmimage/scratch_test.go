package vmimage

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"kmatrix/matrix"
	"kmatrix/vmimage/build"
	"kmatrix/vmimage/cache"
	"kmatrix/vmimage/fault"
	"kmatrix/vmimage/sourcetest"
)

func TestWhereKernelsAreBuilt(t *testing.T) {
	dir, other := t.TempDir(), t.TempDir()
	link := filepath.Join(dir, "link to: it")
	good := filepath.Join(dir, "goöd-dir_1.2~3@x+y")
	hidden := filepath.Join(dir, "hidden")
	for _, err := range []error{os.MkdirAll(good, 0o755), os.Symlink(good, link), os.MkdirAll(filepath.Join(dir, "my cache"), 0o755), os.Symlink(filepath.Join(dir, "my cache"), hidden)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	for path, want := range map[string]string{good: good, link: good} {
		if got, err := buildRoot(path, other); err != nil || got != want {
			t.Errorf("%q: %q, %v, want %q", path, got, err, want)
		}
	}
	seen := map[string]string{}
	for _, name := range []string{"a b", "a:b", "a,b", "a$b", "a\nb", "a'b", `a"b`, "a#b", "a%b", "a(b", "hidden"} {
		for range 2 { // the second time it is there
			root, err := buildRoot(filepath.Join(dir, name), other)
			if err != nil || filepath.Dir(root) != other || !plain.MatchString(root) {
				t.Errorf("%q: %q, %v", name, root, err)
			}
			if info, err := os.Stat(root); err != nil || info.Mode().Perm() != 0o700 {
				t.Errorf("%q: %v, %v", name, info, err)
			}
			if of := seen[root]; of != "" && of != name {
				t.Errorf("%q and %q are built in one directory", of, name)
			}
			seen[root] = name
		}
	}
	// What somebody else may have put there is not used.
	for root := range seen {
		if err := os.Chmod(root, 0o777); err != nil {
			t.Fatal(err)
		}
		_, err := buildRoot(filepath.Join(dir, seen[root]), other)
		if real, _ := filepath.EvalSymlinks(filepath.Join(dir, seen[root])); err == nil || !strings.Contains(err.Error(), "no kernel builds in "+real) || !strings.Contains(err.Error(), "set XDG_CACHE_HOME") {
			t.Errorf("a directory that all may write to: %v", err)
		}
	}
}

// TestACacheWhosePathIsNoneForMake has trees of the user's and of the cache, and
// self-tests, built beside it.
func TestACacheWhosePathIsNoneForMake(t *testing.T) {
	dir := selftestsTree(t)
	for name, text := range map[string]string{
		"Makefile":                 "VERSION = 6\nPATCHLEVEL = 12\n%:\n\t@case '$(CURDIR)' in *[' :,']*) echo a.c:1:1: error: built in $(CURDIR);; *) echo a.c:1:1: error: so far so good;; esac; exit 1\n",
		"arch/x86/include/x y:z.h": "",
	} {
		path := filepath.Join(dir, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(text), 0o755)); err != nil {
			t.Fatal(err)
		}
	}
	src := filepath.Join(t.TempDir(), "my: tree, and more")
	if err := os.Rename(dir, src); err != nil {
		t.Fatal(err)
	}
	packed := filepath.Join(t.TempDir(), "a: b.tar.xz")
	if err := os.Rename(sourcetest.Tarball(t, src), packed); err != nil {
		t.Fatal(err)
	}
	env := newEnv(t)
	env.Dir = filepath.Dir(packed)
	env.Builds = []matrix.Build{build.Default}
	env.Cache = &cache.Cache{Dir: filepath.Join(t.TempDir(), "my cache: here")}
	t.Cleanup(func() {
		if root, err := buildRoot(env.Cache.Dir, elsewhere); err != nil || os.RemoveAll(root) != nil {
			t.Errorf("%s is left (%v)", root, err)
		}
	})
	t.Chdir(env.Dir)
	env.Dir = "."
	for _, k := range []matrix.Kernel{buildable("tree", src), buildable("tarball", packed), buildable("tarball", filepath.Base(packed))} {
		_, err := Fetch(t.Context(), env, k)
		var failed *fault.BuildFailedError
		if !errors.As(err, &failed) || !strings.Contains(err.Error(), "so far so good") {
			t.Errorf("%v: %v", k.Source.Fields, err)
		}
	}
	p := matrix.Probe{Name: "external/own", Program: &matrix.Program{Kind: matrix.ProgramTree, Path: "tools/testing/selftests/good", ResultFormat: matrix.FormatExit}}
	ready, err := Selftests(t.Context(), env, buildable("tarball", packed), matrix.Image{}, p)
	if err != nil || ready.Unsupported != "" || len(ready.Runs) == 0 {
		t.Errorf("its self-tests: %+v, %v", ready, err)
	}
}

// TestObjectsMoveToAnotherFileSystem has a directory that is moved be copied.
func TestObjectsMoveToAnotherFileSystem(t *testing.T) {
	other, err := os.MkdirTemp("/dev/shm", "kmatrix-test-")
	if err != nil {
		t.Skipf("there is no other file system: %v", err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(other) })
	if err := errors.Join(os.Mkdir(filepath.Join(other, "d"), 0o755), os.WriteFile(filepath.Join(other, "d", "f"), []byte("text"), 0o640)); err != nil {
		t.Fatal(err)
	}
	moved := filepath.Join(t.TempDir(), "moved")
	if err := move(t.Context(), filepath.Join(other, "d"), moved); err != nil {
		t.Fatal(err)
	}
	if text, err := os.ReadFile(filepath.Join(moved, "f")); err != nil || string(text) != "text" {
		t.Errorf("%q, %v", text, err)
	}
}
