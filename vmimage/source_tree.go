package vmimage

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"kmatrix/matrix"
)

// treeSource is a local source tree. It is never written to.
type treeSource struct{}

func init() { register(treeSource{}) }

// Kind describes it.
func (treeSource) Kind() matrix.SourceKind {
	return matrix.SourceKind{
		Name: "tree", Builds: true,
		Doc: "a source tree on this machine; it is built out of tree and never written to",
		Fields: []matrix.SourceField{
			{Name: "tree", Doc: "its path, from the directory of kernels.yaml", Required: true, Example: "../linux"},
		},
	}
}

// Image builds the tree as it is now.
func (treeSource) Image(ctx context.Context, env *Env, k matrix.Kernel) (matrix.Image, error) {
	dir, err := filepath.Abs(env.path(k.Source.Fields["tree"]))
	if err != nil {
		return matrix.Image{}, err
	}
	t := tree{dir: dir, origin: dir}
	if err := t.check(); err != nil {
		return matrix.Image{}, err
	}
	env.progress(k.Name, "reading "+dir)
	if t.digest, err = digestTree(ctx, dir); err != nil {
		return matrix.Image{}, err
	}
	return t.image(ctx, env, k)
}

// digestTree returns the sha256 over every name, mode and content below dir,
// but for what git keeps of its own.
func digestTree(ctx context.Context, dir string) (string, error) {
	h := sha256.New()
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
		rel, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		switch {
		case d.Type()&fs.ModeSymlink != 0:
			target, err := os.Readlink(path)
			if err != nil {
				return err
			}
			fmt.Fprintf(h, "link %q %q\n", rel, target)
		case d.Type().IsRegular():
			info, err := d.Info()
			if err != nil {
				return err
			}
			fmt.Fprintf(h, "file %q %v %d\n", rel, info.Mode().Perm()&0o100 != 0, info.Size())
			f, err := os.Open(path)
			if err != nil {
				return err
			}
			_, err = io.Copy(h, f)
			return errors.Join(err, f.Close())
		}
		return nil
	})
	if err != nil {
		return "", fmt.Errorf("read the tree: %w", err)
	}
	return fmt.Sprintf("%x", h.Sum(nil)), nil
}
