package host

import (
	"cmp"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"kmatrix/matrix/hold"
)

// begin makes the directory for what QEMU writes for a while, and clears away what
// killed processes have left: theirs, and their snapshots. release removes it.
//
// QEMU's files there have no name but for a moment; who is killed in that moment
// leaves one. So each kmatrix has a directory of its own, with a lock beside it, and
// a directory whose lock nobody has is a leftover.
func (r *Runner) begin() (release func() error, err error) {
	dir := filepath.Join(cmp.Or(r.CacheDir, os.TempDir()), "tmp")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("make a directory for QEMU's files: %w", err)
	}
	if err := errors.Join(sweepTemp(dir), r.shelf().clear()); err != nil {
		return nil, err
	}
	r.temp = filepath.Join(dir, rand.Text()[:8])
	lock, err := hold.Try(r.temp + lockSuffix)
	if err == nil {
		if err = os.Mkdir(r.temp, 0o700); err != nil {
			err = errors.Join(err, lock.Free())
		}
	}
	if err != nil {
		return nil, fmt.Errorf("make a directory for QEMU's files: %w", err)
	}
	return func() error { return errors.Join(os.RemoveAll(r.temp), lock.Free()) }, nil
}

// lockSuffix ends the name of the lock on a directory.
const lockSuffix = ".lock"

// sweepTemp removes the directories that nobody has.
func sweepTemp(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return fmt.Errorf("look for leftovers: %w", err)
	}
	for _, e := range entries {
		path := filepath.Join(dir, strings.TrimSuffix(e.Name(), lockSuffix))
		lock, err := hold.Try(path + lockSuffix)
		var held *hold.HeldError
		if errors.As(err, &held) {
			continue
		}
		if err == nil {
			err = errors.Join(os.RemoveAll(path), lock.Free())
		}
		if err != nil {
			return fmt.Errorf("clear leftovers away: %w", err)
		}
	}
	return nil
}
