package download

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"kmatrix/matrix/lockfile"
)

// Sweep removes what has come of files below dir that nobody has gone on with for
// longer than age, and the directories that are empty then.
func Sweep(dir string, age time.Duration) error {
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return ignoreGone(err)
		}
		base, _, found := strings.Cut(d.Name(), partSuffix)
		if !found || !strings.HasPrefix(base, ".") {
			return nil
		}
		part := filepath.Join(filepath.Dir(path), base+partSuffix)
		if used, err := lastUse(part); err != nil || time.Since(used) < age {
			return err
		}
		if _, err := lockfile.RemoveUnlocked(part+lockfile.Suffix, part, part+noteSuffix); err != nil {
			return err
		}
		if parent := filepath.Dir(path); parent != dir {
			return ignoreFull(os.Remove(parent))
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("clear away downloads that broke off: %w", err)
	}
	return nil
}

// lastUse is when any file of a part was written last: now for none.
func lastUse(part string) (time.Time, error) {
	var last time.Time
	for _, suffix := range []string{"", noteSuffix, lockfile.Suffix} {
		info, err := os.Stat(part + suffix)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return last, err
		}
		if info.ModTime().After(last) {
			last = info.ModTime()
		}
	}
	if last.IsZero() {
		return time.Now(), nil
	}
	return last, nil
}

// ignoreFull takes a directory that is not empty for no error.
func ignoreFull(err error) error {
	if errors.Is(err, unix.ENOTEMPTY) {
		return nil
	}
	return ignoreGone(err)
}
