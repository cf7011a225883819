package vmimage

import (
	"context"
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
		Doc: "a source tree on this machine as it is now, without what its .gitignore names; it is built elsewhere and never written to",
		Fields: []matrix.SourceField{
			{Name: "tree", Doc: "its path, from the directory of kernels.yaml", Required: true, Example: "../linux"},
		},
	}
}

// Find reads the tree as it is now.
func (treeSource) Find(ctx context.Context, env *Env, k matrix.Kernel) (found, error) {
	dir, err := filepath.Abs(env.path(k.Source.Fields["tree"]))
	if err != nil {
		return found{}, err
	}
	t := tree{origin: dir, local: true, dir: func(context.Context) (string, error) { return dir, nil }}
	if err := t.check(dir); err != nil {
		return found{}, err
	}
	env.progress(k.Name, "reading "+dir)
	if t.digest, err = digestTree(ctx, dir); err != nil {
		return found{}, err
	}
	return found{trust: matrix.TrustLocal, tree: &t}, nil
}
