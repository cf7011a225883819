package source

import (
	"errors"
	"os"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"kmatrix/matrix"
)

func TestHeld(t *testing.T) {
	const off, n = 3 * pageSize, 2 * pageSize
	want := Edit{Write, off, pageSize}.After(off+n, off)
	with := func(at int, what ...byte) []byte {
		b := slices.Clone(want)
		copy(b[at:], what)
		return b
	}
	for name, test := range map[string]struct {
		got   []byte
		state matrix.SourceState
		said  string
	}{
		"what it must be":           {want, matrix.SourceIntact, ""},
		"what it was":               {Old()[off : off+n], matrix.SourceStale, "4096 bytes from 12288 on"},
		"a byte of what it was":     {with(7, Old()[off+7]), matrix.SourceStale, "1 bytes from 12295 on"},
		"zeros":                     {with(pageSize, 0, 0), matrix.SourceLost, "2 bytes from 16384 on"},
		"zeros behind what it was":  {with(8, Old()[off+8], 0), matrix.SourceLost, "2 bytes from 12296 on"},
		"too short":                 {want[:n-1], matrix.SourceLost, "its last 1 bytes are gone"},
		"nothing":                   {nil, matrix.SourceLost, "its last 8192 bytes are gone"},
		"longer, by what it was":    {append(with(0), Old()[off+n:off+n+2]...), matrix.SourceStale, "2 bytes from 20480 on"},
		"longer, by something else": {append(with(0), 0), matrix.SourceLost, "1 bytes from 20480 on"},
	} {
		if state, said := Held(test.got, want, off); state != test.state || !strings.HasPrefix(said, test.said) || (said == "") != (test.said == "") {
			t.Errorf("%s: %s, %q; want %s, %q", name, state, said, test.state, test.said)
		}
	}
}

// TestKept reads a real file again whose window holds other data than it must, as after
// a page was taken away from it.
func TestKept(t *testing.T) {
	for name, test := range map[string]struct {
		edit  func(f *File) error
		state matrix.SourceState
		said  string
	}{
		"nothing": {func(*File) error { return nil }, matrix.SourceIntact, ""},
		"a page that is gone": {func(f *File) error {
			return unix.Fallocate(f.File, unix.FALLOC_FL_PUNCH_HOLE|unix.FALLOC_FL_KEEP_SIZE, f.Target(), pageSize)
		}, matrix.SourceLost, "after the cache was dropped 4096 bytes from 20480 on are not what it must hold"},
		"a file that is cut": {func(f *File) error { return unix.Ftruncate(f.File, f.Target()) }, matrix.SourceLost, "after the cache was dropped its last 45056 bytes are gone"},
	} {
		f, err := Make(t.TempDir(), Dirty)
		if err != nil {
			t.Fatal(err)
		}
		want := Old()[:f.Size]
		cached, err := f.Reread(0)
		if err == nil {
			err = test.edit(f)
		}
		if err != nil {
			t.Fatal(err)
		}
		state, said, err := f.Kept(cached, want, true)
		if state != test.state || !strings.Contains(said, test.said) || (said == "") != (test.said == "") || err != nil {
			t.Errorf("%s: %s, %q, %v; want %s, %q", name, state, said, err, test.state, test.said)
		}
		// What only the cache holds otherwise is seen without a disk, too.
		if state, said, err := f.Kept(make([]byte, len(want)), want, false); state != matrix.SourceLost || !strings.HasPrefix(said, "through the page cache 65536 bytes") || err != nil {
			t.Errorf("%s: zeros in the cache: %s, %q, %v", name, state, said, err)
		}
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	}
}

// TestKeptReadsTheDisk makes sure that what is read again was not in the cache.
func TestKeptReadsTheDisk(t *testing.T) {
	for _, s := range []State{Dirty, Clean, DirtyLarge} {
		f, err := Make(t.TempDir(), s)
		if err != nil {
			t.Fatal(err)
		}
		if err := f.forget(f.Size - f.Window); err != nil {
			t.Fatal(err)
		}
		if left, err := f.resident(f.Size-f.Window, f.Window); err != nil || left > 0 {
			t.Errorf("%s: %d pages of the window are still cached (%v)", s.Name, left, err)
		}
		if got, err := f.Reread(f.Size - f.Window); err != nil || !slices.Equal(got, Old()[f.Size-f.Window:f.Size]) {
			t.Errorf("%s: %d bytes are read again, or others (%v)", s.Name, len(got), err)
		}
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	}
}

// TestOrder asks this machine's kernel for the folio of a page that is cached, and of one
// that is not.
func TestOrder(t *testing.T) {
	f, err := Make(t.TempDir(), Dirty)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	}()
	order, err := f.Order(f.Target())
	_, untold := os.Stat("/proc/kpageflags")
	if err != nil || (order == nil) != (errors.Is(untold, os.ErrNotExist) || os.Getuid() != 0) || order != nil && (*order < 0 || *order > 9) {
		t.Errorf("the order is %v, %v", order, err)
	}
	if err := f.DropCache(); err != nil {
		t.Fatal(err)
	}
	if order, err := f.Order(f.Target()); order != nil || err != nil {
		t.Errorf("of a page that is not cached the order is %v, %v", order, err)
	}
	if left, err := f.Resident(); left > 0 || err != nil {
		t.Errorf("asking for its order cached %d pages, %v", left, err)
	}
}
