package vmimage

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"kmatrix/matrix"
	"kmatrix/vmimage/build"
	"kmatrix/vmimage/sourcetest"
	"kmatrix/vmimage/tree"
)

// selftestsTree adds self-tests to a tree that passes for Linux.
func selftestsTree(t *testing.T) string {
	t.Helper()
	src := sourcetest.Tree(t)
	sourcetest.Write(t, filepath.Join(src, "tools", "testing", "selftests"), map[string]string{
		"good/Makefile":   "TEST_PROGS := run.sh\nTEST_GEN_PROGS := $(OUTPUT)/prog\nTEST_FILES := data\nall: $(TEST_GEN_PROGS)\n$(OUTPUT)/prog: prog.c\n\t$(CC) $(LDFLAGS) -o $@ $<\n\t@touch written\n",
		"good/prog.c":     "int main(void) { return 0; }\n",
		"good/run.sh":     "./prog\n",
		"good/data":       "data\n",
		"good/config":     "CONFIG_HERE=y\nCONFIG_TEST_LKM=m\n# CONFIG_OTHER is not set\n",
		"broken/Makefile": "all:\n\t@echo a.c:1: error: no; exit 1\n",
	})
	return src
}

func TestSelftestsOfTheKernelsOwnTree(t *testing.T) {
	src := selftestsTree(t)
	before, err := tree.Digest(t.Context(), src)
	if err != nil {
		t.Fatal(err)
	}
	env := newEnv(t)
	env.Builds = []matrix.Build{build.Default}
	config := filepath.Join(t.TempDir(), "config")
	if err := os.WriteFile(config, []byte("CONFIG_HERE=y\n# CONFIG_TEST_LKM is not set\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	ask := func(k matrix.Kernel, name string) matrix.Installed {
		t.Helper()
		p := matrix.Probe{Name: "external/own", Program: &matrix.Program{Kind: matrix.ProgramTree, Path: "tools/testing/selftests/" + name, ResultFormat: matrix.FormatExit}}
		r, err := Selftests(t.Context(), env, k, matrix.Image{Config: config}, p)
		if err != nil {
			t.Fatal(err)
		}
		if name == "good" && k.Build != "" {
			var files []string
			for _, f := range r.Files {
				files = append(files, f.Name)
			}
			if got := strings.Join(files, " "); got != "/external/own/data /external/own/prog /external/own/run.sh" {
				t.Errorf("the guest gets %s", got)
			}
		}
		return r.Installed
	}
	good := ask(buildable("tree", src), "good")
	if len(good.Runs) != 2 || good.Runs[0].Name != "prog" || good.Runs[0].Script || good.Runs[1].Path != "/external/own/run.sh" || !good.Runs[1].Script || good.Dir != "/external/own" || !good.Selftests {
		t.Errorf("it runs %+v", good)
	}
	if good.Lacks != "the kernel has no CONFIG_TEST_LKM, for which tools/testing/selftests/good/config asks" {
		t.Errorf("it lacks %q", good.Lacks)
	}
	for name, want := range map[string]string{"broken": "tools/testing/selftests/broken does not build: a.c:1: error: no", "gone": "has no self-tests in"} {
		if got := ask(buildable("tree", src), name); !strings.Contains(got.Unsupported, want) {
			t.Errorf("%s: %q", name, got.Unsupported)
		}
	}
	if got := ask(matrix.Kernel{Name: "deb", Source: matrix.Source{Kind: "deb"}}, "good"); !strings.Contains(got.Unsupported, "deb is not built from source here") {
		t.Errorf("a kernel that comes built: %q", got.Unsupported)
	}
	if after, err := tree.Digest(t.Context(), src); err != nil || after != before {
		t.Errorf("the user's tree was written to (%v)", err)
	}
}
