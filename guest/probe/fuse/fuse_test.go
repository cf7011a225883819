package fuse

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// TestMain lets this executable be the server's process.
func TestMain(m *testing.M) {
	if len(os.Args) == 2 && os.Args[1] == Argument {
		if err := Serve(os.Stdin, os.Stdout); err != nil {
			panic(err)
		}
		return
	}
	os.Exit(m.Run())
}

// TestServer asks this machine's kernel, where it lets us mount.
func TestServer(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("only root may mount")
	}
	if f, err := os.OpenFile("/dev/fuse", os.O_RDWR, 0); err != nil {
		t.Skip(err)
	} else {
		f.Close()
	}
	dir := t.TempDir()
	s, err := Start(dir)
	if err != nil && strings.Contains(err.Error(), unix.EPERM.Error()) {
		t.Skip(err) // a container may have /dev/fuse, and forbid mounts
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(dir, unix.MNT_DETACH); err != nil {
			t.Errorf("unmount: %v", err)
		}
	})
	data := bytes.Repeat([]byte("0123456789abcdef"), 40<<10) // several writes
	path := s.Path("file")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := unix.Fadvise(int(f.Fd()), 0, 0, unix.FADV_DONTNEED); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(path); err != nil || !bytes.Equal(got, data) {
		t.Errorf("read %d bytes of %d (%v)", len(got), len(data), err)
	}

	if err := s.Hold(); err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteAt([]byte("held"), 5); err != nil {
		t.Fatal(err)
	}
	if err := s.Release(); err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteAt([]byte("stored"), 100); err != nil {
		t.Fatal(err)
	}
	if held, err := s.Held(make([]byte, 100)); err != nil || string(held) != "held" {
		t.Errorf("the server holds %q (%v)", held, err)
	}

	other := filepath.Join(t.TempDir(), "other")
	if err := os.WriteFile(other, data[:5000], 0o600); err != nil {
		t.Fatal(err)
	}
	shown, err := s.Expose(other)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(shown); err != nil || !bytes.Equal(got, data[:5000]) {
		t.Errorf("read %d bytes of 5000 (%v)", len(got), err)
	}

	if err := os.Truncate(path, 7); err != nil {
		t.Fatal(err)
	}
	if st, err := os.Stat(path); err != nil || st.Size() != 7 {
		t.Errorf("a file truncated to 7 bytes: %v, %v", st, err)
	}
	if err := os.Remove(path); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a file that was removed: %v", err)
	}
}
