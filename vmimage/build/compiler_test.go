package build

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"kmatrix/matrix"
)

// TestCompiler has a compiler named by its program, wherever a build says which,
// and its flags recorded.
func TestCompiler(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
	for name, text := range map[string]string{
		"gcc": "echo gcc 12; echo more", "gcc-99": "echo gcc 99", "clang": "echo clang 1", "clang-15": "echo clang 15", "x86_64-linux-gnu-gcc": "echo cross 12",
		"ccache": `"$@"`, // it runs what it is given
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("#!/bin/sh\n"+text+"\n"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, test := range []struct {
		variables map[string]string
		want      string
	}{
		{nil, "gcc 12"},
		{map[string]string{"WERROR": "0"}, "gcc 12"},
		{map[string]string{"CC": "gcc-99"}, "gcc 99"},
		{map[string]string{"CC": "gcc -std=gnu11"}, "gcc 12 with -std=gnu11"},
		{map[string]string{"CC": "  gcc-99  -std=gnu11 -fno-x "}, "gcc 99 with -std=gnu11 -fno-x"},
		{map[string]string{"CC": "ccache gcc-99 -std=gnu11"}, "gcc 99 with -std=gnu11"},
		{map[string]string{"CC": "gcc -std=gnu11", "KCFLAGS": "-O3 -g0", "KAFLAGS": "-g"}, "gcc 12 with -std=gnu11 -O3 -g0 -g"},
		{map[string]string{"LLVM": "1"}, "clang 1"},
		{map[string]string{"LLVM": "-15"}, "clang 15"},
		{map[string]string{"LLVM": dir + "/"}, "clang 1"},
		{map[string]string{"LLVM": "1", "CC": "gcc"}, "gcc 12"},
		{map[string]string{"CROSS_COMPILE": "x86_64-linux-gnu-"}, "cross 12"},
		{map[string]string{"CC": ""}, "gcc 12"},
	} {
		got, err := Compiler(t.Context(), matrix.Build{Name: "b", Make: test.variables})
		if err != nil || got != test.want {
			t.Errorf("%v: %q, %v, want %q", test.variables, got, err, test.want)
		}
	}
	_, err := Compiler(t.Context(), matrix.Build{Name: "b", Make: map[string]string{"CC": "gcc-77 -std=gnu11"}})
	if err == nil || !strings.Contains(err.Error(), `build b: the compiler "gcc-77" is not in PATH`) {
		t.Errorf("a compiler that is not there: %v", err)
	}
}
