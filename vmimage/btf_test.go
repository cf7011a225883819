package vmimage

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"kmatrix/matrix"
	"kmatrix/vmimage/build"
	"kmatrix/vmimage/fault"
	"kmatrix/vmimage/sourcetest"
)

// TestBTFIsSettledBeforeABuild has a build for which there is no pahole refused
// or begun without BTF, by who asks for it: the tree's make would go on for as
// long as it takes to compile.
func TestBTFIsSettledBeforeABuild(t *testing.T) {
	const configures = "VERSION = 6\nPATCHLEVEL = 12\nolddefconfig:\n\t@:\ndefconfig:\n\t@echo CONFIG_DEBUG_INFO_BTF=y >kmatrix-objects/.config\nbzImage:\n\t@cat kmatrix-objects/.config; echo a.c:1:2: error: compiled; exit 1\n"
	const on = "CONFIG_DEBUG_INFO_BTF=y\n"
	for name, test := range map[string]struct {
		config, fragment string
		want, note       string
		kernels          bool // it is the kernel that fails
	}{
		"a fragment asks":              {"defconfig", on, "a fragment asks for CONFIG_DEBUG_INFO_BTF", "", false},
		"a configuration asks":         {"own.config", "", "a.c:1:2: error: compiled", "own.config asks for BTF", true},
		"the tree's own configuration": {"defconfig", "", "the configuration has CONFIG_DEBUG_INFO_BTF, and there is no kmatrix-no-such-pahole", "", false},
	} {
		src, env := sourcetest.Tree(t), newEnv(t)
		for path, text := range map[string]string{filepath.Join(src, "Makefile"): configures, filepath.Join(env.Dir, "own.config"): on, filepath.Join(env.Dir, "fragment"): test.fragment} {
			if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		var notes []string
		env.Log = func(line string) { notes = append(notes, line) }
		env.Builds = []matrix.Build{{Name: build.Default.Name, Config: test.config, Fragments: []string{"fragment"}, Make: map[string]string{"PAHOLE": "kmatrix-no-such-pahole"}}}
		_, err := Fetch(t.Context(), env, buildable("tree", src))
		var failed *fault.BuildFailedError
		if err == nil || !strings.Contains(err.Error(), test.want) || errors.As(err, &failed) != test.kernels {
			t.Errorf("%s: %v, want …%s…", name, err, test.want)
		}
		if told := slices.ContainsFunc(notes, func(n string) bool { return strings.Contains(n, "BTF") }); told != (test.note != "") || !strings.Contains(strings.Join(notes, "\n"), test.note) {
			t.Errorf("%s: the user is told %q", name, notes)
		}
	}
}
