package vmimage

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"syscall"

	"kmatrix/matrix/proc"
	"kmatrix/vmimage/cache"
)

// plain is a path that kernels build at. Their Makefiles refuse one with spaces
// and colons, and read others of these characters as more than a name.
var plain = regexp.MustCompile(`^[^\s:,;=#$%&|<>()\[\]{}*?!'"` + "`" + `\\]+$`)

// elsewhere is where kernels are built that cannot be built in the cache: on a
// disk, as a rule, and unlike /tmp with room for one.
const elsewhere = "/var/tmp"

// scratch returns an empty directory of that name in which kernels build, until
// release is called: in the cache, or beside it where a path in the cache is
// none for make, as one with a space.
func (e *Env) scratch(ctx context.Context, name string) (dir string, release func() error, err error) {
	root, err := buildRoot(e.Cache.Dir, elsewhere)
	if err != nil {
		return "", nil, err
	}
	return e.Cache.Scratch(ctx, filepath.Join(root, name))
}

// buildRoot returns the directory that kernels are built in: the cache's, or one
// for this cache and user below other.
func buildRoot(dir, other string) (string, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", fmt.Errorf("make room in the cache: %w", err)
	}
	// make looks behind links.
	real, err := filepath.EvalSymlinks(dir)
	if err != nil {
		return "", fmt.Errorf("look at the cache: %w", err)
	}
	switch {
	case plain.MatchString(real) && plain.MatchString(dir):
		return dir, nil
	case plain.MatchString(real):
		return real, nil
	}
	root := filepath.Join(other, fmt.Sprintf("kmatrix-%d-%s", os.Getuid(), filepath.Base(cache.Key("", real))))
	if err := own(root); err != nil {
		return "", fmt.Errorf("no kernel builds in %s, whose path has a space, a colon or another character that make reads as more than a name, and there is no other place for it (set XDG_CACHE_HOME to a directory without): %w", real, err)
	}
	return root, nil
}

// own makes a directory that is the user's alone. The one above it may be
// everybody's: what somebody else has put there under that name is not used.
func own(dir string) error {
	err := os.Mkdir(dir, 0o700)
	if err == nil || !errors.Is(err, fs.ErrExist) {
		return err
	}
	info, err := os.Lstat(dir)
	if err != nil {
		return err
	}
	if st, ok := info.Sys().(*syscall.Stat_t); !info.IsDir() || !ok || int(st.Uid) != os.Getuid() || info.Mode().Perm()&0o077 != 0 {
		return fmt.Errorf("%s is no directory of this user's alone: remove it", dir)
	}
	return nil
}

// move gives a directory another name, on another file system as well.
func move(ctx context.Context, from, to string) error {
	err := os.Rename(from, to)
	if errors.Is(err, syscall.EXDEV) {
		_, err = proc.Run(ctx, proc.Cmd{Path: "cp", Args: []string{"--archive", "--no-target-directory", from, to}})
	}
	return err
}
