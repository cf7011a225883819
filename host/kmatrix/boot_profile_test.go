//go:build boots

package main

import (
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"kmatrix/matrix"
	"kmatrix/matrix/compare"
	"kmatrix/matrix/report"
	"kmatrix/matrix/store"
)

// copying are the functions that copy data to user space and from it, as kernels of
// different ages call them.
var copying = regexp.MustCompile(`^(copy_user|rep_movs|_copy_(to|from)_iter|copy_page)`)

// TestAProfileNamesTheFunctionsOfADifference has Debian's 6.1 write into a pipe as
// it is, clearing each page that it takes for that, and without: the profile names
// the clearing, and no sample is touched.
func TestAProfileNamesTheFunctionsOfADifference(t *testing.T) {
	t.Parallel()
	const probe = "cost/read-write/64k"
	file := write(t, "version: 1\nbaseline: clears\n"+
		"machines: [{name: cost, memory: 512M, cpus: 1, accel: tcg, clock: icount, cpu: \"max,-erms,-fsrm\", probes: [cost/...]}]\nkernels:\n"+
		debianKernel("clears", "")+debianKernel("leaves", `, append: "init_on_alloc=0"`))
	dir := t.TempDir()
	doc, errs := boot(t, exitDone, "-f", file, "-p", probe, "--boots", "1", "--profile", "--boot-deadline", "5m", "--probe-deadline", "3m", "--dir", dir)
	if len(doc.Results) != 2 || doc.Results[0].Sample == nil || doc.Results[1].Sample == nil || doc.Results[0].Boot != 1 || doc.Results[1].Boot != 1 {
		t.Fatalf("results %+v", doc.Results)
	}
	if len(doc.Profiles) != 2 || !strings.Contains(errs, "1 profiles in") {
		t.Fatalf("%d profiles; it said %s", len(doc.Profiles), errs)
	}
	for _, p := range doc.Profiles {
		if !p.There() || p.Boot != 2 || p.Lost > 0 || p.Samples < 5000 {
			t.Fatalf("%+v", p)
		}
		sum := p.User + p.Unlocated + p.Rest
		for _, f := range p.Functions {
			sum += f.Samples
		}
		if first := p.Functions[0]; sum != p.Samples || !copying.MatchString(first.Name) || first.Samples < p.Samples/5 || p.Unlocated > p.Samples/100 {
			t.Errorf("%d of %d samples are placed, %d are not located; most hit %+v", sum, p.Samples, p.Unlocated, first)
		}
	}
	runs, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil || len(runs) != 1 {
		t.Fatalf("runs %q, %v", runs, err)
	}
	stored, err := store.Open(runs[0])
	if err != nil {
		t.Fatal(err)
	}
	c := compare.Compare(stored.Run, stored.Results)
	c.Locate(stored.Profiles)
	k := c.Rows[0].Cells[1].Deltas[0]
	if k.Verdict != matrix.VerdictBetter || k.Where == nil || len(k.Where.Functions) == 0 {
		t.Fatalf("%+v", k)
	}
	// Nothing but the clearing differs: its part is all of the difference.
	if f := k.Where.Functions[0]; !strings.HasPrefix(f.Name, "clear_page") || f.Share < 0.8 || f.Share > 1.2 || f.Other < 10*f.Value {
		t.Errorf("of %+.3g %s: %s", k.Value-k.Other, k.Unit, report.Where(k, 8))
	}
	for _, args := range [][]string{{"report", "--dir", dir}, {"explain", "--dir", dir, "leaves", probe}} {
		if out, _, code := command(t, args...); code != exitDone || !strings.Contains(out, "clear_page") {
			t.Errorf("%s: exit code %d, it says\n%s", args[0], code, out)
		} else {
			t.Log(out)
		}
	}
}
