package cache

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"kmatrix/matrix/lockfile"
)

// useFile is held shared by who uses entries, and exclusively by who deletes
// them.
const useFile = "use.lock"

// ErrInUse tells that entries are in use, so that none may be deleted.
var ErrInUse = errors.New("another kmatrix uses the cache: try again when it has ended")

// Use keeps entries from being deleted until release is called.
func (c *Cache) Use() (release func() error, err error) { return c.lock(lockfile.TryShared) }

// alone keeps entries from being used until release is called. The error is
// [ErrInUse] while they are.
func (c *Cache) alone() (release func() error, err error) { return c.lock(lockfile.Try) }

func (c *Cache) lock(try func(string) (*lockfile.Lock, error)) (func() error, error) {
	if err := os.MkdirAll(c.Dir, 0o755); err != nil {
		return nil, fmt.Errorf("make the cache: %w", err)
	}
	lock, err := try(filepath.Join(c.Dir, useFile))
	var held *lockfile.HeldError
	if errors.As(err, &held) {
		return nil, fmt.Errorf("%w (%s)", ErrInUse, held.By)
	}
	if err != nil {
		return nil, fmt.Errorf("lock the cache: %w", err)
	}
	return lock.Release, nil
}
