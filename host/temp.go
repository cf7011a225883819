package host

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"kmatrix/host/snapshots"
	"kmatrix/matrix/lockfile"
)

// begin makes the directory for what QEMU writes for a while, and clears away what
// killed processes have left: theirs, and their snapshots. release removes it.
//
// QEMU's files there have no name but for a moment; who is killed in that moment
// leaves one. So each kmatrix has a directory of its own, with a lock beside it, and
// a directory whose lock nobody has is a leftover.
func (r *Runner) begin() (release func() error, err error) {
	dir := filepath.Join(cmp.Or(r.cfg.CacheDir, os.TempDir()), "tmp")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("make a directory for QEMU's files: %w", err)
	}
	if err := errors.Join(clean(dir), r.snapshots().Clean()); err != nil {
		return nil, err
	}
	path, lock, err := lockfile.NewName(dir)
	if err == nil {
		r.temp = path
		if err = os.Mkdir(r.temp, 0o700); err != nil {
			err = errors.Join(err, lock.Release())
		}
	}
	if err != nil {
		return nil, fmt.Errorf("make a directory for QEMU's files: %w", err)
	}
	return func() error { return errors.Join(os.RemoveAll(r.temp), lock.Release()) }, nil
}

// clean removes the directories of processes that were killed.
func clean(dir string) error {
	_, err := lockfile.RemoveLeftovers(dir, "")
	return err
}

// snapshots returns the store in the runner's cache.
func (r *Runner) snapshots() *snapshots.Store {
	return &snapshots.Store{Dir: filepath.Join(r.cfg.CacheDir, "snapshots"), Limit: r.cfg.SnapshotLimit}
}
