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
	"kmatrix/vmimage/fault"
	"kmatrix/vmimage/sourcetest"
)

// TestAnIncompleteClone is named where something is not in it, with the command
// that gets the rest, which the test then runs.
func TestAnIncompleteClone(t *testing.T) {
	shell := func(args ...string) {
		t.Helper()
		if out, err := exec.Command(args[0], args[1:]...).CombinedOutput(); err != nil {
			t.Fatalf("%v: %v: %s", args, err, out)
		}
	}
	for _, test := range []struct {
		name, url, clone, ref, want, how string
		// away has the clone's origin out of reach.
		away bool
	}{
		{"a tag", "", "--depth=1", "v1", "has no commit v1: it is a shallow clone", "history: ", false},
		{"a parent", "", "--depth=1", "master~1", "has no commit master~1: it is a shallow clone", "history: ", false},
		{"of a shallow clone", "file://", "--depth=1", "v1", "has no commit v1: it is a shallow clone", "history: ", false},
		{"files", "", "--filter=blob:none", "master", "it is a partial clone", "asked for: ", true},
	} {
		whole, clone := sourcetest.Repository(t), filepath.Join(t.TempDir(), "it's a: clone")
		shell("git", "-C", whole, "config", "uploadpack.allowFilter", "true")
		shell("git", "clone", "-q", test.clone, "--no-checkout", "file://"+whole, clone)
		env := newEnv(t)
		env.Builds = []matrix.Build{build.Default}
		k := matrix.Kernel{Name: "k", Build: build.Default.Name, Source: matrix.Source{Kind: "git", Fields: map[string]string{"git": test.url + clone, "ref": test.ref}}}
		rename := func(from, to string) {
			if !test.away {
				return
			}
			if err := os.Rename(from, to); err != nil {
				t.Fatal(err)
			}
		}
		rename(whole, whole+".away")
		_, err := Fetch(t.Context(), env, k)
		rename(whole+".away", whole)
		var missing *fault.UnavailableError
		if !errors.As(err, &missing) || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v", test.name, err)
			continue
		}
		_, command, _ := strings.Cut(err.Error(), test.how)
		command, _, _ = strings.Cut(command, " gets ")
		if test.url != "" {
			command = "cd \"$1\" && " + strings.TrimPrefix(command, "in it, ")
		}
		shell("sh", "-ec", command, "sh", clone)
		rename(whole, whole+".away")
		_, err = Fetch(t.Context(), env, k)
		var failed *fault.BuildFailedError
		if !errors.As(err, &failed) {
			t.Errorf("%s, after %s: %v", test.name, command, err)
		}
	}
}
