package source

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"kmatrix/matrix"
	"kmatrix/vmimage/debian"
	"kmatrix/vmimage/imagedir"
	"kmatrix/vmimage/lock"
	"kmatrix/vmimage/tree"
)

// upstream is the source package that Debian's kernels are made of. What is
// taken of it is upstream's own tarball.
const upstream = "linux"

// debSourceSource is a kernel's source code as Debian packages it.
type debSourceSource struct{}

func init() { register(debSourceSource{}) }

// Kind describes it.
func (debSourceSource) Kind() matrix.SourceKind {
	return matrix.SourceKind{
		Name: "deb-source", Builds: true,
		Doc: "source code from the mirror that apt's configuration names; it is built",
		Fields: append([]matrix.SourceField{
			{Name: "deb-source", Doc: "the package linux-source-X.Y, which has Debian's patches, or linux: the upstream release that the suite's kernel is made of, without them", Required: true, Pattern: `linux(-source-[0-9][0-9.]*)?`, Example: "linux-source-6.12"},
		}, suiteFields...),
	}
}

// Resolve resolves the package, unless kernels.lock has it.
func (s debSourceSource) Resolve(ctx context.Context, env *Env, k matrix.Kernel) (Recipe, error) {
	client, entry, r, err := resolved(ctx, env, k)
	if err != nil {
		return Recipe{}, err
	}
	f := entry.Files[0]
	r.Tree = &tree.Tree{
		Digest: f.SHA256, Origin: f.URL,
		Entry: unpacked(env, k, f.SHA256, f.URL, func(ctx context.Context, tmp string) (string, error) {
			if k.Source.Fields["deb-source"] == upstream {
				return s.fetchUpstream(ctx, env, client, k, f, tmp)
			}
			return s.fetch(ctx, env, client, k, f, tmp)
		}, func(ctx context.Context) error { return env.Reach(ctx, f.URL) }),
	}
	return r, nil
}

// fetch fetches the package and returns the path of the tarball in it.
func (debSourceSource) fetch(ctx context.Context, env *Env, client *debian.Client, k matrix.Kernel, f lock.File, dir string) (string, error) {
	err := unpackPackage(ctx, env, client, k, f, dir, func(name string) bool {
		return strings.HasPrefix(name, "usr/src/linux-source-") && strings.Contains(filepath.Base(name), ".tar.")
	})
	if err != nil {
		return "", err
	}
	files, err := imagedir.Find(dir, func(name string) bool { return strings.Contains(filepath.Base(name), ".tar.") })
	if err != nil || len(files) != 1 {
		return "", fmt.Errorf("%s holds %d tarballs, want one (%w)", f.Package, len(files), err)
	}
	return files[0], nil
}

// fetchUpstream fetches the tarball of a source package, and returns its path.
func (debSourceSource) fetchUpstream(ctx context.Context, env *Env, client *debian.Client, k matrix.Kernel, f lock.File, dir string) (string, error) {
	path, err := client.Fetch(ctx, debian.File(f), env.fetching(k))
	if err != nil {
		return "", classifyDebian(ctx, err)
	}
	// Beside what is unpacked, it goes when that is done.
	file := filepath.Join(dir, filepath.Base(path))
	return file, errors.Join(os.Rename(path, file), os.Remove(filepath.Dir(path)))
}
