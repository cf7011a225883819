//go:build boots

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"kmatrix/matrix"
	"kmatrix/matrix/store"
)

// externalMatrix is a matrix whose programs lie beside it.
const externalMatrix = `version: 1
baseline: good
kernels:
  - {name: "good", contract: reference, known: ["WARNING in made_*"], source: {deb: linux-image-cloud-amd64, suite: bookworm}}
external:
  - {name: old-or-new, c: old-or-new.c, args: [file]}
  - {name: exit, exec: exit.sh}
  - {name: ktap, exec: ktap.sh, result: ktap}
  - {name: fails, exec: fails.sh, result: ktap}
  - {name: warns, exec: warns.sh, result: ltp}
  - {name: conf, exec: conf.sh, result: ltp}
  - {name: endless, exec: endless.sh, deadline: 3s}
  - {name: spin, c: spin.c, deadline: 1s}
  - {name: daemon, c: stays.c}
  - {name: after, exec: after.sh}
  - {name: oops, exec: oops.sh}
  - {name: says, exec: says.sh}
  - {name: lacking, exec: lacking.sh}
  - {name: selftests, tree: tools/testing/selftests/splice}
machines:
  - {name: default, probes: ["external/..."]}
`

// TestExternalProbes runs a program of C, scripts, KTAP and LTP's exit codes on
// a real kernel.
func TestExternalProbes(t *testing.T) {
	t.Parallel()
	file := write(t, externalMatrix)
	home := filepath.Dir(file)
	program, err := os.ReadFile("../../vmimage/external/testdata/old-or-new.c")
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"old-or-new.c": string(program),
		"exit.sh":      "test -z \"$(ls)\" || exit 1\npwd\necho why >&2\nexit 3\n",
		"ktap.sh":      "echo KTAP version 1\necho 1..2\necho '  KTAP version 1'\necho '  1..2'\necho '  ok 1 a'\necho '  ok 2 b # SKIP no device'\necho 'ok 1 nested'\necho 'not ok 2 c # TODO later'\n",
		"fails.sh":     "printf 'TAP version 13\\n1..3\\nok 1 a\\n# b: expected 1\\nnot ok 2 b\\n'\nprintf 'Bail out! \\033[31mred\\n'\nexit 1\n",
		"warns.sh":     "exit 4\n", "conf.sh": "echo no such device\nexit 32\n",
		"endless.sh": "echo begun\nsleep 1000\n",
		"oops.sh":    "echo c > /proc/sysrq-trigger\n",
		"says.sh":    "echo '<4>WARNING: CPU: 0 PID: 1 at fs/splice.c:1 made_up+0x1/0x2' > /dev/kmsg\n",
		"spin.c":     spins,
		"stays.c":    "#include <unistd.h>\nint main(void) { if (daemon(0, 0) == 0 && fork() == 0) for (;;) pause(); return 0; }\n",
		// What the two before left behind must not be there.
		"after.sh":   "for p in /proc/[0-9]*/comm; do grep -q 'sleep|daemon' $p && exit 1; done\nuname -r\n",
		"lacking.sh": "echo abc | cut -c-2 || exit 1\n",
	} {
		if err := os.WriteFile(filepath.Join(home, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	dir := t.TempDir()
	doc, _ := boot(t, exitDone, "-f", file, "--dir", dir, "--dump-on-hang", "16")
	for probe, want := range map[string]struct {
		outcome matrix.Outcome
		shown   string
		detail  string
		printed string
	}{
		"old-or-new": {matrix.Pass, "ok", "after.", "after.\n"},
		"exit":       {matrix.Fail, "exit 3", "exit code 3: why", "-- standard error\nwhy\n"},
		"ktap":       {matrix.Pass, "ok 2, 1 skipped", "", "ok 1 nested\n"},
		"fails":      {matrix.Fail, "1 of 2 failed", "1 of 2 failed: b", "Bail out! ·[31mred\n"},
		"warns":      {matrix.Fail, "exit 4", "warned (TWARN)", ""},
		"conf":       {matrix.Unsupported, "unsupported", "no such device", "no such device\n"},
		"endless":    {matrix.Hang, "", "endless did not end: no answer within 3s", "begun\n"},
		"spin":       {matrix.Hang, "", "no answer within 1s", ""},
		"daemon":     {matrix.Pass, "ok", "", ""},
		"oops":       {matrix.Crash, "", "sysrq", ""},
		"says":       {matrix.Pass, "ok", "", ""},
		"after":      {matrix.Pass, "ok", "6.1.0-", "6.1.0-"},
		"lacking":    {matrix.Unsupported, "unsupported", "the guest has no command cut", "executable file not found"},
		"selftests":  {matrix.Unsupported, "", "good is not built from source here", ""},
	} {
		r := doc.result(t, "good", "external/"+probe)
		shown, printed := "", ""
		if r.Test != nil {
			shown = r.Test.String()
		}
		if r.Output != "" {
			text, err := os.ReadFile(filepath.Join(dir, doc.Run.ID, r.Output))
			if err != nil {
				t.Error(err)
			}
			printed = string(text)
		}
		if r.Outcome != want.outcome || shown != want.shown || !strings.Contains(r.Detail, want.detail) || !strings.Contains(printed, want.printed) {
			t.Errorf("%s: %s, %q, %q, printed %q; want %+v", probe, r.Outcome, shown, r.Detail, printed[:min(len(printed), 300)], want)
		}
	}
	if r := doc.result(t, "good", "external/oops"); len(r.CrashReports) != 1 || r.CrashReports[0].Title != "kernel panic: sysrq triggered crash" || !r.CrashReports[0].Fatal || r.CrashReports[0].Known ||
		len(r.CrashReports[0].Frames) == 0 || r.CrashReports[0].Frames[0].Function != "sysrq_handle_crash" {
		t.Errorf("the crash has the reports %+v", r.CrashReports)
	}
	if r := doc.result(t, "good", "external/says"); len(r.CrashReports) != 1 || r.CrashReports[0].Title != "WARNING in made_up" || !r.CrashReports[0].Known {
		t.Errorf("the warning of a probe that passes is %+v", r.CrashReports)
	}
	table, _, _ := command(t, "report", "--dir", dir)
	for _, want := range []string{"ok 2, 1 skipped", "1 of 2 failed", "exit 3", "hang", "crash", "- kernel panic: sysrq triggered crash: good, external/oops;", "- WARNING in made_up (known): good, external/says"} {
		if !strings.Contains(table, want) {
			t.Errorf("%q is not in the table\n%s", want, table)
		}
	}
	out, errs, code := command(t, "explain", "--dir", dir, "good", "external/fails")
	if code != exitDone || !strings.Contains(out, "| Bail out! ·[31mred") || !strings.Contains(out, "-p external/fails") || strings.Contains(out, "\x1b") {
		t.Errorf("exit code %d, it explained\n%s%s", code, out, errs)
	}
	if out, _, _ = command(t, "explain", "--dir", dir, "good", "external/oops"); !strings.Contains(out, filepath.Join("consoles", "good-default-1.")) || !strings.Contains(out, "    | Kernel panic - not syncing: sysrq triggered crash\n") || !strings.Contains(out, "GUEST_PANICKED run, SHUTDOWN guest-reset") {
		t.Errorf("the crash is explained as\n%s", out)
	}
	for _, probe := range []string{"external/oops", "external/spin", "external/endless"} {
		r := doc.result(t, "good", probe)
		if r.Other == nil || r.Other.Outcome != r.Outcome || r.Other.Session == r.Session {
			t.Errorf("%s was asked once more with the result %+v", probe, r.Other)
		}
	}
	out, _, _ = command(t, "explain", "--dir", dir, "good", "external/spin")
	for file, want := range map[string]string{
		"registers.txt": "RIP=", "sysrq.txt": "Comm: spin", "nmi.txt": "NMI: Not continuing", "memory.elf": "\x7fELF",
	} {
		names, err := filepath.Glob(filepath.Join(dir, doc.Run.ID, "evidence", "good-default-1.*-"+file))
		if err != nil || len(names) < 2 {
			t.Errorf("%q are files with the %s of two hangs (%v)", names, file, err)
			continue
		}
		text, err := os.ReadFile(names[0])
		if err != nil || !strings.Contains(string(text), want) || len(text) > 17<<20 {
			t.Errorf("%s, of %d bytes, has no %q (%v)", names[0], len(text), want, err)
		}
		if !strings.Contains(out, names[0]) && !strings.Contains(out, names[1]) {
			t.Errorf("%s is not in\n%s", names[0], out)
		}
	}
}

// spins never gives the guest's only CPU back: nothing else there runs any more,
// but interrupts.
const spins = `#include <fcntl.h>
#include <sched.h>
#include <unistd.h>
int main(void)
{
	struct sched_param p = {.sched_priority = 99};
	int f = open("/proc/sys/kernel/sched_rt_runtime_us", O_WRONLY);
	if (f < 0 || write(f, "-1", 2) != 2 || sched_setscheduler(0, SCHED_FIFO, &p) != 0)
		return 1;
	for (;;)
		;
}
`

// TestOneCrashOfFifty has a kernel die in one probe of fifty.
func TestOneCrashOfFifty(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	b.WriteString("version: 1\nbaseline: good\nkernels:\n" + debianKernel("good", "") + "machines:\n  - {name: default, isolate: batch, probes: [\"external/...\"]}\nexternal:\n")
	for i := range 50 {
		name := "well"
		if i == 25 {
			name = "dies"
		}
		fmt.Fprintf(&b, "  - {name: p%d, exec: %s.sh}\n", i, name)
	}
	file := write(t, b.String())
	for name, text := range map[string]string{"well": "exit 0\n", "dies": "echo c > /proc/sysrq-trigger\n"} {
		if err := os.WriteFile(filepath.Join(filepath.Dir(file), name+".sh"), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	dir := t.TempDir()
	doc, _ := boot(t, exitDone, "-f", file, "--dir", dir)
	counts := map[matrix.Outcome]int{}
	for _, r := range doc.Results {
		counts[r.Outcome]++
	}
	r := doc.result(t, "good", "external/p25")
	if counts[matrix.Pass] != 49 || counts[matrix.Crash] != 1 || !strings.Contains(r.Detail, "sysrq") || r.Other == nil || r.Other.Outcome != matrix.Crash {
		t.Errorf("outcomes %v, that of the dying probe is %+v", counts, r)
	}
	stored, err := store.Open(filepath.Join(dir, doc.Run.ID))
	if err != nil {
		t.Fatal(err)
	}
	guests := stored.Guests
	if len(guests) != 3 || guests[0].Clone || !guests[1].Clone || !guests[2].Clone {
		t.Errorf("%d guests, want a boot, a clone for the second attempt and one for the rest", len(guests))
	}
}

// TestSelftestsOfABuiltKernel runs those that lie in the source of a kernel that
// is built here.
func TestSelftestsOfABuiltKernel(t *testing.T) {
	t.Parallel()
	file := write(t, `version: 1
baseline: built
kernels:
  - {name: built, source: {deb-source: linux-source-6.12, suite: trixie}}
  - {name: based, base: built, series: [`+seriesDir(t)+`]}
external:
  - {name: selftests, tree: tools/testing/selftests/splice, deadline: 2m}
machines:
  - {name: default, probes: ["external/..."]}
`)
	doc, _ := boot(t, exitDone, "-f", file, "--dir", t.TempDir())
	for _, kernel := range []string{"built", "based"} {
		r := doc.result(t, kernel, "external/selftests")
		if r.Outcome != matrix.Pass || r.Test == nil || r.Test.Passed < 1 || len(r.Test.Failing) > 0 {
			t.Errorf("%s: %s, %q, %+v", kernel, r.Outcome, r.Detail, r.Test)
		}
	}
}

// seriesDir is the repository's own series.
func seriesDir(t *testing.T) string {
	t.Helper()
	dir, err := filepath.Abs("../../vmimage/series/splice-fix-corruption")
	if err != nil {
		t.Fatal(err)
	}
	return dir
}
