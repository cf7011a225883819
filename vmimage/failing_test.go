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
	"kmatrix/vmimage/sourcetest"
)

// TestATreeThatWasBuiltInPlace is cleaned where its .config is there, and is to
// blame where that is lost or its makefiles fail.
func TestATreeThatWasBuiltInPlace(t *testing.T) {
	const builds = "all:\n%config:\n\t@test ! -e .config || { echo '***'; echo '*** The source tree is not clean'; exit 1; }; touch kmatrix-objects/.config\n" +
		"bzImage:\n\t@echo fs/splice.c:1:2: error: this far; exit 1\n"
	for name, test := range map[string]struct {
		make  string
		files []string
		want  string
	}{
		"with its configuration":       {builds + "mrproper:\n\t@rm .config\n", []string{".config"}, "fs/splice.c:1:2: error: this far"},
		"without it":                   {builds, []string{"include/config/auto.conf"}, "The source tree is not clean"},
		"without it, of the processor": {builds, []string{"arch/x86/include/generated/asm/x.h"}, "The source tree is not clean"},
		"that mrproper does not clean": {builds + "mrproper:\n", []string{".config"}, "The source tree is not clean"},
		"whose makefiles fail":         {"mrproper:\n\t@echo 'scripts/Kconfig.include:44: Sorry, this C compiler is not supported.'; exit 1\n", []string{".config"}, "make mrproper: scripts/Kconfig.include:44: Sorry"},
		"whose makefiles are broken":   {"no rule\n", []string{".config"}, "Makefile:3: missing separator"},
		"that cannot be configured":    {"%config:\n\t@echo 'fs/Kconfig:12: syntax error'; exit 1\n", nil, "fs/Kconfig:12: syntax error"},
	} {
		src := sourcetest.Tree(t)
		for file, text := range map[string]string{"Makefile": "VERSION = 6\nPATCHLEVEL = 12\n" + test.make} {
			if err := os.WriteFile(filepath.Join(src, file), []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		for _, file := range test.files {
			path := filepath.Join(src, file)
			if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, nil, 0o644)); err != nil {
				t.Fatal(err)
			}
		}
		env := newEnv(t)
		env.Builds = []matrix.Build{{Name: build.Default.Name, Config: "tiny"}}
		_, err := Fetch(t.Context(), env, buildable("tree", src))
		var failed *fault.BuildFailedError
		if !errors.As(err, &failed) || !strings.Contains(err.Error(), test.want) {
			t.Errorf("a tree %s: %v", name, err)
		}
		for _, file := range test.files {
			if _, err := os.Stat(filepath.Join(src, file)); err != nil {
				t.Errorf("a tree %s was written to: %v", name, err)
			}
		}
	}
}

// TestTheHostsFaultIsNotTheKernels has a build fail for want of room or memory,
// or of what is not installed here, which is no kernel's fault, and for want of
// what is.
func TestTheHostsFaultIsNotTheKernels(t *testing.T) {
	for said, host := range map[string]bool{
		"ld: final link failed: No space left on device":                                    true,
		"gcc: fatal error: Killed signal terminated program cc1":                            true,
		"/bin/sh: 1: kmatrix-no-such-program: not found":                                    true,
		"/bin/sh: 1: make: not found":                                                       false,
		"/bin/sh: 1: ./scripts/nosuch.sh: not found":                                        false,
		"a.c:1:2: fatal error: gcc-plugin.h-no-such: No such file or directory":             true,
		"tools/objtool/elf.h:10:10: fatal error: stdio.h: No such file or directory":        false,
		"tools/objtool/elf.h:10:10: fatal error: linux/nosuch.h: No such file or directory": false,
	} {
		src := sourcetest.Tree(t)
		if err := os.WriteFile(filepath.Join(src, "Makefile"), []byte("VERSION = 6\nPATCHLEVEL = 12\n%:\n\t@echo '"+said+"'; exit 1\n"), 0o644); err != nil {
			t.Fatal(err)
		}
		env := newEnv(t)
		env.Builds = []matrix.Build{build.Default}
		_, err := Fetch(t.Context(), env, buildable("tree", src))
		var failed *fault.BuildFailedError
		if err == nil || !strings.Contains(err.Error(), said) || errors.As(err, &failed) == host {
			t.Errorf("the kernel is blamed: %v, by %v", errors.As(err, &failed), err)
		}
	}
}
