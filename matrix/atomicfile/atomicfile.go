// Package atomicfile writes files whole or not at all, whatever ends the process
// or the host meanwhile.
//
// A file is written under another name beside it, synced and renamed, and the
// directory is synced, so that what a caller was told is written is there after
// a power loss as well. The other name is always the same, with a lock on it
// ([lockfile]): what a killed process has left under it is written over by the next,
// and two who write at once follow each other.
package atomicfile

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"kmatrix/matrix/lockfile"
)

// suffix ends the name of a file that is being written; it begins with a dot.
const suffix = ".new"

// Write has the file hold the text, with the permissions that it has, else 0644. The
// error names the file.
func Write(path string, text []byte) (err error) {
	tmp := filepath.Join(filepath.Dir(path), "."+strings.TrimPrefix(filepath.Base(path), ".")+suffix)
	lock, err := lockfile.Wait(context.Background(), tmp+lockfile.Suffix, nil)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, lock.Release()) }()
	if err := writeSynced(tmp, path, text); err != nil {
		return errors.Join(err, os.RemoveAll(tmp))
	}
	if err := Rename(tmp, path); err != nil {
		return errors.Join(err, os.RemoveAll(tmp))
	}
	return nil
}

// writeSynced writes the file that is to take another's place, with its permissions,
// and returns when its bytes are on the disk.
func writeSynced(tmp, path string, text []byte) error {
	f, err := os.OpenFile(tmp, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o644)
	if err != nil {
		return err
	}
	if old, none := os.Stat(path); none == nil && old.Mode().IsRegular() {
		err = f.Chmod(old.Mode().Perm())
	}
	if err == nil {
		_, err = f.Write(text)
	}
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
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
