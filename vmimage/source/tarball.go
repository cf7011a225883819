package source

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"strings"

	"kmatrix/matrix"
	"kmatrix/vmimage/cache"
	"kmatrix/vmimage/download"
	"kmatrix/vmimage/fault"
	"kmatrix/vmimage/tree"
)

// tarballSource is a kernel's source code as kernel.org releases it.
type tarballSource struct{}

func init() { register(tarballSource{}) }

// Kind describes it.
func (tarballSource) Kind() matrix.SourceKind {
	return matrix.SourceKind{
		Name: "tarball", Builds: true,
		Doc: "source code as kernel.org releases it; it is built",
		Fields: []matrix.SourceField{
			{Name: "tarball", Doc: "its URL, or its path from the directory of kernels.yaml", Required: true, Example: "https://cdn.kernel.org/pub/linux/kernel/v5.x/linux-5.15.148.tar.xz"},
			{Name: "sha256", Doc: "its digest; without it and keyring, the first download's is recorded in kernels.lock, and held to", Pattern: `[0-9a-f]{64}`, Example: strings.Repeat("0", 64)},
			{Name: "keyring", Doc: "a file of public keys, its path from the directory of kernels.yaml: one of them must have signed the list " + sumsName + " beside the tarball, which has its digest", Example: "kernel.org.gpg"},
		},
	}
}

// Resolve says which tarball it is. One whose digest nobody knows yet is to be fetched
// for that first.
func (tarballSource) Resolve(ctx context.Context, env *Env, k matrix.Kernel) (Recipe, error) {
	t := tarball{env: env, kernel: k, where: k.Source.Fields["tarball"], want: k.Source.Fields["sha256"], keyring: k.Source.Fields["keyring"]}
	resolve := t.resolveRemote
	if u, err := url.Parse(t.where); err != nil || u.Host == "" {
		resolve = t.resolveLocal
	}
	sum, r, err := resolve(ctx)
	if err == nil && r.Before == nil {
		r.Tree = t.tree(sum)
	}
	return r, err
}

// tarball is one of a kernel.
type tarball struct {
	env    *Env
	kernel matrix.Kernel
	// where is its URL or, once it was found to be one, its path.
	where string
	local bool
	// want is the digest of kernels.yaml, and keyring the file there; "" for none.
	want, keyring string
}

// resolveLocal returns the digest of a tarball of this machine.
func (t *tarball) resolveLocal(ctx context.Context) (string, Recipe, error) {
	t.where, t.local = t.env.Path(t.where), true
	sum, err := cache.Digest(t.where)
	if errors.Is(err, fs.ErrNotExist) {
		return "", Recipe{}, &fault.UnavailableError{Err: err}
	}
	if err != nil {
		return "", Recipe{}, err
	}
	trust := matrix.TrustLocal
	if t.want != "" {
		if sum != t.want {
			return "", Recipe{}, fault.Unavailable("%s is not the file that kernels.yaml means: its sha256 is %s, and sha256: says %s", t.where, sum, t.want)
		}
		trust = matrix.TrustDigest
	}
	if t.keyring != "" {
		listed, _, err := t.listed(ctx)
		if err != nil {
			return "", Recipe{}, err
		}
		if sum != listed {
			return "", Recipe{}, fault.Unavailable("%s has the sha256 %s, and the signed %s beside it says %s", t.where, sum, sumsName, listed)
		}
		trust = matrix.TrustSigned
	}
	return sum, Recipe{Trust: trust}, nil
}

// tree is the tree of the tarball with that digest, which is fetched where it is not
// there.
func (t *tarball) tree(sum string) *tree.Tree {
	var reach func(context.Context) error
	if !t.local {
		reach = func(ctx context.Context) error { return t.reach(ctx, t.where) }
	}
	return &tree.Tree{
		Digest: sum, Origin: t.where,
		Entry: unpacked(t.env, t.kernel, sum, t.where, func(ctx context.Context, _ string) (string, error) {
			if t.local {
				return t.where, nil
			}
			return t.fetch(ctx, sum)
		}, reach),
		Verify: func(dir string) error { return checkVersion(dir, path.Base(t.where)) },
	}
}

// fetch returns the path of the tarball with the digest want, "" for any.
func (t *tarball) fetch(ctx context.Context, want string) (string, error) {
	env, file := t.env, t.path(want)
	if _, err := os.Stat(file); err == nil && want != "" {
		return file, nil
	}
	if err := t.reach(ctx, t.where); err != nil {
		return "", err
	}
	err := env.Downloads().File(ctx, env.URL(t.where), file, download.Want{SHA256: want}, env.fetching(t.kernel))
	var mismatch *download.MismatchError
	switch {
	case !errors.As(err, &mismatch) || mismatch.Seen != "":
	case t.want != "":
		err = fmt.Errorf("%w, or sha256: in kernels.yaml is another file's", err)
	case t.keyring == "":
		err = fmt.Errorf("%w, or it was released anew: kmatrix kernels lock --update %s trusts what is there now", err, t.kernel.SourceOf())
	}
	return file, fault.OfServer(err)
}

// path is where the download with that digest is kept.
func (t *tarball) path(sum string) string {
	return filepath.Join(t.env.Cache.Dir, cache.Key(KindTarball, t.where, sum), path.Base(t.where))
}

// reach sees that the server has a file, and says what to do where it has not.
func (t *tarball) reach(ctx context.Context, where string) error {
	if t.env.Offline {
		return fault.NotCached(where)
	}
	err := reach(ctx, t.env.HTTP, t.env.URL(where))
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(err, download.ErrGone):
		return fault.Unavailable("%w; what it has is listed at %s", err, where[:strings.LastIndexByte(where, '/')+1])
	}
	return fault.Unavailable("%w; if you have a tree or an image of it, name that as its source", err)
}
