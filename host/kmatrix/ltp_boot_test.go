//go:build boots

package main

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"kmatrix/matrix"
)

// ltpMatrix asks three kernels a program that reports as tests of the Linux Test
// Project do, with as much room as they want, and with less.
const ltpMatrix = `version: 1
baseline: "6.1"
kernels:
  - {name: "5.10", source: {deb: linux-image-cloud-amd64, suite: bullseye}}
  - {name: "6.1", source: {deb: linux-image-cloud-amd64, suite: bookworm}}
  - {name: "6.12", source: {deb: linux-image-cloud-amd64, suite: trixie}}
external:
  - {name: conf, c: ltp.c, args: [conf], result: ltp}
  - {name: brok, c: ltp.c, args: [brok], result: ltp}
  - {name: tee01_64, c: ltp.c, args: [old], result: ltp}
  - {name: disk, c: ltp.c, args: [pass, "300", loop], result: ltp, scratch: 300M}
  - {name: splice01_a, c: ltp.c, args: [conf, "5"], result: ltp, scratch: 300M}
  - {name: memory, c: ltp.c, args: [pass, "100", loop], result: ltp, scratch: 101M}
  - {name: beyond, c: ltp.c, args: [pass, "110"], result: ltp, scratch: 101M}
  - {name: nothing, c: ltp.c, args: [pass, "300"], result: ltp}
machines:
  - {name: default, isolate: ISOLATE, probes: ["external/..."]}
`

// TestLTPsReasonsAndScratch asks one guest of each kernel all of it, and clones of one
// what takes the disk: each is to have a fresh one.
func TestLTPsReasonsAndScratch(t *testing.T) {
	t.Parallel()
	program, err := os.ReadFile("testdata/ltp.c")
	if err != nil {
		t.Fatal(err)
	}
	const noRoom = "No space left on device (28)"
	wants := map[string]struct {
		outcome matrix.Outcome
		detail  []string
		printed string
	}{
		"conf":       {matrix.Unsupported, []string{"skipped: conf: splice07.c:54: TCONF: fsopen() not supported"}, "skipped  1"},
		"brok":       {matrix.Fail, []string{"exit code 2: broken (TBROK): tst_device.c:354: TBROK: Failed to acquire device"}, "broken   1"},
		"tee01_64":   {matrix.Unsupported, []string{"skipped: tee01_64: tee01 1 TCONF : tee01.c:52: tee() not supported"}, "Remaining"},
		"disk":       {matrix.Pass, []string{"splice02.c:88: TPASS"}, " is on ef53, "},
		"splice01_a": {matrix.Unsupported, []string{"TCONF: fsopen() not supported"}, " is on ef53, "},
		"memory":     {matrix.Pass, []string{"splice02.c:88: TPASS"}, " is on 1021994, 101 MiB are free"},
		"beyond":     {matrix.Fail, []string{"broken (TBROK): tst_device.c:99: TBROK: Failed to write MiB 101 of test_dev.img: ", noRoom}, " is on 1021994, 101 MiB are free"},
		"nothing":    {matrix.Fail, []string{"broken (TBROK): tst_device.c:99: TBROK: Failed to write MiB 2", noRoom}, " is on 1021994, "},
	}
	for _, test := range []struct {
		isolate         string
		kernels, probes []string
	}{
		{"batch", []string{"5.10", "6.1", "6.12"}, slices.Collect(maps.Keys(wants))},
		{"cell", []string{"6.1"}, []string{"splice01_a", "brok", "memory"}},
	} {
		file := write(t, strings.Replace(ltpMatrix, "ISOLATE", test.isolate, 1))
		if err := os.WriteFile(filepath.Join(filepath.Dir(file), "ltp.c"), program, 0o644); err != nil {
			t.Fatal(err)
		}
		dir := t.TempDir()
		args := []string{"-f", file, "--dir", dir}
		for _, k := range test.kernels {
			args = append(args, "-k", k)
		}
		for _, p := range test.probes {
			args = append(args, "-p", "external/"+p)
		}
		doc, _ := boot(t, exitDone, args...)
		for _, kernel := range test.kernels {
			for _, probe := range test.probes {
				want := wants[probe]
				r := doc.result(t, kernel, "external/"+probe)
				for _, detail := range want.detail {
					if r.Outcome != want.outcome || !strings.Contains(r.Detail, detail) {
						t.Errorf("%s, %s: %s, %q; want %s, …%q…", kernel, probe, r.Outcome, r.Detail, want.outcome, detail)
					}
				}
				text, err := os.ReadFile(filepath.Join(dir, doc.Run.ID, r.Output))
				if err != nil || !strings.Contains(string(text), want.printed) {
					t.Errorf("%s, %s: it printed %q (%v), which has no %q", kernel, probe, text, err, want.printed)
				}
			}
		}
		table, _, _ := command(t, "report", "--dir", dir)
		table = strings.Join(strings.Fields(table), " ")
		for _, want := range []string{"TCONF: fsopen() not supported", "TBROK: Failed to acquire device"} {
			if !strings.Contains(table, want) {
				t.Errorf("%q is not in the table\n%s", want, table)
			}
		}
	}
}

// TestAnExternalProbeMayBeNamedAsLTPsAre chooses a probe whose name has an underscore,
// goes on with a run that lacks its result, and has it explained.
func TestAnExternalProbeMayBeNamedAsLTPsAre(t *testing.T) {
	t.Parallel()
	const probe = "external/splice01_a"
	file := write(t, "version: 1\nbaseline: good\nkernels:\n"+debianKernel("good", "")+`external:
  - {name: splice01_a, exec: ok.sh}
  - {name: splice01-a, exec: ok.sh}
machines:
  - {name: default, probes: ["external/..."]}
`)
	if err := os.WriteFile(filepath.Join(filepath.Dir(file), "ok.sh"), []byte("echo done by $0\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	doc, _ := boot(t, exitDone, "-f", file, "--dir", dir, "-p", probe)
	if len(doc.Results) != 1 || doc.result(t, "good", probe).Outcome != matrix.Pass {
		t.Fatalf("the results are %+v", doc.Results)
	}
	run := filepath.Join(dir, doc.Run.ID)
	if err := os.Truncate(filepath.Join(run, "results.jsonl"), 0); err != nil {
		t.Fatal(err)
	}
	if _, errs, code := command(t, "run", "--dir", dir, "--resume", doc.Run.ID); code != exitDone || !strings.Contains(errs, "0 of 1 results are there") {
		t.Errorf("resumed with exit code %d, it said %s", code, errs)
	}
	out, errs, code := command(t, "explain", "--dir", dir, "good", probe)
	if code != exitDone || !strings.Contains(out, "-p "+probe) || !strings.Contains(out, "    | done by ") {
		t.Errorf("exit code %d, it explained\n%s%s", code, out, errs)
	}
}
