package vmimage

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"kmatrix/matrix"
	"kmatrix/vmimage/build"
	"kmatrix/vmimage/fault"
	"kmatrix/vmimage/gitcmd"
	"kmatrix/vmimage/sourcetest"
)

func TestGit(t *testing.T) {
	dir := sourcetest.Repository(t)
	env := newEnv(t)
	env.Builds = []matrix.Build{build.Default}
	kernel := func(where, ref string) matrix.Kernel {
		return matrix.Kernel{Name: "k", Build: build.Default.Name, Source: matrix.Source{Kind: "git", Fields: map[string]string{"git": where, "ref": ref}}}
	}
	for _, where := range []string{dir, "file://" + dir} {
		for ref, file := range map[string]string{"v1": "f", "master": "g", "master~1": "f"} {
			_, err := Fetch(t.Context(), env, kernel(where, ref))
			var failed *fault.BuildFailedError
			if !errors.As(err, &failed) {
				t.Fatalf("%s %s: %v", where, ref, err)
			}
			if trees, _ := filepath.Glob(filepath.Join(env.Cache.Dir, "trees", "*", file)); len(trees) != 1 {
				t.Errorf("%s %s: %s is in %v", where, ref, file, trees)
			}
		}
	}
	if trees, _ := filepath.Glob(filepath.Join(env.Cache.Dir, "trees", "*", "Makefile")); len(trees) != 2 {
		t.Errorf("two commits made the trees %v", trees)
	}
	if status, err := gitcmd.Run(t.Context(), dir, "status", "--porcelain"); err != nil || status != "" {
		t.Errorf("the repository was written to: %s, %v", status, err)
	}
	for where, want := range map[string]string{dir: "has no commit none", t.TempDir(): "is no git repository", "file:///no/such/repository": "/no/such/repository"} {
		_, err := Fetch(t.Context(), env, kernel(where, "none"))
		var missing *fault.UnavailableError
		if !errors.As(err, &missing) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want …%s…", where, err, want)
		}
	}
	if left, err := os.ReadDir(filepath.Join(env.Cache.Dir, "git")); err != nil || len(left) > 3 {
		t.Errorf("the clones are %v (%v)", left, err)
	}
}
