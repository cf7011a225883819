package build

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"slices"
	"strings"

	"kmatrix/matrix"
	"kmatrix/matrix/proc"
)

// defaultCompiler is what kernels are built with where a build names none.
const defaultCompiler = "gcc"

// flagVariables are kbuild's variables for flags that are added to its own
// (Documentation/kbuild/kbuild.rst).
var flagVariables = []string{"KCPPFLAGS", "KCFLAGS", "KAFLAGS", "KRUSTFLAGS"}

// command returns the words of the compiler that make's variables choose, as
// the kernel's Makefile has it: CC, else the clang of LLVM, else the gcc of
// CROSS_COMPILE.
func command(variables map[string]string) []string {
	if words := strings.Fields(variables["CC"]); len(words) > 0 {
		return words
	}
	switch llvm := variables["LLVM"]; {
	case strings.HasSuffix(llvm, "/"): // a directory
		return []string{llvm + "clang"}
	case strings.HasPrefix(llvm, "-"): // a version
		return []string{"clang" + llvm}
	case llvm != "":
		return []string{"clang"}
	}
	return []string{variables["CROSS_COMPILE"] + defaultCompiler}
}

// Compiler returns what identifies a build's compiler: the first line of its
// --version, as the kernel's own configuration has it, and the flags that the
// build adds, for example "gcc (Debian 12.2.0-14) 12.2.0 with -std=gnu11".
func Compiler(ctx context.Context, b matrix.Build) (string, error) {
	words := command(b.Make)
	out, err := proc.Run(ctx, proc.Cmd{Path: words[0], Args: append(slices.Clone(words[1:]), "--version"), Env: []string{"LC_ALL=C"}})
	switch {
	case errors.Is(err, exec.ErrNotFound):
		return "", fmt.Errorf("%sthe compiler %q is not in PATH: install it, or name another", ofBuild(b), words[0])
	case err != nil:
		return "", fmt.Errorf("%sask the compiler %q for its version: %w", ofBuild(b), strings.Join(words, " "), err)
	}
	line, _, _ := strings.Cut(string(out), "\n")
	if flags := flags(words, b.Make); len(flags) > 0 {
		line += " with " + strings.Join(flags, " ")
	}
	return line, nil
}

// ofBuild says whose compiler it is.
func ofBuild(b matrix.Build) string {
	if b.Name == "" {
		return ""
	}
	return "build " + b.Name + ": "
}

// flags returns what a build adds to the kernel's own flags: with the
// compiler's name, and by kbuild's variables.
func flags(words []string, variables map[string]string) []string {
	var list []string
	if i := slices.IndexFunc(words, func(w string) bool { return strings.HasPrefix(w, "-") }); i >= 0 {
		list = append(list, words[i:]...)
	}
	for _, name := range flagVariables {
		list = append(list, strings.Fields(variables[name])...)
	}
	return list
}
