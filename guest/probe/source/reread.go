package source

import (
	"bytes"
	"errors"
	"fmt"
	"slices"

	"golang.org/x/sys/unix"

	"kmatrix/guest/probe/sys"
	"kmatrix/matrix"
)

// Reread reads the file from off to its end, through the page cache.
func (f *File) Reread(off int64) ([]byte, error) {
	// A page more than there was: an edit can have made the file longer.
	b := make([]byte, f.Size-off+pageSize+1)
	n := 0
	for n < len(b) {
		got, err := unix.Pread(f.In, b[n:], off+int64(n))
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("read the source again: %w", err)
		}
		if got == 0 {
			break
		}
		n += got
	}
	return b[:n], nil
}

// Kept compares the file's window with want, which it must hold by now: cached is what was
// read of it through the page cache. Of a file on a disk, it is read once more after the
// cache was dropped; nothing else must hold its pages then. detail is what is wrong, "" of
// a source that is intact.
func (f *File) Kept(cached, want []byte, onDisk bool) (state matrix.SourceState, detail string, err error) {
	off := f.Size - f.Window
	state, wrong := Held(cached, want, off)
	if state != matrix.SourceIntact {
		detail = "through the page cache " + wrong
	}
	if !onDisk {
		return state, detail, nil
	}
	if err := f.forget(off); err != nil {
		return "", "", fmt.Errorf("have the source read from its disk: %w", err)
	}
	stored, err := f.Reread(off)
	if err != nil {
		return "", "", err
	}
	if bytes.Equal(stored, want) {
		return state, detail, nil
	}
	onceMore, wrong := Held(stored, want, off)
	if detail != "" {
		detail += ", and "
	}
	detail += "after the cache was dropped " + wrong
	if worse(onceMore, state) {
		state = onceMore
	}
	return state, detail, nil
}

// worse reports whether a is the worse state of a source.
func worse(a, b matrix.SourceState) bool {
	return slices.Index(matrix.SourceStates, a) > slices.Index(matrix.SourceStates, b)
}

// Held holds what a source was read as, from off on, against what it must hold there, and
// says what is wrong.
func Held(got, want []byte, off int64) (matrix.SourceState, string) {
	if bytes.Equal(got, want) {
		return matrix.SourceIntact, ""
	}
	if len(got) < len(want) {
		return matrix.SourceLost, fmt.Sprintf("its last %d bytes are gone", len(want)-len(got))
	}
	state, wrong, first := matrix.SourceStale, 0, -1
	old := Old()[off:]
	for i, b := range got {
		if i < len(want) && b == want[i] {
			continue
		}
		if wrong++; first < 0 {
			first = i
		}
		if i >= len(old) || b != old[i] {
			state = matrix.SourceLost
		}
	}
	return state, fmt.Sprintf("%d bytes from %d on are not what it must hold", wrong, off+int64(first))
}

// forget writes the file's data from off on back and frees their pages. Where that is not
// all of them, as of an overlay and of a folio that begins before, the whole file goes.
func (f *File) forget(off int64) error {
	if f.mapping != nil {
		// What another process maps stays in the cache.
		if err := f.mapping.Close(); err != nil {
			return err
		}
		f.mapping = nil
	}
	const wait = unix.SYNC_FILE_RANGE_WAIT_BEFORE | unix.SYNC_FILE_RANGE_WRITE | unix.SYNC_FILE_RANGE_WAIT_AFTER
	if err := unix.SyncFileRange(f.File, off, 0, wait); err != nil {
		return fmt.Errorf("sync_file_range: %w", err)
	}
	if err := unix.Fadvise(f.File, off, 0, unix.FADV_DONTNEED); err != nil {
		return fmt.Errorf("fadvise: %w", err)
	}
	if left, err := f.resident(off, f.Size-off); err != nil || left == 0 {
		return err
	}
	return f.DropCache()
}

// resident counts the pages in the cache of n bytes from off on (mincore(2)).
func (f *File) resident(off, n int64) (int, error) {
	m, err := unix.Mmap(f.File, off, int(n), unix.PROT_READ, unix.MAP_SHARED)
	if err != nil {
		return 0, fmt.Errorf("map: %w", err)
	}
	left, err := sys.Resident(m)
	return left, errors.Join(err, unix.Munmap(m))
}
