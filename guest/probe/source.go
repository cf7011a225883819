package probe

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// state is how the source's data stand in the page cache before the call.
type state struct {
	name string
	// size is the file's, and window the part at its end, in bytes, that is in
	// the pipe when the mutation comes.
	size, window int64
	// cold tells that the cache is dropped before the file is read.
	cold bool
	doc  string
}

// target returns the offset of the page that mutations aim at, inside the
// window: never at the edge of a large folio, whose sizes are powers of two.
func (s state) target() int64 {
	pages := s.window / pageSize
	return s.size - s.window + min(37, pages/3)*pageSize
}

var (
	// dirty is a small file just written: single pages, not written back.
	dirty = state{name: "dirty", size: 64 << 10, window: 64 << 10, doc: "a 64 KiB file just written"}
	// dirtyHuge is the same for a tmpfs of huge pages, of which the file must
	// hold whole ones (2 MiB).
	dirtyHuge = state{name: "dirty", size: 4 << 20, window: 1 << 20, doc: "the last MiB of a 4 MiB file just written to huge pages"}
	// readahead is a file of which nothing is cached, read in sequence, so
	// that the kernel reads ahead in windows that grow. They begin with single
	// pages: only far into a large file do they bring large folios.
	readahead = state{name: "readahead", size: 8 << 20, window: 1 << 20, cold: true, doc: "the last MiB of an 8 MiB file read in sequence from a cold cache"}
)

// source is the file under test, open for reading on a description of its own,
// as a reader of somebody else's file would have it.
type source struct {
	state
	path string
	// file writes, in reads.
	file, in int
}

// newSource makes the file in dir, full of old bytes and in its state.
func newSource(dir string, s state) (*source, error) {
	f := &source{state: s, path: filepath.Join(dir, "source"), file: -1, in: -1}
	if err := f.prepare(); err != nil {
		return nil, errors.Join(fmt.Errorf("prepare %s: %w", f.path, err), f.close())
	}
	return f, nil
}

func (f *source) prepare() (err error) {
	if f.file, err = unix.Open(f.path, unix.O_RDWR|unix.O_CREAT|unix.O_TRUNC|unix.O_CLOEXEC, 0o600); err != nil {
		return fmt.Errorf("create: %w", err)
	}
	if err := pwriteAll(f.file, oldPattern()[:f.size], 0); err != nil {
		return err
	}
	if f.cold {
		if err := f.dropCache(); err != nil {
			return err
		}
	}
	if f.in, err = unix.Open(f.path, unix.O_RDONLY|unix.O_CLOEXEC, 0); err != nil {
		return fmt.Errorf("open for reading: %w", err)
	}
	return nil
}

// dropCache writes the file back and frees its pages, and makes sure of it.
func (f *source) dropCache() error {
	if err := unix.Fsync(f.file); err != nil {
		return fmt.Errorf("fsync: %w", err)
	}
	if err := unix.Fadvise(f.file, 0, 0, unix.FADV_DONTNEED); err != nil {
		return fmt.Errorf("fadvise: %w", err)
	}
	left, err := f.resident()
	if err != nil || left == 0 {
		return err
	}
	// A page that was still being written, or on a CPU's own list, stays
	// behind at times; all clean pages of all files then go.
	if err := os.WriteFile("/proc/sys/vm/drop_caches", []byte("1"), 0); err != nil {
		return fmt.Errorf("drop the page cache: %w", err)
	}
	if left, err = f.resident(); err == nil && left > 0 {
		err = fmt.Errorf("%d pages stayed in the cache", left)
	}
	return err
}

// resident counts the file's pages in the page cache (mincore(2)).
func (f *source) resident() (int, error) {
	m, err := unix.Mmap(f.file, 0, int(f.size), unix.PROT_READ, unix.MAP_SHARED)
	if err != nil {
		return 0, fmt.Errorf("map: %w", err)
	}
	n, err := mincore(m)
	return n, errors.Join(err, unix.Munmap(m))
}

// close removes the file.
func (f *source) close() error {
	var errs []error
	for _, fd := range []int{f.file, f.in} {
		if fd >= 0 {
			errs = append(errs, unix.Close(fd))
		}
	}
	if err := unix.Unlink(f.path); err != nil && !errors.Is(err, unix.ENOENT) {
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

func pwriteAll(fd int, b []byte, off int64) error {
	for len(b) > 0 {
		n, err := unix.Pwrite(fd, b, off)
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if err != nil {
			return fmt.Errorf("pwrite: %w", err)
		}
		b, off = b[n:], off+int64(n)
	}
	return nil
}

// shmemHugePages reads how much memory the tmpfs have in huge pages, in KiB.
func shmemHugePages() (int, error) {
	// Counters stand in a CPU's own part until there is enough to tell: 5.10
	// would report two huge pages as none for up to a second. A kernel without
	// the file has counters that are told at once.
	if err := os.WriteFile("/proc/sys/vm/stat_refresh", []byte("1"), 0); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return 0, fmt.Errorf("refresh the counters: %w", err)
	}
	text, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		return 0, fmt.Errorf("count huge pages: %w", err)
	}
	_, rest, ok := strings.Cut(string(text), "ShmemHugePages:")
	if !ok {
		return 0, &UnsupportedError{Reason: "the kernel has no transparent huge pages (/proc/meminfo has no ShmemHugePages)"}
	}
	var kib int
	if _, err := fmt.Sscan(rest, &kib); err != nil {
		return 0, fmt.Errorf("count huge pages: %w", err)
	}
	return kib, nil
}
