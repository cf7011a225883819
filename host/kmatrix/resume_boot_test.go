//go:build boots

package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"kmatrix/matrix/store"
)

// TestAKilledRunIsResumed kills the program between two results, and goes on with
// the run.
func TestAKilledRunIsResumed(t *testing.T) {
	t.Parallel()
	file := write(t, "version: 1\nbaseline: good\nkernels:\n"+debianKernel("good", "")+debianKernel("other", ""))
	dir := t.TempDir()
	cmd := exec.Command(program, "run", "-f", file, "--initramfs", initramfs, "--dir", dir, "-p", "stability/splice/write/tmpfs", "-p", "stability/splice/punch/ext4", "-j", "1")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	results := ""
	for range 6000 {
		time.Sleep(10 * time.Millisecond)
		if found, _ := filepath.Glob(filepath.Join(dir, "*", "results.jsonl")); len(found) == 1 {
			if info, err := os.Stat(found[0]); err == nil && info.Size() > 0 {
				results = filepath.Dir(found[0])
				break
			}
		}
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	cmd.Wait()
	if results == "" {
		t.Fatal("it stored no result")
	}
	before, err := store.Open(results)
	if err != nil {
		t.Fatal(err)
	}
	out, errs, code := command(t, "run", "--json", "--dir", dir, "--resume", filepath.Base(results))
	if code != exitDone {
		t.Fatalf("exit code %d, it said %s", code, errs)
	}
	var doc document
	if err := json.Unmarshal([]byte(out), &doc); err != nil {
		t.Fatal(err)
	}
	after, err := store.Open(results)
	if err != nil {
		t.Fatal(err)
	}
	want := 2 * len(after.Run.Probes)
	if len(before.Results) == want || len(after.Results) != want || len(doc.Results) != want || len(after.Earlier) > 0 || len(after.Warnings) > 0 {
		t.Errorf("%d results, then %d, of which %d were printed, want %d; it says %q", len(before.Results), len(after.Results), len(doc.Results), want, after.Warnings)
	}
	for i, res := range before.Results {
		if after.Results[i].Cell != res.Cell || after.Results[i].Seconds != res.Seconds {
			t.Errorf("the result of %s is another", res.Cell)
		}
	}
	entries, err := os.ReadDir(results)
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	if want := []string{"configs", "consoles", "guests.jsonl", "results.jsonl", "run.json"}; err != nil || !slices.Equal(names, want) {
		t.Errorf("the run's directory holds %q, want %q (%v)", names, want, err)
	}
}
