package main

import (
	"path/filepath"
	"strings"
	"testing"

	"kmatrix/matrix"
	"kmatrix/matrix/compare"
)

// TestTheCodesOfARun is the table of what --strict and --fail-on make of outcomes.
func TestTheCodesOfARun(t *testing.T) {
	for name, test := range map[string]struct {
		outcomes [2]matrix.Outcome // of the two cells of a kernel beside the baseline
		o        runOptions
		want     int
		say      string
	}{
		"all pass":             {[2]matrix.Outcome{matrix.Pass, matrix.Pass}, runOptions{strict: true}, exitDone, ""},
		"no boot":              {[2]matrix.Outcome{matrix.BootFailed, matrix.BootFailed}, runOptions{}, exitDone, ""},
		"no boot, strict":      {[2]matrix.Outcome{matrix.BootFailed, matrix.BootFailed}, runOptions{strict: true}, exitNotTested, "not tested: mine (boot-failed)"},
		"a boot, strict":       {[2]matrix.Outcome{matrix.Pass, matrix.BootFailed}, runOptions{strict: true}, exitNotTested, "not tested: a cell of mine (boot-failed)"},
		"no build, strict":     {[2]matrix.Outcome{matrix.BuildFailed, matrix.BuildFailed}, runOptions{strict: true}, exitNotTested, "mine (build-failed)"},
		"unavailable, strict":  {[2]matrix.Outcome{matrix.Unavailable, matrix.Unavailable}, runOptions{strict: true}, exitNotTested, "mine (unavailable)"},
		"lost, strict":         {[2]matrix.Outcome{matrix.Lost, matrix.Pass}, runOptions{strict: true}, exitNotTested, "a cell of mine (lost)"},
		"a crash, strict":      {[2]matrix.Outcome{matrix.Crash, matrix.Hang}, runOptions{strict: true}, exitDone, ""},
		"unsupported, strict":  {[2]matrix.Outcome{matrix.Unsupported, matrix.Unsupported}, runOptions{strict: true}, exitDone, ""},
		"a finding before 4":   {[2]matrix.Outcome{matrix.BootFailed, matrix.Crash}, runOptions{strict: true, failOn: []string{"crash"}}, exitFinding, "1 crash"},
		"no boot is a finding": {[2]matrix.Outcome{matrix.BootFailed, matrix.BootFailed}, runOptions{strict: true, failOn: []string{"boot-failed"}}, exitFinding, "2 boot-failed"},
		"infra before 4":       {[2]matrix.Outcome{matrix.BootFailed, matrix.Infra}, runOptions{strict: true}, exitInfra, "could not do its part"},
		"a finding before 3":   {[2]matrix.Outcome{matrix.Infra, matrix.Crash}, runOptions{failOn: []string{"crash"}}, exitFinding, "1 crash"},
	} {
		r := matrix.Run{Baseline: "base", Machines: []matrix.Machine{{Name: "m"}}, Kernels: []matrix.Column{{Name: "base"}, {Name: "mine"}}, Probes: []string{"stability/a", "stability/b"}}
		var results []matrix.Result
		for i, probe := range r.Probes {
			for kernel, outcome := range map[string]matrix.Outcome{"base": matrix.Pass, "mine": test.outcomes[i]} {
				c := matrix.Cell{Kernel: kernel, Machine: "m", Probe: probe}
				results = append(results, matrix.Result{Kernel: kernel, Machine: "m", Probe: probe, Cell: c.ID(), Boot: 1, Attempt: matrix.Attempt{Outcome: outcome}})
			}
		}
		err := test.o.verdict(compare.Compare(r, results), r, results, "runs/x")
		said := ""
		if err != nil {
			said = err.Error()
		}
		if code := exitCode(t.Context(), err); code != test.want || !strings.Contains(said, test.say) {
			t.Errorf("%s: exit code %d, want %d; it said %s", name, code, test.want, said)
		}
	}
}

// TestStrictIsNotTestedEvenOfAll: a run of which no kernel could be had ends with
// 3, and with --strict, which asks what was tested, with 4.
func TestStrictIsNotTestedEvenOfAll(t *testing.T) {
	_, initramfs := ownCache(t)
	args := []string{"run", "-f", write(t, one), "--initramfs", initramfs, "--dir", filepath.Join(t.TempDir(), "runs"), "-p", "stability/splice/punch/ext4"}
	if _, errs, code := command(t, args...); code != exitInfra || !strings.Contains(errs, "no kernel could be had") {
		t.Errorf("exit code %d, it said %s", code, errs)
	}
	out, errs, code := command(t, append(args, "--strict")...)
	if code != exitNotTested || !strings.Contains(errs, "--strict: not tested: x (unavailable)") || !strings.Contains(out, "x is unavailable: ") {
		t.Errorf("exit code %d, it said %s and printed %s", code, errs, out)
	}
}

// TestTheCodesAreDocumented holds the help to the codes.
func TestTheCodesAreDocumented(t *testing.T) {
	out, _, _ := command(t, "run", "--help")
	for _, want := range []string{"4 a kernel was not tested", "1 comes before 3, and 3 before 4", "125 it was not tested", "128 wrong use, 129 this host", "git bisect run kmatrix run --for-bisect", "--bad-is OUTCOME", "exit with 4 when"} {
		if !strings.Contains(out, want) {
			t.Errorf("run --help does not say %q", want)
		}
	}
}
