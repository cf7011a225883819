package cache

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/gofrs/flock"
)

// useFile is held shared by who uses entries, and exclusively by who deletes
// them.
const useFile = "use.lock"

// ErrInUse tells that entries are in use, so that none may be deleted.
var ErrInUse = errors.New("another kmatrix uses the cache: try again when it has ended")

// Use keeps entries from being deleted until release is called.
func (c *Cache) Use() (release func() error, err error) { return c.hold((*flock.Flock).TryRLock) }

// alone keeps entries from being used until release is called. The error is
// [ErrInUse] while they are.
func (c *Cache) alone() (release func() error, err error) { return c.hold((*flock.Flock).TryLock) }

func (c *Cache) hold(try func(*flock.Flock) (bool, error)) (func() error, error) {
	if err := os.MkdirAll(c.Dir, 0o755); err != nil {
		return nil, fmt.Errorf("make the cache: %w", err)
	}
	lock := flock.New(filepath.Join(c.Dir, useFile))
	got, err := try(lock)
	switch {
	case err != nil:
		return nil, fmt.Errorf("lock the cache: %w", err)
	case !got:
		return nil, ErrInUse
	}
	return lock.Unlock, nil
}
