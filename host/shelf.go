package host

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// DefaultSnapshotLimit is the room, in bytes, that snapshots may take unless
// the user says otherwise: a dozen of a guest of 512 MiB.
const DefaultSnapshotLimit = 2 << 30

// shelf is the directory that snapshots lie in, of this kmatrix and of others.
//
// A snapshot belongs to the process that made it, and goes with the batch that
// it was made for. Keeping it for another run would make two runs share a boot,
// and so look as if they agreed. The owner holds a lock on the file. A file
// without one is what a killed process has left, finished or not: nobody will
// ask for it, and whoever needs room next removes it.
type shelf struct {
	dir string
	// limit is how many bytes all snapshots together may take.
	limit int64
}

// snapshot is a saved guest's place on the shelf.
type snapshot struct {
	// file is open for the lock on it.
	file *os.File
	path string
	// boot is the name of the boot that was saved.
	boot string
}

// Names on the shelf: a snapshot that is whole, and one that is being written.
const (
	wholeSuffix = ".snapshot"
	underWay    = ".tmp"
)

// create returns a place with an empty file to write a snapshot to.
func (s *shelf) create() (*snapshot, error) {
	if err := os.MkdirAll(s.dir, 0o755); err != nil {
		return nil, fmt.Errorf("make room for a snapshot: %w", err)
	}
	if err := s.room(0); err != nil {
		return nil, err
	}
	for {
		f, err := os.CreateTemp(s.dir, "*"+underWay)
		if err != nil {
			return nil, fmt.Errorf("make room for a snapshot: %w", err)
		}
		owned, err := own(f)
		if err != nil {
			return nil, errors.Join(err, f.Close(), os.Remove(f.Name()))
		}
		if owned {
			return &snapshot{file: f, path: f.Name()}, nil
		}
		// Another kmatrix took it for a leftover before it was locked.
		if err := f.Close(); err != nil {
			return nil, fmt.Errorf("make room for a snapshot: %w", err)
		}
	}
}

// keep gives a snapshot that is whole its name.
func (s *shelf) keep(p *snapshot) error {
	if err := s.room(1); err != nil {
		return err
	}
	whole := strings.TrimSuffix(p.path, underWay) + wholeSuffix
	if err := os.Rename(p.path, whole); err != nil {
		return fmt.Errorf("finish a snapshot: %w", err)
	}
	p.path = whole
	return nil
}

// remove takes a snapshot off the shelf.
func (p *snapshot) remove() error {
	err := os.Remove(p.path)
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	if err = errors.Join(err, p.file.Close()); err != nil {
		return fmt.Errorf("remove a snapshot: %w", err)
	}
	return nil
}

// clear removes what nobody owns.
func (s *shelf) clear() error {
	_, err := s.sweep()
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// room removes what nobody owns, and tells whether what the others take stays
// below the limit, or, with a new one among them, within it.
func (s *shelf) room(fresh int64) error {
	taken, err := s.sweep()
	if err != nil {
		return err
	}
	if taken >= s.limit+fresh {
		return fmt.Errorf("the snapshots in %s take %d MiB, and may take %d MiB", s.dir, taken>>20, s.limit>>20)
	}
	return nil
}

// sweep removes what nobody owns, and returns how many bytes of the disk the
// others take.
func (s *shelf) sweep() (taken int64, err error) {
	entries, err := os.ReadDir(s.dir)
	if err != nil {
		return 0, fmt.Errorf("look through the snapshots: %w", err)
	}
	for _, e := range entries {
		if ext := filepath.Ext(e.Name()); !e.Type().IsRegular() || ext != wholeSuffix && ext != underWay {
			continue
		}
		n, err := sweep(filepath.Join(s.dir, e.Name()))
		if err != nil {
			return 0, fmt.Errorf("look through the snapshots: %w", err)
		}
		taken += n
	}
	return taken, nil
}

// sweep removes a file that nobody owns, and returns how many bytes of the disk
// one takes that somebody does.
func sweep(path string) (int64, error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	defer f.Close() //nolint:errcheck // it was only read
	owned, err := own(f)
	if err != nil {
		return 0, err
	}
	if owned {
		if err := os.Remove(path); !errors.Is(err, fs.ErrNotExist) {
			return 0, err
		}
		return 0, nil
	}
	var st unix.Stat_t
	if err := unix.Fstat(int(f.Fd()), &st); err != nil {
		return 0, &os.PathError{Op: "stat", Path: path, Err: err}
	}
	return st.Blocks * 512, nil // stat(2): in units of 512 bytes
}

// own takes the lock on a file; false when somebody has it, or had it and has
// removed the file.
func own(f *os.File) (bool, error) {
	err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return false, nil
	}
	var st unix.Stat_t
	if err == nil {
		err = unix.Fstat(int(f.Fd()), &st)
	}
	if err != nil {
		return false, fmt.Errorf("lock %s: %w", f.Name(), err)
	}
	return st.Nlink > 0, nil
}

// shelf returns the shelf of the runner's cache.
func (r *Runner) shelf() *shelf {
	return &shelf{dir: filepath.Join(r.CacheDir, "snapshots"), limit: cmp.Or(r.SnapshotLimit, DefaultSnapshotLimit)}
}
