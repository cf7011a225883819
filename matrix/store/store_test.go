package store

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"kmatrix/matrix"
)

func result(probe string, boot int) matrix.Result {
	return matrix.Result{Kernel: "6.1", Machine: "m", Probe: probe, Cell: "6.1/m/" + probe, Boot: boot, Attempt: matrix.Attempt{Outcome: matrix.Pass, Finding: matrix.Finding{Observation: &matrix.Observation{Class: matrix.Stable, FirstOffset: -1}}}}
}

func create(t *testing.T) (*Run, string) {
	t.Helper()
	dir := t.TempDir()
	r, err := Create(dir, matrix.Run{Started: time.Date(2026, 11, 23, 1, 2, 3, 0, time.UTC), Baseline: "6.1"})
	if err != nil {
		t.Fatal(err)
	}
	return r, dir
}

func TestWhatIsWrittenIsRead(t *testing.T) {
	r, dir := create(t)
	want := []matrix.Result{result("a", 1), result("a", 2), result("b", 1)}
	for _, res := range want {
		if err := r.Append(res); err != nil {
			t.Fatal(err)
		}
	}
	if err := r.Update(func(run *matrix.Run) { run.Interrupted = true }); err != nil {
		t.Fatal(err)
	}
	header := r.Header()
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	ids, err := List(dir)
	if err != nil || len(ids) != 1 || !strings.HasPrefix(ids[0], "20261123-010203-") {
		t.Fatalf("List() = %q, %v", ids, err)
	}
	got, err := Open(filepath.Join(dir, ids[0]))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(&Stored{Run: header, Results: want}, got); diff != "" {
		t.Error(diff)
	}
	left, err := os.ReadDir(r.Dir())
	if err != nil || len(left) != 4 {
		t.Errorf("%d entries are left in the run's directory, want run.json, results.jsonl, guests.jsonl and consoles", len(left))
	}
}

func TestASecondResultIsRefused(t *testing.T) {
	r, _ := create(t)
	defer r.Close()
	if err := r.Append(result("a", 1)); err != nil {
		t.Fatal(err)
	}
	if err := r.Append(result("a", 1)); err == nil || !strings.Contains(err.Error(), "already") {
		t.Errorf("a second result gave %v", err)
	}
}

func TestATornLastLineCostsItselfAlone(t *testing.T) {
	r, _ := create(t)
	if err := r.Append(result("a", 1)); err != nil {
		t.Fatal(err)
	}
	if _, err := r.results.file.WriteString(`{"kernel":"6.1","mach`); err != nil {
		t.Fatal(err)
	}
	r.Close()
	got, err := Open(r.Dir())
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Results) != 1 || len(got.Warnings) != 1 || !strings.Contains(got.Warnings[0], "results.jsonl:2: the last line is torn") {
		t.Errorf("read %d results with the warnings %q", len(got.Results), got.Warnings)
	}
}

func TestWhatIsNoRunIsSaid(t *testing.T) {
	if _, err := Open(t.TempDir()); err == nil || !strings.Contains(err.Error(), "is no run") {
		t.Errorf("an empty directory gave %v", err)
	}
	if ids, err := List(filepath.Join(t.TempDir(), "none")); err != nil || ids != nil {
		t.Errorf("List of nothing = %q, %v", ids, err)
	}
}

func TestConsolesStayInTheRun(t *testing.T) {
	r, _ := create(t)
	defer r.Close()
	if f, err := r.Console("../6.1", "m", 1, 1); err == nil {
		t.Errorf("a name with a slash opened %s", f.Name())
	}
	f, err := r.Console("6.1", "m", 1, 2)
	if err != nil || filepath.Base(f.Name()) != "6.1-m-1.2.log" {
		t.Fatalf("Console() = %v", err)
	}
	f.Close()
}

func TestOutputsStayInTheRun(t *testing.T) {
	r, _ := create(t)
	defer r.Close()
	for _, probe := range []string{"external/../../x", "external/", "external/.x", "/x", "a\x00b"} {
		if name, err := r.Output(matrix.Cell{Kernel: "6.1", Machine: "m", Probe: probe}, 1, 1, "text"); err == nil {
			t.Errorf("%q was kept as %s", probe, name)
		}
	}
	name, err := r.Output(matrix.Cell{Kernel: "6.1", Machine: "m", Probe: "external/own"}, 2, 3, "text")
	text, e := os.ReadFile(filepath.Join(r.Dir(), name))
	if err != nil || e != nil || string(text) != "text" || name != filepath.Join("outputs", "6.1", "m", "external", "own-2.3.txt") {
		t.Errorf("%s holds %q (%v, %v)", name, text, err, e)
	}
}

// TestReportsAreKeptOnce keeps reports until there are too many.
func TestReportsAreKeptOnce(t *testing.T) {
	r, _ := create(t)
	one := matrix.CrashReport{Fingerprint: "0123456789abcdef", Title: "WARNING in foo", Text: "WARNING: x\n"}
	for _, text := range []string{one.Text, "another\n"} {
		one.Text = text
		name, err := r.CrashReport("6.1", one)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := os.ReadFile(filepath.Join(r.Dir(), name)); err != nil || string(got) != "WARNING in foo\n\nWARNING: x\n" {
			t.Errorf("%s holds %q (%v)", name, got, err)
		}
	}
	for _, bad := range [][2]string{{"../x", one.Fingerprint}, {"6.1", "../0123456789ab"}, {"6.1", ""}} {
		if name, err := r.CrashReport(bad[0], matrix.CrashReport{Fingerprint: bad[1]}); err == nil {
			t.Errorf("%q is kept as %s", bad, name)
		}
	}
	for i := range MaxCrashReports + 5 {
		name, err := r.CrashReport("6.1", matrix.CrashReport{Fingerprint: fmt.Sprintf("%016x", i)})
		if err != nil || (name == "") != (i >= MaxCrashReports-1) {
			t.Fatalf("number %d is kept as %q (%v)", i, name, err)
		}
	}
}
