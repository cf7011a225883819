package store

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kmatrix/matrix"
)

// wholeIn returns how many of a file's lines are whole in its first n bytes: the
// value is there, whether or not its line has its end.
func wholeIn(text []byte, n int) int {
	count := 0
	for line := range bytes.Lines(text[:n]) {
		if json.Valid(line) {
			count++
		}
	}
	return count
}

// TestARunThatIsCutAnywhere cuts each file of a run at every byte, as a kill or a
// power loss can, reads what is left, goes on with it, and reads it again: what was
// whole is there once, and nothing else.
func TestARunThatIsCutAnywhere(t *testing.T) {
	r, _ := create(t)
	results := []matrix.Result{result("a", 1), result("b", 1), result("c", 1)}
	for i, res := range results {
		if err := r.Append(res); err != nil {
			t.Fatal(err)
		}
		if err := r.Guest(matrix.Guest{Kernel: "6.1", Machine: "m", Boot: 1, Session: i + 1, Phase: "done"}); err != nil {
			t.Fatal(err)
		}
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	// Thousands of times synced: in memory, where there is such a directory.
	where, err := os.MkdirTemp("/dev/shm", "kmatrix-")
	if err != nil {
		where = t.TempDir()
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(where); err != nil {
			t.Error(err)
		}
	})
	for _, name := range []string{fileResults, fileGuests} {
		text, err := os.ReadFile(filepath.Join(r.Dir(), name))
		if err != nil {
			t.Fatal(err)
		}
		for n := range len(text) + 1 {
			cut := filepath.Join(where, fmt.Sprintf("%s-%d", name, n))
			if err := os.CopyFS(cut, os.DirFS(r.Dir())); err != nil {
				t.Fatal(err)
			}
			if err := os.Truncate(filepath.Join(cut, name), int64(n)); err != nil {
				t.Fatal(err)
			}
			whole := wholeIn(text, n)
			torn := n > 0 && text[n-1] != '\n' && !json.Valid(text[bytes.LastIndexByte(text[:n], '\n')+1:n])
			checkCut(t, cut, name, whole, torn, results)
			if t.Failed() {
				t.Fatalf("%s was cut after %d bytes", name, n)
			}
		}
	}
}

func checkCut(t *testing.T, dir, name string, whole int, torn bool, results []matrix.Result) {
	t.Helper()
	s, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	kept, guests := len(results), len(results)
	if name == fileResults {
		kept = whole
	} else {
		guests = whole
	}
	if len(s.Results) != kept || len(s.Guests) != guests || torn != (len(s.Warnings) == 1) || torn && !strings.Contains(s.Warnings[0], "the last line is torn") {
		t.Errorf("%d results and %d guests are read, %d and %d are whole; it says %q", len(s.Results), len(s.Guests), kept, guests, s.Warnings)
	}
	r, _, err := Resume(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, res := range results {
		if r.Final(res.Cell, res.Boot) {
			continue
		}
		if err := r.Append(res); err != nil {
			t.Error(err)
		}
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	if s, err = Open(dir); err != nil || len(s.Warnings) > 0 {
		t.Fatalf("afterwards it says %q, %v", s.Warnings, err)
	}
	if diff := cmp.Diff(results, s.Results); diff != "" {
		t.Error(diff)
	}
}

// TestAHeaderThatIsCut is not what a kill does, since it is replaced whole; what
// is damaged is named.
func TestAHeaderThatIsCut(t *testing.T) {
	r, _ := create(t)
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(r.Dir(), fileRun)
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for n := range len(text) - 1 {
		if err := os.WriteFile(path, text[:n], 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(r.Dir()); err == nil || !strings.Contains(err.Error(), path) {
			t.Fatalf("cut after %d bytes: %v", n, err)
		}
	}
}
