// Package cache keeps what was made of named inputs, so that it is made once.
//
// An entry is a directory whose name is a digest of everything that went into
// it. It is filled under a temporary name, synced, and renamed when whole, so
// that what looks finished is; a lock keeps two processes from making the same
// one. Every entry can be deleted at any time between runs; use.go keeps such a
// deletion (sweep.go) from happening while there is one.
package cache

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"kmatrix/matrix/atomicfile"
	"kmatrix/matrix/lockfile"
)

// Cache is a directory of entries. Dir must be set.
type Cache struct {
	Dir string
	// Log takes lines for the user, such as that another process is waited
	// for; may be nil.
	Log func(string)

	// making has a *sync.Mutex for every entry that this process makes.
	making sync.Map
}

// Item is an entry with what makes it.
type Item struct {
	Key string
	// Fill fills an empty directory.
	Fill func(ctx context.Context, dir string) error
	// Reach finds out whether what it is made of can be had, and gets nothing of it;
	// nil where that is of this machine.
	Reach func(ctx context.Context) error
}

// Get returns the path of an item's entry, having it filled where it is not there.
func (c *Cache) Get(ctx context.Context, i Item) (string, error) {
	return c.Entry(ctx, i.Key, i.Fill)
}

// Path returns where the entry of that key is, or would be.
func (c *Cache) Path(key string) string { return filepath.Join(c.Dir, key) }

// Has reports whether an entry is there; that does not count as its being used.
func (c *Cache) Has(key string) bool {
	_, err := os.Stat(c.Path(key))
	return err == nil
}

// Key returns the name of an entry that is made of these inputs: kind and 64
// bits would do to tell entries apart, 128 are taken.
func Key(kind string, inputs ...string) string {
	h := sha256.New()
	for _, in := range inputs {
		fmt.Fprintf(h, "%d:%s", len(in), in)
	}
	return filepath.Join(kind, hex.EncodeToString(h.Sum(nil)[:16]))
}

// Entry returns the path of the entry, having it filled where it is not there.
// fill gets an empty directory; when it fails, nothing is left.
func (c *Cache) Entry(ctx context.Context, key string, fill func(ctx context.Context, dir string) error) (path string, err error) {
	path = c.Path(key)
	if c.there(path) {
		return path, nil
	}
	own, _ := c.making.LoadOrStore(key, &sync.Mutex{})
	own.(*sync.Mutex).Lock()
	defer own.(*sync.Mutex).Unlock()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return "", fmt.Errorf("make room in the cache: %w", err)
	}
	lock, err := c.acquire(ctx, path)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, lock.Release()) }()
	if c.there(path) {
		return path, nil // it was made meanwhile
	}
	tmp := path + ".tmp"
	// What an interrupted process left under the same name; the lock is ours.
	if err := os.RemoveAll(tmp); err != nil {
		return "", fmt.Errorf("clear the cache of an unfinished entry: %w", err)
	}
	if err := os.Mkdir(tmp, 0o755); err != nil {
		return "", fmt.Errorf("make room in the cache: %w", err)
	}
	err = fill(ctx, tmp)
	if err == nil {
		err = finish(tmp, path)
	}
	if err != nil {
		return "", errors.Join(withFreeSpace(err, c.Dir), os.RemoveAll(tmp))
	}
	return path, nil
}

// there reports whether an entry is, and marks it as used now. When a mark
// cannot be made, the entry only looks older than it is.
func (c *Cache) there(path string) bool {
	if _, err := os.Stat(path); err != nil {
		return false
	}
	now := time.Now()
	_ = os.Chtimes(path, now, now)
	return true
}

// Scratch makes the directory path, which need not lie in the cache, an empty
// one that nobody else uses until release is called; it is gone then.
func (c *Cache) Scratch(ctx context.Context, path string) (dir string, release func() error, err error) {
	own, _ := c.making.LoadOrStore(path, &sync.Mutex{})
	own.(*sync.Mutex).Lock()
	lock, err := c.acquire(ctx, path)
	if err == nil {
		// What an interrupted process left, too.
		if err = errors.Join(os.RemoveAll(path), os.Mkdir(path, 0o755)); err != nil {
			err = errors.Join(fmt.Errorf("make room in the cache: %w", err), lock.Release())
		}
	}
	if err != nil {
		own.(*sync.Mutex).Unlock()
		return "", nil, err
	}
	return path, func() error {
		defer own.(*sync.Mutex).Unlock()
		return errors.Join(os.RemoveAll(path), lock.Release())
	}, nil
}

// acquire waits for the lock on an entry, and says for whom.
func (c *Cache) acquire(ctx context.Context, path string) (*lockfile.Lock, error) {
	lock, err := lockfile.Wait(ctx, path+lockfile.Suffix, func(h lockfile.Holder) {
		if c.Log != nil {
			c.Log(fmt.Sprintf("%s is being made by %s: waiting for it", path, h))
		}
	})
	if err != nil {
		return nil, fmt.Errorf("wait for %s to be made: %w", path, err)
	}
	return lock, nil
}

// finish syncs the files and gives the directory its name. The whole file
// system is synced at once: a source tree has ninety thousand files.
func finish(tmp, path string) error {
	f, err := os.Open(tmp)
	if err == nil {
		err = errors.Join(unix.Syncfs(int(f.Fd())), f.Close())
	}
	if err == nil {
		err = atomicfile.Rename(tmp, path)
	}
	if err != nil {
		return fmt.Errorf("finish the cache's entry %s: %w", path, err)
	}
	return nil
}

// fullError is a full disk's error with how much is free, which entries that
// are made within others' making tell once.
type fullError struct {
	err     error
	freeMiB uint64
	dir     string
}

func (e *fullError) Error() string {
	return fmt.Sprintf("%v (%d MiB are free at %s)", e.err, e.freeMiB, e.dir)
}

func (e *fullError) Unwrap() error { return e.err }

// withFreeSpace adds to a full disk's error how much is free.
func withFreeSpace(err error, dir string) error {
	var st unix.Statfs_t
	var told *fullError
	if !errors.Is(err, unix.ENOSPC) || errors.As(err, &told) || unix.Statfs(dir, &st) != nil {
		return err
	}
	return &fullError{err: err, freeMiB: st.Bavail * uint64(st.Bsize) >> 20, dir: dir}
}

// Digest returns the sha256 of files' contents in their order, as 64 hex
// digits.
func Digest(files ...string) (string, error) {
	h := sha256.New()
	for _, name := range files {
		f, err := os.Open(name)
		if err != nil {
			return "", fmt.Errorf("digest: %w", err)
		}
		_, err = io.Copy(h, f)
		if err := errors.Join(err, f.Close()); err != nil {
			return "", fmt.Errorf("digest %s: %w", name, err)
		}
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}
