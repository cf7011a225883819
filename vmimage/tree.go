package vmimage

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"kmatrix/matrix/proc"
)

// tree is a kernel's source code. It is named by its content alone, so that
// what was built of it is found without the code itself.
type tree struct {
	// digest names the content.
	digest string
	// origin says where it comes from.
	origin string
	// dir returns the directory, getting it first where it is not there.
	dir func(context.Context) (string, error)
	// local tells that the directory is the user's: it may be read only, and
	// its files may change at any time.
	local bool
}

// open returns the tree's directory, having made sure that it is a kernel's.
func (t tree) open(ctx context.Context) (string, error) {
	dir, err := t.dir(ctx)
	if err != nil {
		return "", err
	}
	return dir, t.check(dir)
}

// check tells a kernel's tree from another.
func (t tree) check(dir string) error {
	text, err := os.ReadFile(filepath.Join(dir, "Makefile"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("look at %s: %w", t.origin, err)
	}
	if _, e := os.Stat(filepath.Join(dir, "arch", "x86", "Kconfig")); err != nil || e != nil || !strings.Contains(string(text), "PATCHLEVEL") {
		return unavailable("%s is no source tree of Linux: it has no Makefile with a version, or no arch/x86", t.origin)
	}
	return nil
}

// place puts the tree's files into an empty directory: links to those of the
// cache, which cost neither time nor room and which neither patch nor make
// write to, and copies of those of the user.
func (t tree) place(ctx context.Context, to string) error {
	dir, err := t.open(ctx)
	if err != nil {
		return err
	}
	if !t.local {
		_, err = proc.Run(ctx, proc.Cmd{Path: "cp", Args: []string{"-al", dir + "/.", to}})
		return err
	}
	if err := copyTree(ctx, dir, to); err != nil {
		return err
	}
	got, err := digestTree(ctx, to)
	if err == nil && got != t.digest {
		return unavailable("%s has changed while it was read: run again when it is at rest", t.origin)
	}
	return err
}
