package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"kmatrix/matrix"
	"kmatrix/matrix/store"
)

// keepRun stores a run of two kernels, of which one costs a factor more, and
// returns its directory.
func keepRun(t *testing.T, dir string, probe string, factor float64, finished bool) string {
	t.Helper()
	run := matrix.Run{Started: time.Date(2026, 11, 23, 1, 2, 3, 0, time.UTC), Baseline: "6.12-built", Probes: []string{probe}, Machines: []matrix.Machine{{Name: "cost", MemoryMiB: 512, CPUs: 1, Boots: 1}}}
	for _, name := range []string{"6.12-built", "fix"} {
		run.Kernels = append(run.Kernels, matrix.Column{Name: name, ConfigDigest: "own"})
	}
	run.Kernels[1].Base = "6.12-built"
	st, err := store.Create(dir, run)
	if err != nil {
		t.Fatal(err)
	}
	for i, k := range run.Kernels {
		value := []float64{1, factor}[i]
		c := matrix.Cell{Kernel: k.Name, Machine: "cost", Probe: probe}
		if err := st.Append(matrix.Result{Kernel: k.Name, Machine: "cost", Probe: probe, Cell: c.ID(), Boot: 1, Attempt: matrix.Attempt{Outcome: matrix.Pass, Finding: matrix.Finding{Sample: &matrix.Sample{Value: value, Unit: "insn/B", Clock: matrix.ClockIcount, Better: matrix.Lower}}}}); err != nil {
			t.Fatal(err)
		}
	}
	if finished {
		now := time.Now()
		if err := st.Update(func(r *matrix.Run) { r.Finished = &now }); err != nil {
			t.Fatal(err)
		}
	}
	if err := st.Close(); err != nil {
		t.Fatal(err)
	}
	return st.Dir()
}

func TestCompare(t *testing.T) {
	dir := t.TempDir()
	const splice = "cost/splice-file-pipe/64k"
	one, two := keepRun(t, dir, splice, 4, true), keepRun(t, dir, splice, 2, true)
	half, other := keepRun(t, dir, splice, 3, false), keepRun(t, dir, "cost/tee/4k", 1, true)
	torn := keepRun(t, dir, splice, 4, true)
	f, err := os.OpenFile(filepath.Join(torn, "results.jsonl"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	f.WriteString(`{"kernel":"f`)
	f.Close()
	for name, test := range map[string]struct {
		args   []string
		code   int
		stdout []string
		stderr string
	}{
		"one run":           {[]string{one}, exitDone, []string{"fix against its base, 6.12-built: cost/splice-file-pipe/64k is worse, 4×"}, ""},
		"by its name":       {[]string{"--dir", dir, filepath.Base(one)}, exitDone, []string{"is worse, 4×"}, ""},
		"another baseline":  {[]string{one, "--baseline", "fix"}, exitDone, []string{"6.12-built against the baseline, fix: cost/splice-file-pipe/64k is better, 0.25×"}, ""},
		"two runs":          {[]string{one, two}, exitDone, []string{"fix@2 against the baseline, 6.12-built@1", "@1: " + one, "6.12-built@2 against the baseline, 6.12-built@1: cost/splice-file-pipe/64k:"}, ""},
		"a finding":         {[]string{one, "--fail-on", "worse"}, exitFinding, []string{"▲"}, "--fail-on: 1 worse"},
		"no finding":        {[]string{one, "--fail-on", "better,crash"}, exitDone, []string{"▲"}, ""},
		"half of a run":     {[]string{half}, exitDone, []string{"Beware: " + half + " has not ended"}, "has not ended, or was killed"},
		"a torn run":        {[]string{torn}, exitDone, []string{"is worse, 4×"}, "the last line is torn"},
		"nothing in common": {[]string{one, other}, exitWrongUse, nil, "nothing can be compared: " + one + " has no probe"},
		"no such baseline":  {[]string{one, "--baseline", "6.2"}, exitWrongUse, nil, "--baseline 6.2: no such column; there are 6.12-built, fix"},
		"no run":            {[]string{}, exitWrongUse, nil, "compare needs a run"},
		"the same run":      {[]string{one, one}, exitWrongUse, nil, "is named twice"},
		"what is no run":    {[]string{t.TempDir()}, exitWrongUse, nil, "is no run"},
		"no report":         {[]string{one, "--fail-on", "report"}, exitDone, []string{"▲"}, ""},
		"no such finding":   {[]string{one, "--fail-on", "sadness"}, exitWrongUse, nil, "--fail-on sadness: allowed are differs, worse"},
	} {
		t.Run(name, func(t *testing.T) {
			out, errs, code := command(t, append([]string{"compare"}, test.args...)...)
			text := strings.Join(strings.Fields(out), " ") // the width breaks lines
			if code != test.code || !strings.Contains(errs, test.stderr) || test.stderr == "" && errs != "" || test.stdout == nil && out != "" {
				t.Errorf("exit code %d, printed\n%s\nand %q", code, out, errs)
			}
			for _, want := range test.stdout {
				if !strings.Contains(text, want) {
					t.Errorf("no %q in\n%s", want, out)
				}
			}
		})
	}
	file := filepath.Join(dir, "out.json")
	if _, errs, code := command(t, "compare", one, two, "--json", "-o", file); code != exitDone {
		t.Fatalf("exit code %d, %q", code, errs)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var doc struct {
		Comparison []struct{ Cell, Verdict string }
		Families   []struct {
			Kernel, Name string
			Ratio        float64
		}
		Runs []struct{ Dir string }
	}
	if err := json.Unmarshal(text, &doc); err != nil || len(doc.Comparison) != 3 || len(doc.Families) != 4 || len(doc.Runs) != 2 || doc.Runs[1].Dir != two {
		t.Errorf("%v: %+v", err, doc)
	}
}
