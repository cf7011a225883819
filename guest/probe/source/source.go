package source

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"kmatrix/guest/probe/sys"
	"kmatrix/matrix"
)

// State is how the source's data stand in the page cache before the call.
type State struct {
	// Name is the state's, with the size where that is not the usual one.
	Name string
	// Size is the file's, and Window the part at its end, in bytes, that is in
	// the pipe when the mutation comes.
	Size, Window int64
	// Cold reports whether the cache is dropped before the file is read.
	Cold bool
	// Clean reports whether the file is written back before the call, and stays in
	// the cache.
	Clean bool
	// Mapped reports whether another process maps the file and has touched every
	// page of it.
	Mapped bool
	// Doc describes the file: "a 64 KiB file just written".
	Doc string
}

// Steps returns how the file comes into its state, call by call.
func (s State) Steps(fs string) []string {
	steps := []string{fmt.Sprintf("writes %d bytes of the old pattern to a file on %s", s.Size, fs)}
	switch {
	case s.Cold:
		steps = append(steps, "fsync, posix_fadvise(DONTNEED) and, where pages stay, /proc/sys/vm/drop_caches, until mincore counts none of its pages")
	case s.Clean:
		steps = append(steps, "fsync: its pages are clean, and stay in the page cache")
	}
	steps = append(steps, "opens it anew for reading, as another's reader would")
	if s.Mapped {
		steps = append(steps, "has another process map it shared and read a byte of every page")
	}
	return steps
}

// Target returns the offset of the page that mutations aim at, inside the
// window: never at the edge of a large folio, whose sizes are powers of two.
func (s State) Target() int64 {
	pages := s.Window / pageSize
	return s.Size - s.Window + min(37, pages/3)*pageSize
}

// The states. Only far into a large file does reading in sequence bring large
// folios: the kernel's readahead begins with single pages, in windows that grow.
var (
	// OnePage is the smallest source: its page is the whole file.
	OnePage = State{Name: "dirty/4k", Size: pageSize, Window: pageSize, Doc: "a file of one page just written"}
	// Dirty is a small file just written: single pages, not written back.
	Dirty = State{Name: "dirty", Size: 64 << 10, Window: 64 << 10, Doc: "a 64 KiB file just written"}
	// Clean is the same once it is written back.
	Clean = State{Name: "clean", Size: 64 << 10, Window: 64 << 10, Clean: true, Doc: "a 64 KiB file written back and still cached"}
	// Mapped is a small file whose pages another process has in its page tables.
	Mapped = State{Name: "mapped", Size: 64 << 10, Window: 64 << 10, Mapped: true, Doc: "a 64 KiB file just written that another process maps"}
	// DirtyLarge is a large file just written, in folios as large as the file
	// system makes them.
	DirtyLarge = State{Name: "dirty/8m", Size: 8 << 20, Window: 1 << 20, Doc: "the last MiB of an 8 MiB file just written"}
	// DirtyHuge is for a tmpfs of huge pages, of which the file must hold whole
	// ones (2 MiB).
	DirtyHuge = State{Name: "dirty", Size: 4 << 20, Window: 1 << 20, Doc: "the last MiB of a 4 MiB file just written to huge pages"}
	// Readahead is a file of which nothing is cached, read in sequence.
	Readahead = State{Name: "readahead", Size: 8 << 20, Window: 1 << 20, Cold: true, Doc: "the last MiB of an 8 MiB file read in sequence from a cold cache"}
	// Cached is clean and in the cache, for what is done to it again and again.
	Cached = State{Name: "cached", Size: 1 << 20, Window: 64 << 10, Clean: true, Doc: "a 1 MiB file written back and still cached"}
)

// File is the file under test, open for reading on a description of its own,
// as a reader of somebody else's file would have it.
type File struct {
	State
	Path string
	// File writes, In reads.
	File, In int
	mapping  *sys.Mapping
}

// Make makes the file in dir, full of old bytes and in its state.
func Make(dir string, s State) (*File, error) {
	f := &File{State: s, Path: filepath.Join(dir, "source"), File: -1, In: -1}
	if err := f.prepare(); err != nil {
		return nil, errors.Join(fmt.Errorf("prepare %s: %w", f.Path, err), f.Close())
	}
	return f, nil
}

func (f *File) prepare() (err error) {
	if f.File, err = unix.Open(f.Path, unix.O_RDWR|unix.O_CREAT|unix.O_TRUNC|unix.O_CLOEXEC, 0o600); err != nil {
		return fmt.Errorf("create: %w", err)
	}
	if err := f.fill(); err != nil {
		return err
	}
	switch {
	case f.Cold:
		err = f.DropCache()
	case f.Clean:
		if err = unix.Fsync(f.File); err != nil {
			err = fmt.Errorf("fsync: %w", err)
		}
	}
	if err != nil {
		return err
	}
	if f.In, err = unix.Open(f.Path, unix.O_RDONLY|unix.O_CLOEXEC, 0); err != nil {
		return fmt.Errorf("open for reading: %w", err)
	}
	if f.Mapped {
		f.mapping, err = sys.MapElsewhere(f.Path, f.Size)
	}
	return err
}

// fill writes the file. One that is to be cold goes around the page cache where
// the file system lets it: what is not cached need not be dropped.
func (f *File) fill() error {
	if f.Cold {
		fd, err := unix.Open(f.Path, unix.O_WRONLY|unix.O_DIRECT|unix.O_CLOEXEC, 0)
		if err == nil {
			err = errors.Join(pwriteAll(fd, Old()[:f.Size], 0), unix.Close(fd))
		}
		if !errors.Is(err, unix.EINVAL) {
			return err
		}
	}
	return pwriteAll(f.File, Old()[:f.Size], 0)
}

// DropCache writes the file back and frees its pages, and makes sure of it.
func (f *File) DropCache() error {
	if err := unix.Fsync(f.File); err != nil {
		return fmt.Errorf("fsync: %w", err)
	}
	if err := unix.Fadvise(f.File, 0, 0, unix.FADV_DONTNEED); err != nil {
		return fmt.Errorf("fadvise: %w", err)
	}
	left, err := f.Resident()
	if err != nil || left == 0 {
		return err
	}
	// A page that was still being written, or on a CPU's own list, stays
	// behind at times; all clean pages of all files then go.
	if err := os.WriteFile("/proc/sys/vm/drop_caches", []byte("1"), 0); err != nil {
		return fmt.Errorf("drop the page cache: %w", err)
	}
	if left, err = f.Resident(); err == nil && left > 0 {
		err = fmt.Errorf("%d pages stayed in the cache", left)
	}
	return err
}

// Resident counts the file's pages in the page cache (mincore(2)).
func (f *File) Resident() (int, error) { return f.resident(0, f.Size) }

// Close removes the file.
func (f *File) Close() error {
	var errs []error
	if f.mapping != nil {
		errs = append(errs, f.mapping.Close())
	}
	for _, fd := range []int{f.File, f.In} {
		if fd >= 0 {
			errs = append(errs, unix.Close(fd))
		}
	}
	if err := unix.Unlink(f.Path); err != nil && !errors.Is(err, unix.ENOENT) {
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

// Approach moves the file up to its window, a window at a time, so that readahead grows.
// move moves n bytes from off on, and drain reads what has arrived into its argument.
// What arrives is checked: nothing has changed yet.
func (f *File) Approach(move func(off, n int64) error, drain func([]byte) ([]byte, error)) error {
	buffer := make([]byte, f.Window)
	for off := int64(0); off < f.Size-f.Window; off += f.Window {
		if err := move(off, f.Window); err != nil {
			return err
		}
		got, err := drain(buffer)
		if err != nil {
			return err
		}
		if o := ObserveAlone(got, off, f.Window); o.Class != matrix.Stable {
			return fmt.Errorf("before any mutation the file's bytes at %d are %s", off, o.Class)
		}
	}
	return nil
}
