// Package cache keeps what was made of named inputs, so that it is made once.
//
// An entry is a directory whose name is a digest of everything that went into
// it. It is filled under a temporary name, synced, and renamed when whole, so
// that what looks finished is; a lock keeps two processes from making the same
// one. Every entry can be deleted at any time between runs.
package cache

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/gofrs/flock"
	"golang.org/x/sys/unix"
)

// Cache is a directory of entries. Dir must be set.
type Cache struct {
	Dir string
	// Log takes lines for the user, such as that another process is waited
	// for; may be nil.
	Log func(string)
}

// lockPoll is how often a lock that another process holds is tried.
const lockPoll = 100 * time.Millisecond

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
func (c *Cache) Entry(ctx context.Context, key string, fill func(ctx context.Context, dir string) error) (string, error) {
	path := filepath.Join(c.Dir, key)
	if _, err := os.Stat(path); err == nil {
		return path, nil
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return "", fmt.Errorf("make room in the cache: %w", err)
	}
	lock := flock.New(path + ".lock")
	if err := c.acquire(ctx, lock, path); err != nil {
		return "", err
	}
	defer lock.Unlock() //nolint:errcheck // closing the file frees it
	if _, err := os.Stat(path); err == nil {
		return path, nil // another process made it meanwhile
	}
	tmp := path + ".tmp"
	// What an interrupted process left under the same name; the lock is ours.
	if err := os.RemoveAll(tmp); err != nil {
		return "", fmt.Errorf("clear the cache of an unfinished entry: %w", err)
	}
	if err := os.Mkdir(tmp, 0o755); err != nil {
		return "", fmt.Errorf("make room in the cache: %w", err)
	}
	err := fill(ctx, tmp)
	if err == nil {
		err = finish(tmp, path)
	}
	if err != nil {
		return "", errors.Join(withRoom(err, c.Dir), os.RemoveAll(tmp))
	}
	return path, nil
}

func (c *Cache) acquire(ctx context.Context, lock *flock.Flock, path string) error {
	got, err := lock.TryLock()
	if err != nil {
		return fmt.Errorf("lock the cache: %w", err)
	}
	if got {
		return nil
	}
	if c.Log != nil {
		c.Log("another kmatrix is making " + path + ": waiting for it")
	}
	if _, err := lock.TryLockContext(ctx, lockPoll); err != nil {
		return fmt.Errorf("wait for another kmatrix to make %s: %w", path, err)
	}
	return nil
}

// finish syncs the files and gives the directory its name.
func finish(tmp, path string) error {
	err := filepath.WalkDir(tmp, func(name string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		f, err := os.Open(name)
		if err != nil {
			return err
		}
		return errors.Join(f.Sync(), f.Close())
	})
	if err == nil {
		err = os.Rename(tmp, path)
	}
	if err != nil {
		return fmt.Errorf("finish the cache's entry %s: %w", path, err)
	}
	return nil
}

// withRoom adds to a full disk's error how much is free.
func withRoom(err error, dir string) error {
	var st unix.Statfs_t
	if !errors.Is(err, unix.ENOSPC) || unix.Statfs(dir, &st) != nil {
		return err
	}
	return fmt.Errorf("%w (%d MiB are free at %s)", err, st.Bavail*uint64(st.Bsize)>>20, dir)
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
