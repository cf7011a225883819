// Package snapshots keeps the snapshots of guests on the disk, within a limit.
//
// A snapshot belongs to the process that made it, and goes with the batch that it
// was made for: a snapshot that served another run would make two runs share a boot,
// and so look as if they agreed. Its owner holds the lock beside it ([lockfile]). One
// without a held lock is what a killed process has left, finished or not, and is
// removed by whoever makes the next.
package snapshots

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"golang.org/x/sys/unix"

	"kmatrix/matrix/lockfile"
)

// DefaultLimit is how many bytes snapshots may take unless the user says otherwise: a
// dozen of a guest of 512 MiB.
const DefaultLimit = 2 << 30

// Store is the directory that snapshots lie in, of this process and of others.
type Store struct {
	Dir string
	// Limit is how many bytes all snapshots together may take; 0 means
	// [DefaultLimit].
	Limit int64
}

// Snapshot is the file of one saved guest.
type Snapshot struct {
	// File is open for writing the snapshot.
	File *os.File
	// Path is where it lies; [Store.Keep] changes it.
	Path string
	// Boot names the boot that was saved.
	Boot string

	lock *lockfile.Lock
}

// Suffix ends the names of snapshots that are whole, and unfinished those of the ones
// that are being written.
const (
	Suffix     = ".snapshot"
	unfinished = ".tmp"
)

// Create returns an empty snapshot to be written. The error says so where the limit is
// reached.
func (s *Store) Create() (*Snapshot, error) {
	if err := os.MkdirAll(s.Dir, 0o755); err != nil {
		return nil, fmt.Errorf("make a snapshot: %w", err)
	}
	if err := s.fits(0); err != nil {
		return nil, err
	}
	base, lock, err := lockfile.NewName(s.Dir)
	if err != nil {
		return nil, fmt.Errorf("make a snapshot: %w", err)
	}
	f, err := os.OpenFile(base+unfinished, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, fmt.Errorf("make a snapshot: %w", errors.Join(err, lock.Release()))
	}
	return &Snapshot{File: f, Path: f.Name(), lock: lock}, nil
}

// Keep gives a snapshot that is whole its name. The error says so where it does not
// fit the limit.
func (s *Store) Keep(p *Snapshot) error {
	if err := s.fits(1); err != nil {
		return err
	}
	whole := p.Path[:len(p.Path)-len(unfinished)] + Suffix
	if err := os.Rename(p.Path, whole); err != nil {
		return fmt.Errorf("finish a snapshot: %w", err)
	}
	p.Path = whole
	return nil
}

// Remove removes a snapshot. One that is gone already is no error.
func (p *Snapshot) Remove() error {
	err := os.Remove(p.Path)
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	if err = errors.Join(err, p.File.Close(), p.lock.Release()); err != nil {
		return fmt.Errorf("remove a snapshot: %w", err)
	}
	return nil
}

// Clean removes what killed processes have left.
func (s *Store) Clean() error {
	_, err := s.used()
	return err
}

// fits reports by its error whether what snapshots take stays below the limit, or,
// where fresh is 1, with a new one among them, within it. It removes leftovers.
func (s *Store) fits(fresh int64) error {
	taken, err := s.used()
	if err != nil {
		return err
	}
	if limit := cmp.Or(s.Limit, DefaultLimit); taken >= limit+fresh {
		return fmt.Errorf("the snapshots in %s take %d MiB, and may take %d MiB", s.Dir, taken>>20, limit>>20)
	}
	return nil
}

// used removes leftovers and returns how many bytes of the disk the others take.
func (s *Store) used() (taken int64, err error) {
	held, err := lockfile.RemoveLeftovers(s.Dir, Suffix, unfinished)
	if err != nil {
		return 0, fmt.Errorf("look through the snapshots: %w", err)
	}
	for _, path := range held {
		var st unix.Stat_t
		switch err := unix.Stat(path, &st); {
		case errors.Is(err, fs.ErrNotExist): // removed or renamed meanwhile
		case err != nil:
			return 0, fmt.Errorf("look through the snapshots: %w", &os.PathError{Op: "stat", Path: path, Err: err})
		default:
			taken += st.Blocks * 512 // stat(2): in units of 512 bytes
		}
	}
	return taken, nil
}
