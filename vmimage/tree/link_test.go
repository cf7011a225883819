package tree

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// TestAnotherFileSystem has links become copies there.
func TestAnotherFileSystem(t *testing.T) {
	other, err := os.MkdirTemp("/dev/shm", "kmatrix-test-")
	if err != nil {
		t.Skipf("there is no other file system: %v", err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(other) })
	from, here := t.TempDir(), t.TempDir()
	if same, err := sameDevice(from, other); err != nil || same {
		t.Skipf("there is no other file system (%v)", err)
	}
	if err := errors.Join(os.Mkdir(filepath.Join(from, "d"), 0o755), os.WriteFile(filepath.Join(from, "d", "f"), []byte("text"), 0o640)); err != nil {
		t.Fatal(err)
	}
	for _, to := range []string{here, other} {
		if err := link(t.Context(), from, to); err != nil {
			t.Fatal(err)
		}
	}
	if text, err := os.ReadFile(filepath.Join(other, "d", "f")); err != nil || string(text) != "text" {
		t.Errorf("the copy has %q, %v", text, err)
	}
	a, err := os.Stat(filepath.Join(from, "d", "f"))
	if err != nil {
		t.Fatal(err)
	}
	if b, err := os.Stat(filepath.Join(here, "d", "f")); err != nil || !os.SameFile(a, b) {
		t.Errorf("on one file system it is copied (%v)", err)
	}
}
