package vmimage

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"

	"kmatrix/matrix"
	"kmatrix/vmimage/cache"
	"kmatrix/vmimage/debian"
	"kmatrix/vmimage/lock"
)

// debSourceSource is a kernel's source code as Debian packages it.
type debSourceSource struct{}

func init() { register(debSourceSource{}) }

// Kind describes it.
func (debSourceSource) Kind() matrix.SourceKind {
	return matrix.SourceKind{
		Name: "deb-source", Builds: true,
		Doc: "source code with Debian's patches, from the mirror that apt's configuration names; it is built",
		Fields: append([]matrix.SourceField{
			{Name: "deb-source", Doc: "the package", Required: true, Pattern: `linux-source-[0-9][0-9.]*`, Example: "linux-source-6.12"},
		}, suiteFields...),
	}
}

// Image fetches the package, unpacks the tarball in it, and builds that.
func (s debSourceSource) Image(ctx context.Context, env *Env, k matrix.Kernel) (matrix.Image, error) {
	client, err := env.debianClient()
	if err != nil {
		return matrix.Image{}, err
	}
	dir, entry, err := withEntry(ctx, env, client, k, s.fetch)
	if err != nil {
		return matrix.Image{}, err
	}
	files, err := find(dir, func(name string) bool { return strings.Contains(filepath.Base(name), ".tar.") })
	if err != nil || len(files) != 1 {
		return matrix.Image{}, fmt.Errorf("%s holds %d tarballs, want one (%w)", entry.Files[0].Package, len(files), err)
	}
	img, err := unpackTarball(ctx, env, k, files[0], entry.Files[0].SHA256, entry.Files[0].URL)
	img.Version = entry.Version
	return img, err
}

// fetch returns the directory with the package's tarball.
func (debSourceSource) fetch(ctx context.Context, env *Env, client *debian.Client, k matrix.Kernel, e lock.Entry) (string, error) {
	return env.Cache.Entry(ctx, cache.Key("sources", e.Files[0].SHA256), func(ctx context.Context, dir string) error {
		path, err := client.Fetch(ctx, debian.File(e.Files[0]), func(done, total int64) {
			env.progress(k.Name, fmt.Sprintf("fetching %d of %d MB", done/1e6, total/1e6))
		})
		if err != nil {
			return err
		}
		return debian.Extract(ctx, path, dir, func(name string) bool {
			return strings.HasPrefix(name, "usr/src/linux-source-") && strings.Contains(filepath.Base(name), ".tar.")
		})
	})
}
