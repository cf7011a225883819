//go:build boots

package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"kmatrix/matrix"
)

// aPatch is a patch of fs/splice.c, in 6.12 and all before it; above is the line
// that it finds above its own.
func aPatch(subject, above, line string) string {
	return "From: A <a@example.invalid>\nSubject: [PATCH " + subject + "] x\n\nWhy.\n---\ndiff --git a/fs/splice.c b/fs/splice.c\n" +
		"--- a/fs/splice.c\n+++ b/fs/splice.c\n@@ -1,3 +1,4 @@\n " + above + "\n+" + line + "\n /*\n" +
		"  * \"splice\": joining two ropes together by interweaving their strands.\n"
}

const firstLine = "// SPDX-License-Identifier: GPL-2.0-only"

// TestBuildsThatFail builds from the tree of the default matrix what cannot be
// built, in each way, beside one that can.
func TestBuildsThatFail(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"none.config":   "CONFIG_NO_SUCH_OPTION=y\n",
		"small.config":  "# CONFIG_64BIT is not set\n",
		"broken.patch":  aPatch("1/1", firstLine, "#error no such luck"),
		"reject.patch":  strings.Replace(aPatch("1/1", firstLine, "/* new */"), "\n "+firstLine, "\n-// another line\n+"+firstLine, 1),
		"gap.mbox":      "From a@example.invalid Mon Sep 17 00:00:00 2001\n" + aPatch("1/3", firstLine, "/* one */") + "\nFrom a@example.invalid Mon Sep 17 00:00:00 2001\n" + aPatch("2/3", firstLine, "/* two */"),
		"flowed.patch":  strings.ReplaceAll(aPatch("1/1", firstLine, "/* new */"), "\n "+firstLine, "\n // SPDX-License-Identifier:\nGPL-2.0-only"),
		"empty.mbox":    "",
		"warning.patch": aPatch("1/1", firstLine, "static int kmatrix_unused;"),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	text := "version: 1\nbaseline: base\nkernels:\n  - {name: base, source: {deb-source: linux-source-6.12, suite: trixie}}\n" +
		"  - {name: dropped, source: {deb-source: linux-source-6.12, suite: trixie}, build: none}\n" +
		"  - {name: small, source: {deb-source: linux-source-6.12, suite: trixie}, build: small}\n" +
		"  - {name: twice, base: base, series: [warning.patch, warning.patch]}\n"
	for _, name := range []string{"broken", "reject", "flowed", "warning"} {
		text += fmt.Sprintf("  - {name: %s, base: base, series: [%s.patch]}\n", name, name)
	}
	for _, name := range []string{"gap", "empty"} {
		text += fmt.Sprintf("  - {name: %s, base: base, series: [%s.mbox]}\n", name, name)
	}
	file := filepath.Join(dir, "kernels.yaml")
	if err := os.WriteFile(file, []byte(text+"builds: {none: {fragments: [kmatrix.config, none.config]}, small: {fragments: [kmatrix.config, small.config]}}\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	doc, _ := boot(t, exitDone, "-f", file, "--dir", t.TempDir(), "-p", probesOfTrouble)
	for kernel, want := range map[string]string{
		"dropped": "drops CONFIG_NO_SUCH_OPTION=y",
		"small":   "small.config turns off CONFIG_64BIT, which kmatrix.config asks for",
		"broken":  "#error no such luck",
		"reject":  "hunk 1 of fs/splice.c does not apply",
		"twice":   "is there twice",
		"flowed":  "format=flowed",
		"gap":     "patch 3/3 is missing",
		"empty":   "empty.mbox",
	} {
		if r := doc.result(t, kernel, probesOfTrouble); r.Outcome != matrix.BuildFailed || !strings.Contains(r.Detail, want) {
			t.Errorf("%s: %s, %q; want …%s…", kernel, r.Outcome, r.Detail, want)
		}
	}
	for _, k := range doc.Kernels {
		switch k.Name {
		case "broken":
			_, log, _ := strings.Cut(strings.TrimSuffix(k.Detail, ")"), "the log is ")
			if kept, err := os.ReadFile(log); err != nil || !strings.Contains(string(kept), "no such luck") {
				t.Errorf("its log, %q, is not kept (%v)", log, err)
			}
		case "warning":
			b := k.Built
			if k.Outcome != "" || b == nil || !b.Incremental || len(b.Warnings) != 1 || b.Warnings[0].File != "fs/splice.c" || b.Warnings[0].Kind != "-Wunused-variable" {
				t.Errorf("a patch with a warning: %s %s, %+v", k.Outcome, k.Detail, b)
			}
		}
	}
}

// TestABuildThatIsKilled kills the program in the middle of a build, and looks
// for what that leaves.
func TestABuildThatIsKilled(t *testing.T) {
	t.Parallel()
	// Make, its shells and compilers are told by it: other tests build at the same time.
	mark := fmt.Sprintf("KILLED=%d", time.Now().Unix())
	file := write(t, "version: 1\nbaseline: k\nkernels:\n  - {name: k, source: {deb-source: linux-source-6.12, suite: trixie}, build: slow}\n"+
		"builds: {slow: {make: {KCFLAGS: \"-D"+mark+"\"}}}\n")
	cmd := exec.Command(program, "kernels", "build", "-f", file, "k")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	begun := false
	for i := 0; i < 9000 && !begun; i++ { // a busy host gives compilers, which are nice, little
		time.Sleep(100 * time.Millisecond)
		begun = slices.ContainsFunc(running(t, mark), func(line string) bool { return strings.HasPrefix(line, "gcc ") && strings.Contains(line, " -c ") })
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	cmd.Wait()
	if !begun {
		t.Fatal("nothing was compiled within fifteen minutes")
	}
	left := []string{mark}
	for i := 0; i < 100 && len(left) > 0; i++ {
		time.Sleep(100 * time.Millisecond)
		left = running(t, mark)
	}
	if len(left) > 0 {
		t.Errorf("these outlived the program: %q", left)
	}
	out, errs, code := command(t, "kernels", "-f", file, "--initramfs", initramfs, "--offline")
	if code != exitDone || !strings.Contains(out, "to be built") {
		t.Errorf("exit code %d, it is %s%s", code, out, errs)
	}
}

// running returns the command lines of the processes whose arguments hold a text.
func running(t *testing.T, text string) []string {
	t.Helper()
	processes, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, p := range processes {
		if line, err := os.ReadFile(p); err == nil && strings.Contains(string(line), text) {
			lines = append(lines, strings.ReplaceAll(string(line), "\x00", " "))
		}
	}
	return lines
}
