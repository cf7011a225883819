package lockfile

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Suffix ends the name of the lock that stands beside what it guards: NAME.lock
// guards NAME, NAME.tmp and so on. Take the lock before you make what it guards.
const Suffix = ".lock"

// NewName returns a path in the directory that nothing has, NAME, and the lock
// NAME.lock on it.
func NewName(dir string) (path string, lock *Lock, err error) {
	for {
		path = filepath.Join(dir, rand.Text())
		lock, err = Try(path + Suffix)
		var held *HeldError
		if !errors.As(err, &held) { // else somebody looks whether it is a leftover
			return path, lock, err
		}
	}
}

// RemoveLeftovers removes from a directory the files and directories NAME+suffix, and
// their locks, for every NAME whose lock NAME.lock nobody has: their process was
// killed. It returns the paths of those that somebody has. A directory that is not
// there has none.
func RemoveLeftovers(dir string, suffixes ...string) (held []string, err error) {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("look for leftovers: %w", err)
	}
	names := map[string][]string{}
	for _, e := range entries {
		if name, ok := strings.CutSuffix(e.Name(), Suffix); ok {
			names[name] = slices.Clip(names[name]) // a lock alone, so far
			continue
		}
		for _, s := range suffixes {
			if name, ok := strings.CutSuffix(e.Name(), s); ok {
				names[name] = append(names[name], filepath.Join(dir, e.Name()))
				break
			}
		}
	}
	for name, files := range names {
		left, err := RemoveUnlocked(filepath.Join(dir, name+Suffix), files...)
		if err != nil {
			return nil, err
		}
		if left {
			held = append(held, files...)
		}
	}
	return held, nil
}

// RemoveUnlocked removes files and directories, and the lock on them, unless somebody
// has that; held reports whether. One that is not there is no error.
func RemoveUnlocked(lock string, paths ...string) (held bool, err error) {
	l, err := Try(lock)
	if errors.As(err, new(*HeldError)) {
		return true, nil
	}
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil // nor is the directory
	}
	if err == nil {
		for _, path := range paths {
			err = errors.Join(err, os.RemoveAll(path))
		}
		err = errors.Join(err, l.Release())
	}
	if err != nil {
		return false, fmt.Errorf("remove leftovers: %w", err)
	}
	return false, nil
}
