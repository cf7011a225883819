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
	// whole reports whether it makes sense of a file of one page.
	whole bool
	// basic reports whether it is asked of every call: the others differ from these
	// only in what a file system does to its cache.
	basic bool
	// edit is what it does to a file's bytes, and do the calls that do it.
	edit func(source.State) source.Edit
	do   func(*sys.Recorder, *source.File, source.Edit) error
}

// The file systems that have more than POSIX asks for.
var (
	onDisk     = []string{"ext4", "xfs", "btrfs"}
	moveRanges = []string{"ext4", "xfs"} // fallocate(2): COLLAPSE_RANGE, INSERT_RANGE
)

const page = sys.PageSize

var mutations = []mutation{
	{name: "write", doc: "pwrite of one page of it", calls: "pwrite of 4096 bytes of the new pattern", whole: true, basic: true, edit: onPage(source.Write), do: func(r *sys.Recorder, f *source.File, e source.Edit) error {
		return pwrite(r, f.File, "pwrite", e.Off, source.New(e.Off, e.Len))
	}},
	{name: "mmap", doc: "a store to one page of it through a shared mapping", calls: "mmap(MAP_SHARED), a store of 4096 bytes of the new pattern, munmap", whole: true, basic: true, edit: onPage(source.Write), do: func(_ *sys.Recorder, f *source.File, e source.Edit) error {
		m, err := unix.Mmap(f.File, e.Off, int(e.Len), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
		if err != nil {
			return fmt.Errorf("map: %w", err)
		}
		copy(m, source.New(e.Off, e.Len))
		return unix.Munmap(m)
	}},
	{name: "punch", doc: "a hole punched for one page of it", calls: "fallocate(PUNCH_HOLE|KEEP_SIZE) of 4096 bytes", whole: true, basic: true, edit: onPage(source.Zero), do: punch},
	{name: "punch-part", doc: "a hole punched for 1000 bytes inside one page of it", calls: "fallocate(PUNCH_HOLE|KEEP_SIZE) of 1000 bytes from 512 bytes into the page", do: punch, edit: func(s source.State) source.Edit {
		return source.Edit{Operation: source.Zero, Off: s.Target() + 512, Len: 1000}
	}},
	{name: "punch-span", doc: "a hole punched from the middle of one page to the middle of the fourth behind it", calls: "fallocate(PUNCH_HOLE|KEEP_SIZE) of 16384 bytes from the middle of the page", do: punch, edit: func(s source.State) source.Edit {
		return source.Edit{Operation: source.Zero, Off: s.Target() + page/2, Len: 4 * page}
	}},
	{name: "punch-all", doc: "a hole punched for all of it", calls: "fallocate(PUNCH_HOLE|KEEP_SIZE) of the whole file", do: punch, edit: func(s source.State) source.Edit {
		return source.Edit{Operation: source.Zero, Off: 0, Len: s.Size}
	}},
	{name: "zero", doc: "one page of it zeroed by fallocate", calls: "fallocate(ZERO_RANGE) of 4096 bytes", on: onDisk, edit: onPage(source.Zero), do: fallocate("ZERO_RANGE", unix.FALLOC_FL_ZERO_RANGE)},
	{name: "collapse", doc: "one page of it collapsed, so that the rest moves down", calls: "fallocate(COLLAPSE_RANGE) of 4096 bytes", on: moveRanges, edit: onPage(source.Collapse), do: fallocate("COLLAPSE_RANGE", unix.FALLOC_FL_COLLAPSE_RANGE)},
	{name: "insert", doc: "one page inserted, so that the rest moves up", calls: "fallocate(INSERT_RANGE) of 4096 bytes", on: moveRanges, edit: onPage(source.Insert), do: fallocate("INSERT_RANGE", unix.FALLOC_FL_INSERT_RANGE)},
	{name: "truncate", doc: "a truncation at one page of it, and back up again", calls: "ftruncate down to where the page begins, and ftruncate up to the old size", whole: true, basic: true, do: truncate, edit: func(s source.State) source.Edit {
		return source.Edit{Operation: source.Cut, Off: s.Target(), Len: s.Size - s.Target()}
	}},
	{name: "direct", doc: "a write of one page of it with O_DIRECT", calls: "open(O_DIRECT) and pwrite of 4096 bytes of the new pattern", on: onDisk, whole: true, edit: onPage(source.Write), do: direct},
}

// onPage makes an edit of the page that mutations aim at.
func onPage(o source.Operation) func(source.State) source.Edit {
	return func(s source.State) source.Edit { return source.Edit{Operation: o, Off: s.Target(), Len: page} }
}

// pwrite writes all of b at off with one call.
func pwrite(r *sys.Recorder, fd int, name string, off int64, b []byte) error {
	n, err := r.Do(fmt.Sprintf("%s(%d, %d)", name, len(b), off), func() (int64, error) {
		n, err := unix.Pwrite(fd, b, off)
		return int64(n), err
	})
	return errors.Join(err, missing(n, int64(len(b))))
}

var punch = fallocate("PUNCH_HOLE|KEEP_SIZE", unix.FALLOC_FL_PUNCH_HOLE|unix.FALLOC_FL_KEEP_SIZE)

func fallocate(name string, mode uint32) func(*sys.Recorder, *source.File, source.Edit) error {
	return func(r *sys.Recorder, f *source.File, e source.Edit) error {
		_, err := r.Do(fmt.Sprintf("fallocate(%s, %d, %d)", name, e.Off, e.Len), func() (int64, error) {
			return 0, unix.Fallocate(f.File, mode, e.Off, e.Len)
		})
		return err
	}
}

func truncate(r *sys.Recorder, f *source.File, e source.Edit) error {
	for _, size := range []int64{e.Off, f.Size} {
		if _, err := r.Do(fmt.Sprintf("ftruncate(%d)", size), func() (int64, error) {
			return 0, unix.Ftruncate(f.File, size)
		}); err != nil {
			return err
		}
	}
	return nil
}

// direct writes around the page cache, which has to let go of what it holds.
func direct(r *sys.Recorder, f *source.File, e source.Edit) error {
	fd, err := unix.Open(f.Path, unix.O_WRONLY|unix.O_DIRECT|unix.O_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("open with O_DIRECT: %w", err)
	}
	// Direct I/O takes memory that is aligned.
	b := make([]byte, 2*page)
	b = b[page-int(uintptr(unsafe.Pointer(&b[0]))%page):][:page]
	copy(b, source.New(e.Off, e.Len))
	return errors.Join(pwrite(r, fd, "pwrite O_DIRECT", e.Off, b), unix.Close(fd))
}

// has reports whether a file system has the mutation.
func (m mutation) has(fs string) bool { return m.on == nil || slices.Contains(m.on, fs) }

// apply carries the mutation out. A file system that does not have it is no
// failure of the call under test.
func (m mutation) apply(r *sys.Recorder, f *source.File) error {
	err := m.do(r, f, m.edit(f.State))
	if errors.Is(err, unix.EOPNOTSUPP) || errors.Is(err, unix.ENOSYS) {
		return &probe.UnsupportedError{Reason: err.Error()}
	}
	if err != nil {
		return fmt.Errorf("mutate: %w", err)
	}
	return nil
}
