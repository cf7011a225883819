package stress

import (
	"context"
	"errors"
	"fmt"

	"golang.org/x/sys/unix"

	"kmatrix/guest/probe"
	"kmatrix/guest/probe/load"
	"kmatrix/guest/probe/source"
	"kmatrix/guest/probe/sys"
)

// hotPages are how many pages are written back and spliced all the while, each by
// threads of its own.
const hotPages = 4

// A page that is spliced while it is written back: a kernel that takes pages away
// from files must not take it before that is over.
func init() {
	const family = "stress/splice-writeback"
	var all []probe.Probe
	for _, fs := range []string{"xfs", "ext4", "btrfs"} {
		all = append(all, question(family, "hot/"+fs, fs,
			fmt.Sprintf("splice of single pages of a file on %s that are written and written back all the while: does each reading show what was written last, and the kernel survive?", fs),
			[]string{
				fmt.Sprintf("makes a file of %d pages of the old pattern on %s; for each page two threads are at it again and again:", hotPages, fs),
				"writer: pwrite of a version of the page, the old and the new pattern in turn; sync_file_range(WRITE) begins to write it back; pread must find that version",
				"reader: splices the page into a pipe and reads that: it must hold either version",
			}, func(ctx context.Context, env *probe.Env, t *load.Tally) error { return writeback(ctx, env, fs, t) }))
	}
	probe.Register(probe.Family{
		Name: family, Summary: "is a page taken away from its file before it is written back?",
		Origin:  "D. Howells, 2023-06-29 15:54, patch 1/4: a page that is written back is waited for, since the disk's blocks could be used by others otherwise; fs/splice.c of every kernel says so of pages that are stolen out of a pipe",
		Answers: answers(""),
	}, all...)
}

func writeback(ctx context.Context, env *probe.Env, fs string, t *load.Tally) (err error) {
	dir, err := env.Dir(fs)
	if err != nil {
		return err
	}
	f, err := source.Make(dir, source.State{Name: "hot", Size: hotPages * sys.PageSize, Window: sys.PageSize, Clean: true})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	var workers []func(func() bool) error
	for i := range int64(hotPages) {
		read, end, err := hotReader(f, i*sys.PageSize, t)
		if err != nil {
			return err
		}
		defer end()
		workers = append(workers, hotWriter(f, i*sys.PageSize, t), read)
	}
	return load.Run(ctx, env.Budget, func() bool { return t.Times(writtenBack) > 0 || t.Broken() }, workers...)
}

// writtenBack counts what the writers did.
const writtenBack = "pages written back"

// hotWriter returns the writer of the page at off.
func hotWriter(f *source.File, off int64, t *load.Tally) func(func() bool) error {
	old := source.Old()[off : off+sys.PageSize]
	versions := [][]byte{source.New(off, sys.PageSize), old}
	found, turn := make([]byte, sys.PageSize), 0
	return func(func() bool) error {
		version := versions[turn%2]
		turn++
		if _, err := sys.Retry(func() (int64, error) {
			n, err := unix.Pwrite(f.File, version, off)
			return int64(n), err
		}); err != nil {
			return t.Fail("pwrite", err)
		}
		if err := unix.SyncFileRange(f.File, off, sys.PageSize, unix.SYNC_FILE_RANGE_WRITE); err != nil {
			return t.Fail("sync_file_range", err)
		}
		t.Count(writtenBack, 1)
		n, err := sys.Retry(func() (int64, error) {
			n, err := unix.Pread(f.File, found, off)
			return int64(n), err
		})
		if err != nil {
			return t.Fail("pread", err)
		}
		// What is not the version that was written last was lost: it counts as
		// bytes that were never written there.
		for i := range found[:n] {
			if found[i] == version[i] {
				found[i] = old[i]
			} else {
				found[i] = 0x02
			}
		}
		t.Exact(found[:n], off, sys.PageSize)
		return nil
	}
}

// hotReader returns the reader of the page at off, and what frees its pipe.
func hotReader(f *source.File, off int64, t *load.Tally) (read func(func() bool) error, end func(), err error) {
	p, err := sys.NewPipe(sys.PageSize)
	if err != nil {
		return nil, nil, err
	}
	buffer := make([]byte, sys.PageSize)
	return func(func() bool) error {
		n, err := t.Splice(f.In, off, p, sys.PageSize)
		if err != nil || n == 0 {
			load.Yield()
			return err
		}
		got, err := p.Drain(buffer[:n])
		if err != nil {
			return err
		}
		t.Twice(got, got, off, n, false)
		return nil
	}, p.Close, nil
}
