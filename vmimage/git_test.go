package vmimage

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"kmatrix/matrix"
	"kmatrix/vmimage/build"
)

// repository commits a tree, twice.
func repository(t *testing.T) string {
	t.Helper()
	dir := fakeTree(t)
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

func TestGit(t *testing.T) {
	dir := repository(t)
	env := newEnv(t)
	env.Builds = []matrix.Build{build.Default}
	kernel := func(where, ref string) matrix.Kernel {
		return matrix.Kernel{Name: "k", Build: build.Default.Name, Source: matrix.Source{Kind: "git", Fields: map[string]string{"git": where, "ref": ref}}}
	}
	for _, where := range []string{dir, "file://" + dir} {
		for ref, file := range map[string]string{"v1": "f", "master": "g", "master~1": "f"} {
			_, err := Fetch(t.Context(), env, kernel(where, ref))
			var failed *BuildFailedError
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
	if status, err := git(t.Context(), dir, "status", "--porcelain"); err != nil || status != "" {
		t.Errorf("the repository was written to: %s, %v", status, err)
	}
	for where, want := range map[string]string{dir: "has no commit none", t.TempDir(): "is no git repository", "file:///no/such/repository": "/no/such/repository"} {
		_, err := Fetch(t.Context(), env, kernel(where, "none"))
		var missing *UnavailableError
		if !errors.As(err, &missing) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want …%s…", where, err, want)
		}
	}
	if left, err := os.ReadDir(filepath.Join(env.Cache.Dir, "git")); err != nil || len(left) > 3 {
		t.Errorf("the clones are %v (%v)", left, err)
	}
}
