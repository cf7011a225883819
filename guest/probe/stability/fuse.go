package stability

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"

	"kmatrix/guest/probe"
	"kmatrix/guest/probe/fuse"
	"kmatrix/guest/probe/source"
	"kmatrix/guest/probe/sys"
)

// FUSE, whose device is another user of what the series changes: pages that its
// server splices to it may be taken into the page cache, and pages that are
// written go to a server that splices by reference.
func init() {
	register(call{
		name: "fuse-read", doc: "read of a FUSE file whose server splices from it with SPLICE_F_MOVE, and again from the cache", kind: steals, feature: fuse.FileSystem,
		origin: "D. Howells, 2023-06-29 15:54, patch 3/4: what changes for fs/fuse/dev.c; fuse_try_move_page takes pages of the file into the cache of FUSE",
		openIn: openFuseRead,
	})
	register(call{
		name: "fuse-write", doc: "splice into a pipe and on to a FUSE file whose server holds it in a pipe; it is the FUSE file that changes", kind: copies, feature: fuse.FileSystem, elsewhere: "The FUSE file",
		origin: "fuse_ref_page of fs/fuse/dev.c: a server that splices from /dev/fuse gets the pages that are written, by reference",
		openIn: func(env *probe.Env, r *sys.Recorder, f *source.File) (carrier, error) {
			w, err := openFuseWrite(env, r, f)
			if err != nil {
				return nil, err
			}
			return w, nil
		},
	})
	register(call{
		name: "fuse-write-source", doc: "splice into a pipe and on to a FUSE file whose server holds it in a pipe", kind: copies, feature: fuse.FileSystem,
		origin: "fuse_fill_write_pages of fs/fuse/file.c copies what is written into the cache of FUSE, from a pipe as well",
		openIn: func(env *probe.Env, r *sys.Recorder, f *source.File) (carrier, error) {
			w, err := openFuseWrite(env, r, f)
			if err != nil {
				return nil, err
			}
			return w.funcs, nil
		},
	})
}

// fuseServer returns the worker's server.
func fuseServer(env *probe.Env) (*fuse.Server, error) {
	dir, err := env.Dir(fuse.FileSystem)
	if err != nil {
		return nil, err
	}
	return fuse.Start(dir)
}

func openFuseRead(env *probe.Env, r *sys.Recorder, f *source.File) (carrier, error) {
	s, err := fuseServer(env)
	if err != nil {
		return nil, err
	}
	path, err := s.Expose(f.Path)
	if err != nil {
		return nil, err
	}
	fd, err := unix.Open(path, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("open the FUSE file: %w", err)
	}
	var start int64 // of the window that was carried last
	b := make([]byte, f.Window)
	return funcs{
		move: func(off, n int64) error {
			start = off
			err := sys.Repeat(off, n, func(off, n int64) (int64, error) {
				return r.Do(fmt.Sprintf("pread(FUSE file, %d)", n), func() (int64, error) {
					n, err := unix.Pread(fd, b[:n], off)
					return int64(n), err
				})
			})
			if err != nil || off+n < f.Size {
				return err
			}
			return countLeft(r, f)
		},
		read: func(b []byte) ([]byte, error) {
			n, err := unix.Pread(fd, b, start)
			if err != nil {
				return nil, fmt.Errorf("read the FUSE file: %w", err)
			}
			return b[:n], nil
		},
		end: func() error { return unix.Close(fd) },
	}, nil
}

// countLeft records how many of the file's pages are in its cache: whether they
// were taken or copied shows there.
func countLeft(r *sys.Recorder, f *source.File) error {
	_, err := r.Do("mincore(file): pages that it has left", func() (int64, error) {
		left, err := f.Resident()
		return int64(left), err
	})
	return err
}

// fuseWrite ends in a pipe of the FUSE server.
type fuseWrite struct {
	funcs
	file *source.File
}

func (w *fuseWrite) mutated() *source.File { return w.file }

func openFuseWrite(env *probe.Env, r *sys.Recorder, f *source.File) (*fuseWrite, error) {
	s, err := fuseServer(env)
	if err != nil {
		return nil, err
	}
	p, err := sys.NewPipe(int(f.Window))
	if err != nil {
		return nil, err
	}
	path := s.Path("written")
	out, err := unix.Open(path, unix.O_RDWR|unix.O_CREAT|unix.O_CLOEXEC, 0o600)
	if err != nil {
		p.Close()
		return nil, fmt.Errorf("create the FUSE file: %w", err)
	}
	in := fileToPipe(r, f, p, 0)
	on := func(off, n int64) (int64, error) {
		return r.Do(fmt.Sprintf("splice(pipe, FUSE file, %d)", n), func() (int64, error) {
			return unix.Splice(p.R, nil, out, &off, int(n), 0)
		})
	}
	return &fuseWrite{
		file: &source.File{State: f.State, Path: path, File: out, In: out},
		funcs: funcs{
			move: func(off, n int64) error {
				if err := s.Hold(); err != nil {
					return err
				}
				err := sys.Repeat(off, n, func(off, n int64) (int64, error) {
					moved, err := in(off, n)
					if err != nil || moved == 0 {
						return moved, err
					}
					return moved, sys.Repeat(off, moved, on)
				})
				return errors.Join(err, s.Release())
			},
			read: s.Held,
			end:  func() error { p.Close(); return errors.Join(unix.Close(out), unix.Unlink(path)) },
		},
	}, nil
}
