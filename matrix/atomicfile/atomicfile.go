// Package atomicfile writes files whole or not at all, whatever ends the process
// or the host meanwhile.
//
// A file is written under another name beside it, synced and renamed, and the
// directory is synced, so that what a caller was told is written is there after
// a power loss as well. The other name is always the same, with a lock on the
// file: what a killed process has left under it is written over by the next, and
// two who write at once follow each other.
package atomicfile

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// suffix ends the name of a file that is being written; it begins with a dot.
const suffix = ".new"

// Write has the file hold the text, with the permissions that it has, else 0644. The
// error names the file.
func Write(path string, text []byte) (err error) {
	f, err := begin(path)
	if err != nil {
		return err
	}
	// The lock goes with it.
	defer func() { err = errors.Join(err, f.Close()) }()
	err = f.Truncate(0)
	if old, none := os.Stat(path); err == nil && none == nil && old.Mode().IsRegular() {
		err = f.Chmod(old.Mode().Perm())
	}
	if err == nil {
		_, err = f.Write(text)
	}
	if err == nil {
		err = f.Sync()
	}
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return SyncDir(filepath.Dir(path))
}

// begin opens the file that the text is written to, when nobody else writes.
func begin(path string) (*os.File, error) {
	name := filepath.Join(filepath.Dir(path), "."+strings.TrimPrefix(filepath.Base(path), ".")+suffix)
	for {
		f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE, 0o644)
		if err != nil {
			return nil, err
		}
		if err := lock(f); err != nil {
			return nil, errors.Join(err, f.Close())
		}
		mine, err := f.Stat()
		if err != nil {
			return nil, errors.Join(err, f.Close())
		}
		// Whoever was waited for has given the file its name.
		if there, err := os.Stat(name); err == nil && os.SameFile(mine, there) {
			return f, nil
		}
		if err := f.Close(); err != nil {
			return nil, err
		}
	}
}

func lock(f *os.File) error {
	for {
		err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX)
		if !errors.Is(err, syscall.EINTR) {
			return err
		}
	}
}

// Rename gives a file or directory another name, which it has after a power loss
// as well. What it holds must be synced.
func Rename(from, to string) error {
	if err := os.Rename(from, to); err != nil {
		return err // it names both
	}
	return SyncDir(filepath.Dir(to))
}

// SyncDir makes the names in a directory last.
func SyncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	if err := errors.Join(d.Sync(), d.Close()); err != nil {
		return fmt.Errorf("sync %s: %w", dir, err)
	}
	return nil
}
