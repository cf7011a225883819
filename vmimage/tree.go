package vmimage

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"kmatrix/vmimage/build"
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
		return link(ctx, dir, to)
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

// inPlace is what a build in the tree itself leaves there, and what kbuild
// refuses to build elsewhere beside (target outputmakefile).
var inPlace = []string{"include/config", "arch/x86/include/generated"}

// clean has a tree that was built in place, where no git tells what is source,
// as it was before; request says where it has been placed. One that was built
// and has lost its .config is refused: it was cleaned by halves, and nobody
// knows what else of it is old.
func (t tree) clean(ctx context.Context, request build.Request) error {
	if _, err := os.Stat(filepath.Join(request.Tree, ".config")); err == nil {
		return build.Clean(ctx, request)
	}
	for _, name := range inPlace {
		if _, err := os.Stat(filepath.Join(request.Tree, name)); err != nil {
			continue
		}
		return &BuildFailedError{fmt.Errorf("make: The source tree is not clean: %s was built in place, has lost its .config and still has %s: make mrproper cleans it", t.origin, name)}
	}
	return nil
}
