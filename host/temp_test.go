package host

import (
	"os"
	"path/filepath"
	"testing"

	"kmatrix/matrix/lockfile"
)

// TestLeftoversOfTheKilledAreClearedAway has one directory whose process lives,
// one whose process was killed, and one whose process was killed before it was
// made; and a snapshot of nobody.
func TestLeftoversOfTheKilledAreClearedAway(t *testing.T) {
	r, cells, _ := newFake(t, []string{"good"}, []string{"s/a"})
	temp, saved := filepath.Join(r.cfg.CacheDir, "tmp"), filepath.Join(r.cfg.CacheDir, "snapshots")
	for _, dir := range []string{filepath.Join(temp, "lives"), filepath.Join(temp, "killed"), saved} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	lock, err := lockfile.Try(filepath.Join(temp, "lives.lock"))
	if err != nil {
		t.Fatal(err)
	}
	defer lock.Release()
	for _, file := range []string{filepath.Join(temp, "killed", "vl.abcdef"), filepath.Join(temp, "killed.lock"), filepath.Join(temp, "unmade.lock"), filepath.Join(saved, "1.tmp"), filepath.Join(saved, "2.snapshot")} {
		if err := os.WriteFile(file, []byte("left"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	outcomes(t, r, cells)
	for dir, want := range map[string]int{temp: 2, saved: 0} {
		if left, err := os.ReadDir(dir); err != nil || len(left) != want {
			t.Errorf("in %s there are %v, want the living one's directory and lock alone (%v)", dir, left, err)
		}
	}
}
