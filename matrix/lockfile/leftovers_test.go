package lockfile

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// TestLeftoversAreWhatNobodyHolds has a directory with what a living process has, what
// killed ones have left, and what is nobody's business.
func TestLeftoversAreWhatNobodyHolds(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"alive.tmp", "dead.tmp", "dead.lock", "unlocked.whole", "unmade.lock", "notes.txt"} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	lock, err := Try(filepath.Join(dir, "alive.lock"))
	if err != nil {
		t.Fatal(err)
	}
	defer lock.Release()
	held, err := RemoveLeftovers(dir, ".tmp", ".whole")
	if want := []string{filepath.Join(dir, "alive.tmp")}; err != nil || !slices.Equal(held, want) {
		t.Errorf("held are %v (%v), want %v", held, err, want)
	}
	left, err := filepath.Glob(filepath.Join(dir, "*"))
	want := []string{filepath.Join(dir, "alive.lock"), filepath.Join(dir, "alive.tmp"), filepath.Join(dir, "notes.txt")}
	if err != nil || !slices.Equal(left, want) {
		t.Errorf("left are %v (%v), want %v", left, err, want)
	}
	if held, err := RemoveLeftovers(filepath.Join(dir, "nowhere"), ""); err != nil || len(held) > 0 {
		t.Errorf("a directory that is not there has %v (%v)", held, err)
	}
}
