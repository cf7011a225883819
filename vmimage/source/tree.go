package source

import (
	"context"
	"path/filepath"

	"kmatrix/matrix"
	"kmatrix/vmimage/tree"
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

// Resolve reads the tree as it is now.
func (treeSource) Resolve(ctx context.Context, env *Env, k matrix.Kernel) (Recipe, error) {
	dir, err := filepath.Abs(env.Path(k.Source.Fields["tree"]))
	if err != nil {
		return Recipe{}, err
	}
	if err := tree.Check(dir, dir); err != nil {
		return Recipe{}, err
	}
	env.Tell(k.Name, "reading "+dir)
	digest, err := tree.Digest(ctx, dir)
	if err != nil {
		return Recipe{}, err
	}
	return Recipe{Trust: matrix.TrustLocal, Tree: &tree.Tree{Digest: digest, Origin: dir, Path: dir}}, nil
}
