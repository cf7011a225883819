package stability

import (
	"errors"
	"fmt"
	"slices"
	"unsafe"

	"golang.org/x/sys/unix"

	"kmatrix/guest/probe"
	"kmatrix/guest/probe/source"
	"kmatrix/guest/probe/sys"
)

// mutation changes the source after the call under test has returned.
type mutation struct {
	name, doc string
	// calls are the system calls that it makes.
	calls string
	// on are the file systems that have it; nil means all.
	on []string
	// whole tells that it makes sense of a file of one page.
	whole bool
	// basic tells that it is asked of every call: the others differ from these
	// only in what a file system does to its cache.
	basic bool
	do    func(*sys.Recorder, *source.File) error
}

// The file systems that have more than POSIX asks for.
var (
	onDisk     = []string{"ext4", "xfs", "btrfs"}
	moveRanges = []string{"ext4", "xfs"} // fallocate(2): COLLAPSE_RANGE, INSERT_RANGE
)

const page = sys.PageSize

var mutations = []mutation{
	{name: "write", doc: "pwrite of one page of it", calls: "pwrite of 4096 bytes of the new pattern", whole: true, basic: true, do: func(r *sys.Recorder, f *source.File) error {
		return pwrite(r, f.File, "pwrite", f.Target(), source.New(f.Target(), page))
	}},
	{name: "mmap", doc: "a store to one page of it through a shared mapping", calls: "mmap(MAP_SHARED), a store of 4096 bytes of the new pattern, munmap", whole: true, basic: true, do: func(_ *sys.Recorder, f *source.File) error {
		at := f.Target()
		m, err := unix.Mmap(f.File, at, page, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
		if err != nil {
			return fmt.Errorf("map: %w", err)
		}
		copy(m, source.New(at, page))
		return unix.Munmap(m)
	}},
	{name: "punch", doc: "a hole punched for one page of it", calls: "fallocate(PUNCH_HOLE|KEEP_SIZE) of 4096 bytes", whole: true, basic: true, do: func(r *sys.Recorder, f *source.File) error {
		return punch(r, f, f.Target(), page)
	}},
	{name: "punch-part", doc: "a hole punched for 1000 bytes inside one page of it", calls: "fallocate(PUNCH_HOLE|KEEP_SIZE) of 1000 bytes from 512 bytes into the page", do: func(r *sys.Recorder, f *source.File) error {
		return punch(r, f, f.Target()+512, 1000)
	}},
	{name: "punch-span", doc: "a hole punched from the middle of one page to the middle of the fourth behind it", calls: "fallocate(PUNCH_HOLE|KEEP_SIZE) of 16384 bytes from the middle of the page", do: func(r *sys.Recorder, f *source.File) error {
		return punch(r, f, f.Target()+page/2, 4*page)
	}},
	{name: "punch-all", doc: "a hole punched for all of it", calls: "fallocate(PUNCH_HOLE|KEEP_SIZE) of the whole file", do: func(r *sys.Recorder, f *source.File) error {
		return punch(r, f, 0, f.Size)
	}},
	{name: "zero", doc: "one page of it zeroed by fallocate", calls: "fallocate(ZERO_RANGE) of 4096 bytes", on: onDisk, do: func(r *sys.Recorder, f *source.File) error {
		return fallocate(r, f, "ZERO_RANGE", unix.FALLOC_FL_ZERO_RANGE, f.Target(), page)
	}},
	{name: "collapse", doc: "one page of it collapsed, so that the rest moves down", calls: "fallocate(COLLAPSE_RANGE) of 4096 bytes", on: moveRanges, do: func(r *sys.Recorder, f *source.File) error {
		return fallocate(r, f, "COLLAPSE_RANGE", unix.FALLOC_FL_COLLAPSE_RANGE, f.Target(), page)
	}},
	{name: "insert", doc: "one page inserted, so that the rest moves up", calls: "fallocate(INSERT_RANGE) of 4096 bytes", on: moveRanges, do: func(r *sys.Recorder, f *source.File) error {
		return fallocate(r, f, "INSERT_RANGE", unix.FALLOC_FL_INSERT_RANGE, f.Target(), page)
	}},
	{name: "truncate", doc: "a truncation at one page of it, and back up again", calls: "ftruncate down to where the page begins, and ftruncate up to the old size", whole: true, basic: true, do: func(r *sys.Recorder, f *source.File) error {
		for _, size := range []int64{f.Target(), f.Size} {
			if _, err := r.Do(fmt.Sprintf("ftruncate(%d)", size), func() (int64, error) {
				return 0, unix.Ftruncate(f.File, size)
			}); err != nil {
				return err
			}
		}
		return nil
	}},
	{name: "direct", doc: "a write of one page of it with O_DIRECT", calls: "open(O_DIRECT) and pwrite of 4096 bytes of the new pattern", on: onDisk, whole: true, do: direct},
}

// pwrite writes all of b at off with one call.
func pwrite(r *sys.Recorder, fd int, name string, off int64, b []byte) error {
	n, err := r.Do(fmt.Sprintf("%s(%d, %d)", name, len(b), off), func() (int64, error) {
		n, err := unix.Pwrite(fd, b, off)
		return int64(n), err
	})
	return errors.Join(err, missing(n, int64(len(b))))
}

func punch(r *sys.Recorder, f *source.File, off, n int64) error {
	return fallocate(r, f, "PUNCH_HOLE|KEEP_SIZE", unix.FALLOC_FL_PUNCH_HOLE|unix.FALLOC_FL_KEEP_SIZE, off, n)
}

func fallocate(r *sys.Recorder, f *source.File, name string, mode uint32, off, n int64) error {
	_, err := r.Do(fmt.Sprintf("fallocate(%s, %d, %d)", name, off, n), func() (int64, error) {
		return 0, unix.Fallocate(f.File, mode, off, n)
	})
	return err
}

// direct writes around the page cache, which has to let go of what it holds.
func direct(r *sys.Recorder, f *source.File) error {
	fd, err := unix.Open(f.Path, unix.O_WRONLY|unix.O_DIRECT|unix.O_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("open with O_DIRECT: %w", err)
	}
	// Direct I/O takes memory that is aligned.
	b := make([]byte, 2*page)
	b = b[page-int(uintptr(unsafe.Pointer(&b[0]))%page):][:page]
	copy(b, source.New(f.Target(), page))
	return errors.Join(pwrite(r, fd, "pwrite O_DIRECT", f.Target(), b), unix.Close(fd))
}

// has tells whether a file system has the mutation.
func (m mutation) has(fs string) bool { return m.on == nil || slices.Contains(m.on, fs) }

// apply carries the mutation out. A file system that does not have it is no
// failure of the call under test.
func (m mutation) apply(r *sys.Recorder, f *source.File) error {
	err := m.do(r, f)
	if errors.Is(err, unix.EOPNOTSUPP) || errors.Is(err, unix.ENOSYS) {
		return &probe.UnsupportedError{Reason: err.Error()}
	}
	if err != nil {
		return fmt.Errorf("mutate: %w", err)
	}
	return nil
}
