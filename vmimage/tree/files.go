package tree

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"kmatrix/vmimage/gitcmd"
)

// treeFiles lists the files and links of a source tree, sorted, relative to
// dir. What git ignores is left out, where the tree is one of git's: objects of
// the user's own builds are no source.
func treeFiles(ctx context.Context, dir string) ([]string, error) {
	if _, err := os.Lstat(filepath.Join(dir, ".git")); err == nil {
		if _, err := exec.LookPath("git"); err == nil {
			// Whoever names the tree in kernels.yaml trusts it, whoever owns it.
			out, err := gitcmd.Run(ctx, dir, "-c", "safe.directory=*", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
			if err != nil {
				return nil, err
			}
			files := strings.Split(strings.TrimSuffix(out, "\x00"), "\x00")
			slices.Sort(files)
			return slices.Compact(files), nil
		}
	}
	var files []string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || ctx.Err() != nil {
			return errors.Join(err, ctx.Err())
		}
		if d.Name() == ".git" && path != dir {
			if d.IsDir() {
				return filepath.SkipDir
			}
			return nil
		}
		if d.IsDir() {
			return nil
		}
		rel, err := filepath.Rel(dir, path)
		files = append(files, rel)
		return err
	})
	slices.Sort(files)
	return files, err
}

// Digest returns the sha256 over the name, the mode and the content of every
// file that [treeFiles] lists.
func Digest(ctx context.Context, dir string) (string, error) {
	h := sha256.New()
	err := eachFile(ctx, dir, func(rel string, info fs.FileInfo) error {
		path := filepath.Join(dir, rel)
		if info.Mode()&fs.ModeSymlink != 0 {
			target, err := os.Readlink(path)
			if err == nil {
				_, err = fmt.Fprintf(h, "link %q %q\n", rel, target)
			}
			return err
		}
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(h, "file %q %v %d\n", rel, info.Mode().Perm()&0o100 != 0, info.Size())
		if err == nil {
			_, err = io.Copy(h, f)
		}
		return errors.Join(err, f.Close())
	})
	return fmt.Sprintf("%x", h.Sum(nil)), err
}

// copyTo copies the files that [treeFiles] lists, with their times: make
// compares these with those of objects.
func copyTo(ctx context.Context, dir, to string) error {
	return eachFile(ctx, dir, func(rel string, info fs.FileInfo) error {
		from, path := filepath.Join(dir, rel), filepath.Join(to, rel)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if info.Mode()&fs.ModeSymlink != 0 {
			target, err := os.Readlink(from)
			if err != nil {
				return err
			}
			return os.Symlink(target, path)
		}
		in, err := os.Open(from)
		if err != nil {
			return err
		}
		defer in.Close() //nolint:errcheck // it was only read
		out, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, info.Mode().Perm()|0o200)
		if err != nil {
			return err
		}
		_, err = io.Copy(out, in)
		if err := errors.Join(err, out.Close()); err != nil {
			return err
		}
		return os.Chtimes(path, info.ModTime(), info.ModTime())
	})
}

// eachFile calls do with each regular file and link of a source tree. One that
// git lists and that is not there was removed by the user.
func eachFile(ctx context.Context, dir string, do func(rel string, info fs.FileInfo) error) error {
	files, err := treeFiles(ctx, dir)
	for _, rel := range files {
		if err != nil || ctx.Err() != nil {
			break
		}
		info, e := os.Lstat(filepath.Join(dir, rel))
		switch {
		case errors.Is(e, fs.ErrNotExist):
		case e != nil:
			err = e
		case info.Mode().IsRegular(), info.Mode()&fs.ModeSymlink != 0:
			err = do(rel, info)
		}
	}
	if err = errors.Join(err, ctx.Err()); err != nil {
		return fmt.Errorf("read the tree %s: %w", dir, err)
	}
	return nil
}
