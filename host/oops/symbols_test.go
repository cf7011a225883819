package oops

import (
	"debug/elf"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"kmatrix/matrix"
)

const source = `static int twice(int n) { return n + n; }
__attribute__((noinline)) int trap(int n)
{
	if (n > 3)
		__builtin_trap();
	return n;
}
__attribute__((noinline)) int calls(int n)
{
	n = trap(twice(n));
	return n + 1;
}
int main(int argc, char **argv) { return calls(argc); }
`

// TestFramesAreLocated compiles a program with debug information, as a kernel has it,
// and looks its functions up.
func TestFramesAreLocated(t *testing.T) {
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "src", "init"), 0o755); err != nil {
		t.Fatal(err)
	}
	main := filepath.Join(dir, "src", "init", "main.c")
	if err := os.WriteFile(main, []byte(source), 0o644); err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(dir, "vmlinux")
	for _, debug := range []string{"-g", "-g0"} {
		if out, err := exec.Command("gcc", debug, "-O0", "-o", program, main).CombinedOutput(); err != nil {
			t.Fatalf("gcc: %v: %s", err, out)
		}
		trap, size := function(t, program, "trap")
		calls, callsSize := function(t, program, "calls")
		text, err := os.ReadFile(program)
		if err != nil {
			t.Fatal(err)
		}
		ud2 := uint64(strings.Index(string(text[trap:trap+size]), "\x0f\x0b"))
		call := uint64(strings.Index(string(text[calls:calls+callsSize]), "\xe8"))
		second := uint64(strings.Index(string(text[calls+call+1:calls+callsSize]), "\xe8")) + call + 1 + 5
		r := matrix.CrashReport{
			Registers: []string{"RIP: 0010:trap+0x1/0x2"},
			Frames: []matrix.Frame{
				{Function: "trap", Offset: ud2, Size: size + 7},
				{Function: "calls", Offset: second, Size: callsSize + 7},
				{Function: "calls", Offset: second, Size: callsSize + 100},
				{Function: "calls", Offset: second, Size: callsSize, Module: "other"},
				{Function: "calls", Offset: callsSize + 8, Size: callsSize},
				{Function: "nowhere", Offset: 1, Size: 9},
			},
		}
		Locate(&r, program)
		want := []string{"init/main.c:5", "init/main.c:10", "", "", "", ""}
		if debug == "-g0" {
			want = make([]string, len(want))
		}
		for i, f := range r.Frames {
			if f.At != want[i] {
				t.Errorf("%s: %s+%#x/%#x is at %q, want %q", debug, f.Function, f.Offset, f.Size, f.At, want[i])
			}
		}
	}
	r := matrix.CrashReport{Frames: []matrix.Frame{{Function: "trap", Offset: 1, Size: 9}}}
	Locate(&r, main)
	if r.Frames[0].At != "" {
		t.Errorf("what is no program has %q", r.Frames[0].At)
	}
}

// function is where a function's code lies in the file, and its size.
func function(t *testing.T, program, name string) (offset, size uint64) {
	t.Helper()
	f, err := elf.Open(program)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	symbols, err := f.Symbols()
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range symbols {
		if s.Name == name {
			section := f.Sections[s.Section]
			return s.Value - section.Addr + section.Offset, s.Size
		}
	}
	t.Fatalf("%s has no function %s", program, name)
	return 0, 0
}
