package atomicfile

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"testing"
)

// names lists what lies in a directory.
func names(t *testing.T, dir string) (list []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		list = append(list, e.Name())
	}
	return list
}

func TestAFileIsWrittenOver(t *testing.T) {
	path := filepath.Join(t.TempDir(), ".file")
	for _, text := range []string{"a long text", "short", ""} {
		if err := Write(path, []byte(text)); err != nil {
			t.Fatal(err)
		}
		if got, err := os.ReadFile(path); err != nil || string(got) != text {
			t.Errorf("it holds %q, want %q (%v)", got, text, err)
		}
	}
	if list := names(t, filepath.Dir(path)); len(list) != 1 {
		t.Errorf("left are %v", list)
	}
}

// TestWhatAKilledProcessLeft has a longer text under the other name.
func TestWhatAKilledProcessLeft(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(filepath.Join(filepath.Dir(path), ".file.new"), []byte("half of a longer text"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := Write(path, []byte("whole")); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(path); err != nil || string(got) != "whole" {
		t.Errorf("it holds %q (%v)", got, err)
	}
	if list := names(t, filepath.Dir(path)); len(list) != 1 {
		t.Errorf("left are %v", list)
	}
}

// TestReadersSeeOneTextWhole has many write while others read: a text is never a
// mixture of two, or a part of one.
func TestReadersSeeOneTextWhole(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	text := func(i int) []byte { return bytes.Repeat([]byte{'a' + byte(i)}, 1000*(i+1)) }
	if err := Write(path, text(0)); err != nil {
		t.Fatal(err)
	}
	var writers, readers sync.WaitGroup
	done := make(chan struct{})
	for i := range 4 {
		writers.Go(func() {
			for range 20 {
				if err := Write(path, text(i)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	readers.Go(func() {
		for {
			select {
			case <-done:
				return
			default:
			}
			got, err := os.ReadFile(path)
			if err != nil || len(got) == 0 || !bytes.Equal(got, text(int(got[0]-'a'))) {
				t.Errorf("read %d bytes of %.1q (%v)", len(got), got, err)
				return
			}
		}
	})
	writers.Wait()
	close(done)
	readers.Wait()
	if list := names(t, filepath.Dir(path)); len(list) != 1 {
		t.Errorf("left are %v", list)
	}
}

func TestWhatCannotBeWritten(t *testing.T) {
	dir := t.TempDir()
	if err := Write(filepath.Join(dir, "none", "file"), nil); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a directory that is not there: %v", err)
	}
	// A directory of that name cannot be written over; nothing else is left.
	if err := os.Mkdir(filepath.Join(dir, "file"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := Write(filepath.Join(dir, "file"), []byte("text")); err == nil {
		t.Error("a directory was written over")
	}
	if list := names(t, dir); len(list) != 1 {
		t.Errorf("left are %v", list)
	}
	if err := Rename(filepath.Join(dir, "none"), filepath.Join(dir, "other")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("renaming what is not there: %v", err)
	}
}

func TestPermissionsStay(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	for _, mode := range []fs.FileMode{0o600, 0o664} {
		if err := Write(path, []byte("one")); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		if err := Write(path, []byte("two")); err != nil {
			t.Fatal(err)
		}
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != mode {
			t.Errorf("of %v it is %v, %v", mode, info.Mode(), err)
		}
	}
}
