package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"kmatrix/matrix/store"
)

// beganRun runs two kernels that are not there, and returns the arguments that it
// was run with, the matrix's file and the run's directory.
func beganRun(t *testing.T) (args []string, file, run string) {
	t.Helper()
	_, initramfs := ownCache(t)
	file = write(t, one+"  - {name: \"y\", source: {image: none}}\n")
	args = []string{"run", "--dir", filepath.Join(t.TempDir(), "runs")}
	_, errs, code := command(t, append(args, "-f", file, "--initramfs", initramfs, "-p", "cost/read-write", "--boots", "3")...)
	if code != exitInfra || !strings.Contains(errs, "no kernel could be had") {
		t.Fatalf("exit code %d, it said %s", code, errs)
	}
	ids, err := store.List(args[2])
	if err != nil || len(ids) != 1 {
		t.Fatalf("the runs are %v, %v", ids, err)
	}
	return args, file, filepath.Join(args[2], ids[0])
}

// TestResumeAsksWhatHasNoOutcome tears the results off in the middle of one.
func TestResumeAsksWhatHasNoOutcome(t *testing.T) {
	args, _, run := beganRun(t)
	results := filepath.Join(run, "results.jsonl")
	whole, err := os.ReadFile(results)
	if err != nil {
		t.Fatal(err)
	}
	first, err := store.Open(run)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(results, int64(len(whole)/2-10)); err != nil {
		t.Fatal(err)
	}
	_, errs, _ := command(t, append(args, "--resume", filepath.Base(run))...)
	if !regexp.MustCompile(`going on with \S+: \d+ of \d+ results are there`).MatchString(errs) || !strings.Contains(errs, "the last line is torn") {
		t.Errorf("it said %s", errs)
	}
	second, err := store.Open(run)
	if err != nil || len(second.Results) != len(first.Results) || len(second.Warnings) > 0 || len(second.Earlier) > 0 {
		t.Fatalf("there are %d results, were %d; it says %q, %v", len(second.Results), len(first.Results), second.Warnings, err)
	}
	h := second.Run
	if len(h.Resumed) != 1 || h.Finished == nil || h.Interrupted || h.Invocation == nil || h.Invocation.Flags["probe"][0] != "cost/read-write" || h.Invocation.Flags["boots"][0] != "3" || h.Invocation.Flags["dir"] != nil {
		t.Errorf("the run says %+v, begun by %+v", h, h.Invocation)
	}
	now, err := os.ReadFile(results)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, code := command(t, append(args, "--resume", run)...); code != exitInfra {
		t.Errorf("resuming what is complete gave exit code %d, want what the run gave", code)
	}
	if after, err := os.ReadFile(results); err != nil || string(after) != string(now) {
		t.Errorf("a run that was complete was asked again (%v)", err)
	}
}

func TestResumeIsRefused(t *testing.T) {
	args, file, run := beganRun(t)
	refused := func(name string, wantCode int, want string, more ...string) {
		t.Helper()
		_, errs, code := command(t, append(append(args, "--resume", run), more...)...)
		if code != wantCode || !strings.Contains(errs, want) {
			t.Errorf("%s: exit code %d, it said %s", name, code, errs)
		}
	}
	refused("other flags", exitWrongUse, "leave --boots and --probe out", "-p", "cost", "--boots", "3")
	st, _, err := store.Resume(run)
	if err != nil {
		t.Fatal(err)
	}
	refused("a second writer", exitInfra, "is being written by process ")
	if err := st.Close(); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, append(text, "# changed\n"...), 0o644); err != nil {
		t.Fatal(err)
	}
	refused("another matrix", exitWrongUse, "has changed since the run was begun")
	if err := os.WriteFile(file, text, 0o644); err != nil {
		t.Fatal(err)
	}
	home, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(home, "initramfs.cpio"), []byte("another"), 0o644); err != nil {
		t.Fatal(err)
	}
	refused("another agent", exitInfra, "was begun with the agent sha256:")
	t.Chdir(t.TempDir())
	refused("another directory", exitWrongUse, "go on there")
	run += "x"
	refused("no run", exitWrongUse, "is no run")
}
