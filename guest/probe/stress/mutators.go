package stress

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime/debug"

	"golang.org/x/sys/unix"

	"kmatrix/guest/probe/source"
	"kmatrix/guest/probe/sys"
)

// mutator changes the file near the reader, in rounds.
type mutator struct {
	name, doc, step string
	// zeros reports whether it makes zeros, and memory that it makes sense on a file
	// system in memory.
	zeros, memory bool
	// begin returns its round, and what ends it. The chance is the seed of
	// where it goes.
	begin func(r *race, chance uint64) (round func(more func() bool) error, end func() error, err error)
}

var mutators = []mutator{
	{
		name: "truncate", doc: "it is cut and written again", zeros: true, memory: true,
		step:  "ftruncate inside the reader's window, ftruncate back, pwrite of a version of all that was cut",
		begin: beginTruncate,
	},
	{
		name: "punch", doc: "holes are punched and filled", zeros: true, memory: true,
		step:  "fallocate(PUNCH_HOLE|KEEP_SIZE) of one to four pages, every other time unaligned, pwrite of a version there",
		begin: beginPunch,
	},
	{
		name: "mmap", doc: "stores are made through a shared mapping", memory: true,
		step:  "stores a version to eight pages of a shared mapping; what was cut off meanwhile faults, and is left",
		begin: beginStores,
	},
	{
		name: "direct", doc: "it is written to with O_DIRECT",
		step:  "pwrite with O_DIRECT of a version of one to sixteen pages",
		begin: beginDirect,
	},
	{
		name: "pressure", doc: "memory is filled up and the page cache dropped",
		step:  "pwrite of a version of a page, fsync, /proc/sys/vm/drop_caches; every eighth time fills memory up until 96 MiB are available, and frees it",
		begin: beginPressure,
	},
}

// chooser chooses where a mutator goes, and what it writes.
type chooser struct {
	*rand.Rand
	r *race
}

func (r *race) chooser(chance uint64) chooser { return chooser{rand.New(rand.NewPCG(1, chance)), r} }

// page chooses a page near the reader that n pages from there on are in the
// file.
func (c chooser) page(n int64) int64 {
	at := c.r.at.Load() + c.Int64N(c.r.f.Window/sys.PageSize)*sys.PageSize
	return min(at, c.r.f.Size-n*sys.PageSize)
}

// version returns the old or the new pattern of n bytes from off on.
func (c chooser) version(off, n int64) []byte {
	if c.IntN(2) == 0 {
		return source.Old()[off : off+n]
	}
	return source.New(off, n)
}

// write writes a version of n bytes from off on, in steps of a size that stays
// in the file system's single transactions.
func (c chooser) write(fd int, off, n int64, call string) error {
	const most = 64 << 10
	for n > 0 {
		part := c.version(off, min(n, most))
		done, err := sys.Retry(func() (int64, error) {
			n, err := unix.Pwrite(fd, part, off)
			return int64(n), err
		})
		if err != nil || done == 0 {
			return c.r.t.Fail(call, err)
		}
		off, n = off+done, n-done
	}
	return nil
}

// nothing is the end of a mutator that holds nothing.
func nothing() error { return nil }

func beginTruncate(r *race, chance uint64) (func(func() bool) error, func() error, error) {
	c := r.chooser(chance)
	return func(func() bool) error {
		cut := c.page(1) + c.Int64N(sys.PageSize)*c.Int64N(2)
		for _, size := range []int64{cut, r.f.Size} {
			if err := r.t.Fail("ftruncate", unix.Ftruncate(r.f.File, size)); err != nil {
				return err
			}
		}
		return c.write(r.f.File, cut, r.f.Size-cut, "pwrite")
	}, nothing, nil
}

func beginPunch(r *race, chance uint64) (func(func() bool) error, func() error, error) {
	c := r.chooser(chance)
	return func(func() bool) error {
		pages := 1 + c.Int64N(4)
		off, n := c.page(pages), pages*sys.PageSize
		if c.IntN(2) == 0 {
			off, n = off+1000, n-2000
		}
		if err := r.t.Fail("fallocate(PUNCH_HOLE)", unix.Fallocate(r.f.File, unix.FALLOC_FL_PUNCH_HOLE|unix.FALLOC_FL_KEEP_SIZE, off, n)); err != nil {
			return err
		}
		return c.write(r.f.File, off, n, "pwrite")
	}, nothing, nil
}

func beginStores(r *race, chance uint64) (func(func() bool) error, func() error, error) {
	m, err := unix.Mmap(r.f.File, 0, int(r.f.Size), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err != nil {
		return nil, nil, fmt.Errorf("map the file: %w", err)
	}
	c := r.chooser(chance)
	return func(func() bool) error {
		for range 8 {
			off := c.page(1)
			if !store(m[off:off+sys.PageSize], c.version(off, sys.PageSize)) {
				r.t.Count("stores behind the end", 1)
			}
		}
		return nil
	}, func() error { return unix.Munmap(m) }, nil
}

// store stores to mapped memory and reports whether it could: behind the end of the file
// it faults (SIGBUS).
func store(to, from []byte) (done bool) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if p := recover(); p != nil {
			done = false
		}
	}()
	copy(to, from)
	return true
}

func beginDirect(r *race, chance uint64) (func(func() bool) error, func() error, error) {
	const most = 16
	fd, err := unix.Open(r.f.Path, unix.O_WRONLY|unix.O_DIRECT|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, nil, fmt.Errorf("open with O_DIRECT: %w", err)
	}
	// What is written with O_DIRECT is aligned to pages, as a mapping is.
	buffer, err := sys.Anonymous(most * sys.PageSize)
	if err != nil {
		return nil, nil, errors.Join(err, unix.Close(fd))
	}
	c := r.chooser(chance)
	return func(func() bool) error {
		pages := 1 + c.Int64N(most)
		off := c.page(pages)
		part := buffer[:pages*sys.PageSize]
		copy(part, c.version(off, pages*sys.PageSize))
		_, err := sys.Retry(func() (int64, error) {
			n, err := unix.Pwrite(fd, part, off)
			return int64(n), err
		})
		return r.t.Fail("pwrite(O_DIRECT)", err)
	}, func() error { return errors.Join(unix.Close(fd), unix.Munmap(buffer)) }, nil
}
