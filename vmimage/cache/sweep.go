package cache

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"kmatrix/matrix/lockfile"
)

// Entry is what the cache holds under one key.
type Entry struct {
	Key string `json:"key"`
	// Bytes is the room that it takes on the disk; files that several entries
	// share count for the first of them.
	Bytes int64 `json:"bytes"`
	// Used is when it was asked for last.
	Used time.Time `json:"used"`
}

// Kind is the part of the key that says what the entry is.
func (e Entry) Kind() string { return filepath.Dir(e.Key) }

// List returns the finished entries of the given kinds, the one used last
// first.
func (c *Cache) List(kinds ...string) ([]Entry, error) {
	var list []Entry
	var sizes Sizes
	for _, kind := range kinds {
		dirs, err := os.ReadDir(filepath.Join(c.Dir, kind))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("look through the cache: %w", err)
		}
		for _, d := range dirs {
			if !d.IsDir() || strings.HasSuffix(d.Name(), ".tmp") {
				continue
			}
			info, err := d.Info()
			if err != nil {
				return nil, fmt.Errorf("look through the cache: %w", err)
			}
			e := Entry{Key: filepath.Join(kind, d.Name()), Used: info.ModTime()}
			if e.Bytes, err = sizes.Add(filepath.Join(c.Dir, e.Key)); err != nil {
				return nil, err
			}
			list = append(list, e)
		}
	}
	slices.SortStableFunc(list, func(a, b Entry) int { return cmp.Or(b.Used.Compare(a.Used), strings.Compare(a.Key, b.Key)) })
	return list, nil
}

// Remove deletes entries; one that is not there is no error. The error is
// [ErrInUse] while a run uses the cache, and nothing is deleted then.
func (c *Cache) Remove(keys ...string) error {
	release, err := c.alone()
	if err != nil {
		return err
	}
	for _, key := range keys {
		path := filepath.Join(c.Dir, key)
		// Under a name that no one asks for: half an entry must not be found.
		err = errors.Join(err, os.RemoveAll(path+".tmp"), gone(os.Rename(path, path+".tmp")), os.RemoveAll(path+".tmp"), gone(os.Remove(path+lockfile.Suffix)))
	}
	if err = errors.Join(err, release()); err != nil {
		return fmt.Errorf("remove from the cache: %w", err)
	}
	return nil
}

func gone(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// Sizes adds up the room that files take on the disk, each file once, under
// however many names it is met.
type Sizes struct{ seen map[inode]bool }

type inode struct{ dev, ino uint64 }

// Add returns how many bytes the files below dir take that were not met
// before; 0 when there is no such directory.
func (s *Sizes) Add(dir string) (int64, error) {
	if s.seen == nil {
		s.seen = map[inode]bool{}
	}
	var sum int64
	err := filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err != nil {
			return gone(err)
		}
		info, err := d.Info()
		if err != nil {
			return gone(err)
		}
		st, ok := info.Sys().(*syscall.Stat_t)
		if !ok {
			return fmt.Errorf("%s: the file system tells no inode", dir)
		}
		if at := (inode{st.Dev, st.Ino}); !s.seen[at] {
			s.seen[at] = true
			sum += st.Blocks * 512 // stat(2): in units of 512 bytes
		}
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("look through the cache: %w", err)
	}
	return sum, nil
}
