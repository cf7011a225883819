package main

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"kmatrix/matrix"
	"kmatrix/matrix/store"
)

// storedRun keeps a run of three cells and returns the directory of runs and its
// own.
func storedRun(t *testing.T) (dir, run string) {
	t.Helper()
	dir = t.TempDir()
	header := matrix.Run{
		Started: time.Now(), Spec: "my matrix.yaml", Baseline: "base", Machines: []matrix.Machine{{Name: "m"}},
		Kernels: []matrix.Column{{Name: "a", Version: "6.1.1", Contract: matrix.Snapshot}},
	}
	r, err := store.Create(dir, header)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	own := matrix.Cell{Kernel: "a", Machine: "m", Probe: "external/own"}
	output, err := r.Output(own, 1, 2, "first\nlast\n")
	if err != nil {
		t.Fatal(err)
	}
	console, err := r.Console("a", "m", 1, 2)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := console.WriteString("[    1.0] one\n[    1.1] Kernel panic - not syncing: \x1b[31mno\n[    1.2] two\n"); err != nil {
		t.Fatal(err)
	}
	console.Close()
	const qemu, repro = "qemu -nodefaults -chardev socket,id=console,fd=4 -kernel k", "qemu -nodefaults -chardev stdio,id=console -kernel k"
	if err := r.Guest(matrix.Guest{Kernel: "a", Machine: "m", Boot: 1, Session: 2, Command: qemu, Repro: repro}); err != nil {
		t.Fatal(err)
	}
	base := matrix.Result{Kernel: "base", Machine: "m", Probe: "cost/x", Cell: "base/m/cost/x", Boot: 1, Attempt: matrix.Attempt{Outcome: matrix.Hang, Detail: "no answer"}}
	dead := matrix.Result{Kernel: "a", Machine: "m", Probe: "stability/y", Cell: "a/m/stability/y", Boot: 1, Attempt: matrix.Attempt{Session: 2, Outcome: matrix.Crash, Detail: "Kernel panic - not syncing: ·[31mno"}}
	if err := errors.Join(r.Append(base), r.Append(dead)); err != nil {
		t.Fatal(err)
	}
	warned := matrix.CrashReport{
		Kind: matrix.KindWarning, Title: "WARNING in foo", Fingerprint: "0123456789abcdef", Taint: "W", Count: 2, Text: "WARNING: CPU: 0 \x1b[31m\n",
		Frames: []matrix.Frame{{Function: "foo", At: "fs/foo.c:12"}, {Function: "bar"}},
	}
	if warned.File, err = r.CrashReport("a", warned); err != nil {
		t.Fatal(err)
	}
	for probe, res := range map[string]matrix.Result{
		"external/own": {Attempt: matrix.Attempt{Outcome: matrix.Fail, Detail: "exit code 3: \x1b[31mlast", Output: output, Session: 2, Finding: matrix.Finding{Test: &matrix.Test{ResultFormat: matrix.FormatExit, ExitCode: 3, Failed: 1, Failing: []string{"own"}}}}},
		"stability/x":  {Attempt: matrix.Attempt{Outcome: matrix.Fail, CrashReports: []matrix.CrashReport{warned}, Finding: matrix.Finding{Observation: &matrix.Observation{Class: matrix.Zeroed, Zero: 4096, Bytes: 4096, FirstOffset: 8192, Calls: []matrix.Call{{Name: "splice(3, 4)", Return: 4096, Count: 2}, {Name: "fallocate(3)", Return: -1, Errno: "EOPNOTSUPP"}}}}}},
		"cost/x":       {Attempt: matrix.Attempt{Outcome: matrix.Pass, Finding: matrix.Finding{Sample: &matrix.Sample{Value: 0.25, Unit: "insn/B", Better: matrix.Lower, Iterations: 7, Low: 0.2, High: 0.3}}}},
	} {
		c := matrix.Cell{Kernel: "a", Machine: "m", Probe: probe}
		res.Kernel, res.Machine, res.Probe, res.Cell, res.Boot = c.Kernel, c.Machine, c.Probe, c.ID(), 1
		if err := r.Append(res); err != nil {
			t.Fatal(err)
		}
	}
	return dir, r.Dir()
}

func TestExplain(t *testing.T) {
	dir, run := storedRun(t)
	for name, test := range map[string]struct {
		args []string
		want []string
	}{
		"an external probe": {[]string{"a", "external/own"}, []string{
			"a/m/external/own, boot 1 of " + run, "outcome           fail", "why               exit code 3: ·[31mlast", "contract          snapshot",
			"exit code         3", "console           " + filepath.Join(run, "consoles", "a-m-1.2.log"), "kmatrix run -f 'my matrix.yaml' -k a -p external/own", "    | first\n    | last\n",
		}},
		"calls": {[]string{"a/m/stability/x"}, []string{"class             zeroed", "first offset      8192", "splice(3, 4) = 4096, 2 times", "fallocate(3) = -1 EOPNOTSUPP"}},
		"a report": {[]string{"a/m/stability/x"}, []string{
			"report            WARNING in foo (taint W, 2 times)", "  foo fs/foo.c:12", filepath.Join(run, "reports", "a-0123456789abcdef.txt"),
			"  the console around WARNING in foo\n    | WARNING in foo\n", "    | WARNING: CPU: 0 ·[31m\n",
		}},
		"a crash": {[]string{"a/m/stability/y"}, []string{
			"by hand           qemu -nodefaults -chardev stdio,id=console -kernel k\n", "    | [    1.0] one\n    | [    1.1] Kernel panic - not syncing: ·[31mno\n    | [    1.2] two\n",
		}},
		"a baseline":   {[]string{"a/m/cost/x"}, []string{"baseline          base: hang, no answer"}},
		"a cost":       {[]string{filepath.Base(run), "a/m/cost/x"}, []string{"value             0.25", "unit              insn/B", "iterations        7", "high              0.3"}},
		"three words":  {[]string{run, "a", "cost/x"}, []string{"a/m/cost/x"}},
		"a whole path": {[]string{run, "a/m/cost/x"}, []string{"a/m/cost/x"}},
	} {
		out, errs, code := command(t, append([]string{"explain", "--dir", dir}, test.args...)...)
		if code != exitDone {
			t.Errorf("%s: exit code %d, it said %s", name, code, errs)
		}
		for _, want := range test.want {
			if !strings.Contains(out, want) {
				t.Errorf("%s: %q is not in\n%s", name, want, out)
			}
		}
		if strings.Contains(out, "\x1b") {
			t.Errorf("%s: an escape reaches the terminal", name)
		}
	}
	file := filepath.Join(t.TempDir(), "out.json")
	if _, errs, code := command(t, "explain", "--dir", dir, "--json", "-o", file, "a", "external/own"); code != exitDone {
		t.Fatalf("exit code %d, it said %s", code, errs)
	}
	var doc struct {
		Version int
		Cells   []struct {
			Outcome, Printed, Again string
			Test                    matrix.Test
		}
	}
	text, err := os.ReadFile(file)
	if err == nil {
		err = json.Unmarshal(text, &doc)
	}
	if err != nil || doc.Version != 1 || len(doc.Cells) != 1 || doc.Cells[0].Printed != "first\nlast\n" || doc.Cells[0].Test.ExitCode != 3 {
		t.Errorf("%v in %s", err, text)
	}
}

func TestExplainWhatIsNotThere(t *testing.T) {
	dir, _ := storedRun(t)
	for name, test := range map[string]struct {
		args []string
		want string
	}{
		"no cell":      {nil, "explain takes a cell"},
		"no such cell": {[]string{"a", "cost/y"}, "has no cell a cost/y"},
		"a near name":  {[]string{"a", "stabilty/x"}, "has no cell a stabilty/x; near it are a stability/x"},
		"no such run":  {[]string{"20000101-000000-AAAA", "a", "cost/x"}, "is no run"},
		"too many":     {[]string{"a", "b", "c", "d"}, "got 4 arguments"},
	} {
		_, errs, code := command(t, append([]string{"explain", "--dir", dir}, test.args...)...)
		if code != exitWrongUse || !strings.Contains(errs, test.want) {
			t.Errorf("%s: exit code %d, it said %s", name, code, errs)
		}
	}
}

// TestAnOutputIsCleanWhateverLiesThere changes the file behind a run.
func TestAnOutputIsCleanWhateverLiesThere(t *testing.T) {
	dir, run := storedRun(t)
	if err := os.WriteFile(filepath.Join(run, "outputs", "a", "m", "external", "own-1.2.txt"), []byte("\x1b]0;title\x07\xff\tx\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	out, _, _ := command(t, "explain", "--dir", dir, "a", "external/own")
	if !strings.Contains(out, "    | ·]0;title·\uFFFD\tx\n") {
		t.Errorf("printed %q", out)
	}
}

const withExternal = one + `external:
  - {name: own, c: own.c, args: [x], summary: "what I want to know"}
machines:
  - {name: default, probes: ["external/..."]}
`

func TestExternalProbesAreListed(t *testing.T) {
	file := write(t, withExternal)
	if err := os.WriteFile(filepath.Join(filepath.Dir(file), "own.c"), []byte("int main(void) { return failed; }\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		args []string
		want string
	}{
		"family":  {nil, "external/...    1  Programs"},
		"pattern": {[]string{"external/...", "cost/read-write/64k"}, "external/own         what I want to know"},
		"one":     {[]string{"external/own"}, "1. Runs own.c x (compiled on the host"},
		"as JSON": {[]string{"external", "--json"}, `"path": "own.c"`},
	} {
		out, errs, code := command(t, append([]string{"probes", "-f", file}, test.args...)...)
		if test.want = strings.Join(strings.Fields(test.want), " "); code != exitDone || !strings.Contains(strings.Join(strings.Fields(out), " "), test.want) {
			t.Errorf("%s: exit code %d, printed %q and %q", name, code, out, errs)
		}
	}
	t.Chdir(t.TempDir())
	if out, _, code := command(t, "probes"); code != exitDone || strings.Contains(out, "external/") {
		t.Errorf("without a matrix: exit code %d, printed %q", code, out)
	}
}

// TestAProgramThatDoesNotCompileIsTheUsers runs before anything boots.
func TestAProgramThatDoesNotCompileIsTheUsers(t *testing.T) {
	_, initramfs := ownCache(t)
	file := write(t, withExternal)
	if err := os.WriteFile(filepath.Join(filepath.Dir(file), "own.c"), []byte("int main(void) { return failed; }\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	_, errs, code := command(t, "run", "-f", file, "--dir", dir, "--initramfs", initramfs)
	if code != exitWrongUse || !strings.Contains(errs, "external/own: ") || !strings.Contains(errs, "own.c:1:25: error: 'failed' undeclared") {
		t.Errorf("exit code %d, it said %s", code, errs)
	}
	if runs, err := os.ReadDir(dir); err != nil || len(runs) > 0 {
		t.Errorf("%d runs were begun (%v)", len(runs), err)
	}
}
