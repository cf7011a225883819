// Package tree is a kernel's source code: a directory of the user's or an entry of the
// cache, named by its content, so that what was built of it is found without it.
package tree

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"kmatrix/vmimage/cache"
	"kmatrix/vmimage/fault"
)

// Tree is a kernel's source code.
type Tree struct {
	// Digest names the content.
	Digest string
	// Origin says where it comes from.
	Origin string
	// Path is the directory of a tree of the user's, "" for one of the cache: it may
	// be read only, and its files may change at any time.
	Path string
	// Entry is what makes a tree of the cache.
	Entry cache.Item
	// Verify finds out whether a tree of the cache is what it passes for; may be nil.
	Verify func(dir string) error
}

// Local reports whether the tree is the user's own.
func (t Tree) Local() bool { return t.Path != "" }

// Has reports whether the tree is there without any fetching or unpacking.
func (t Tree) Has(c *cache.Cache) bool { return t.Local() || c.Has(t.Entry.Key) }

// Open returns the tree's directory, having it made where it is not there, and made
// sure that it is a kernel's.
func (t Tree) Open(ctx context.Context, c *cache.Cache) (string, error) {
	dir := t.Path
	if !t.Local() {
		var err error
		if dir, err = c.Get(ctx, t.Entry); err != nil {
			return "", err
		}
	}
	if t.Verify != nil {
		if err := t.Verify(dir); err != nil {
			return "", err
		}
	}
	return dir, Check(dir, t.Origin)
}

// Check tells a kernel's tree from another.
func Check(dir, origin string) error {
	text, err := os.ReadFile(filepath.Join(dir, "Makefile"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("look at %s: %w", origin, err)
	}
	if _, e := os.Stat(filepath.Join(dir, "arch", "x86", "Kconfig")); err != nil || e != nil || !strings.Contains(string(text), "PATCHLEVEL") {
		return fault.Unavailable("%s is no source tree of Linux: it has no Makefile with a version, or no arch/x86", origin)
	}
	return nil
}

// Place puts the tree's files into an empty directory: links to those of the
// cache, which cost neither time nor room and which neither patch nor make
// write to, and copies of those of the user.
func (t Tree) Place(ctx context.Context, c *cache.Cache, to string) error {
	dir, err := t.Open(ctx, c)
	if err != nil {
		return err
	}
	if !t.Local() {
		return link(ctx, dir, to)
	}
	if err := copyTo(ctx, dir, to); err != nil {
		return err
	}
	got, err := Digest(ctx, to)
	if err == nil && got != t.Digest {
		return fault.Unavailable("%s has changed while it was read: run again when it is at rest", t.Origin)
	}
	return err
}
