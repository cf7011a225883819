package external

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"kmatrix/matrix"
	"kmatrix/vmimage/cache"
)

func probe(name string, kind matrix.ProgramKind, path string) matrix.Probe {
	return matrix.Probe{Name: "external/" + name, Kind: matrix.External, Program: &matrix.Program{Kind: kind, Path: path, ResultFormat: matrix.FormatExit, Args: []string{"file"}, Deadline: time.Minute}}
}

func TestAFileOfCBecomesAStaticExecutable(t *testing.T) {
	c := &cache.Cache{Dir: t.TempDir()}
	one := []matrix.Probe{probe("old-or-new", matrix.ProgramC, "old-or-new.c")}
	list, err := Build(t.Context(), c, "testdata", one)
	if err != nil {
		t.Fatal(err)
	}
	path := "/external/old-or-new/old-or-new"
	want := matrix.Installed{Probe: "external/old-or-new", ResultFormat: matrix.FormatExit, Runs: []matrix.Command{{Name: "old-or-new", Path: path, Args: []string{"file"}}}}
	if diff := cmp.Diff(want, list[0].Installed); diff != "" {
		t.Error(diff)
	}
	if list[0].Files[0].Name != path {
		t.Errorf("it lies at %s", list[0].Files[0].Name)
	}
	// It is one that Inspect takes, and it does what it says.
	program := list[0].Files[0].Path
	if script, err := Inspect("external/x", program); err != nil || script {
		t.Errorf("script %v, %v", script, err)
	}
	out, err := exec.Command("sh", "-c", program+` "$0" | cat`, filepath.Join(t.TempDir(), "file")).Output()
	if s := string(out); err != nil || s != "before" && s != "after." {
		t.Errorf("it printed %q, %v", out, err)
	}
	again, err := Build(t.Context(), c, "testdata", one)
	if err != nil || again[0].Files[0].Path != program {
		t.Errorf("it was compiled twice (%v)", err)
	}
}

func TestAnIncludedHeaderIsPartOfTheSource(t *testing.T) {
	dir := t.TempDir()
	c := &cache.Cache{Dir: t.TempDir()}
	write(t, dir, "a.c", "#include \"a.h\"\nint main(void) { return CODE; }\n")
	var paths []string
	for _, code := range []string{"3", "4"} {
		write(t, dir, "a.h", "#define CODE "+code+"\n")
		list, err := Build(t.Context(), c, dir, []matrix.Probe{probe("a", matrix.ProgramC, "a.c")})
		if err != nil {
			t.Fatal(err)
		}
		paths = append(paths, list[0].Files[0].Path)
		var exit *exec.ExitError
		if err := exec.Command(paths[len(paths)-1]).Run(); !errors.As(err, &exit) || exit.String() != "exit status "+code {
			t.Errorf("with %s it ended with %v", code, err)
		}
	}
	if paths[0] == paths[1] {
		t.Error("another header made no other program")
	}
}

func write(t *testing.T, dir, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestMistakes(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "undeclared.c", "int main(void) { failed = 1; return 0; }\n")
	write(t, dir, "header.c", "#include <no/such.h>\nint main(void) { return 0; }\n")
	write(t, dir, "link.c", "int other(void);\nint main(void) { return other(); }\n")
	write(t, dir, "data", "a\x00b")
	write(t, dir, "object.c", "int x;\n")
	write(t, dir, "script", "echo\n")
	for _, args := range [][]string{{"-c", "object.c", "-o", "object"}, {"-o", "shared", "-x", "c", "-"}} {
		cmd := exec.Command("gcc", args...)
		cmd.Dir, cmd.Stdin = dir, strings.NewReader("int main(void) { return 0; }")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("gcc %v: %v\n%s", args, err, out)
		}
	}
	for name, want := range map[string]string{
		"undeclared.c": "undeclared.c: does not compile: " + filepath.Join(dir, "undeclared.c") + ":1:18: error: 'failed' undeclared",
		"header.c":     "header.c:1:10: fatal error: no/such.h: No such file or directory",
		"link.c":       "undefined reference to `other'",
		"data":         "is neither an executable of ELF nor text",
		"object":       "is of the kind ET_REL for EM_X86_64; want an executable",
		"shared":       "is linked with shared libraries, which the guest does not have; link it with -static",
		"gone":         "no such file",
		"script":       "",
	} {
		kind := matrix.ProgramExec
		if filepath.Ext(name) == ".c" {
			kind = matrix.ProgramC
		}
		list, err := Build(t.Context(), &cache.Cache{Dir: t.TempDir()}, dir, []matrix.Probe{probe("x", kind, name)})
		if want == "" {
			if err != nil || !list[0].Runs[0].Script {
				t.Errorf("%s: %+v, %v", name, list, err)
			}
			continue
		}
		var mistake *Error
		if !errors.As(err, &mistake) || !strings.HasPrefix(err.Error(), "external/x: ") || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v; want …%s…", name, err, want)
		}
	}
}
