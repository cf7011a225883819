package vmimage

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"

	"kmatrix/matrix"
	"kmatrix/vmimage/cache"
	"kmatrix/vmimage/download"
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

// Find says which tarball it is. One whose digest nobody knows yet is fetched
// for that.
func (tarballSource) Find(ctx context.Context, env *Env, k matrix.Kernel) (found, error) {
	t := tarball{env: env, kernel: k, where: k.Source.Fields["tarball"], want: k.Source.Fields["sha256"], keyring: k.Source.Fields["keyring"]}
	find := t.findRemote
	if u, err := url.Parse(t.where); err != nil || u.Host == "" {
		find = t.findLocal
	}
	sum, trust, err := find(ctx)
	if err != nil {
		return found{}, err
	}
	return found{trust: trust, tree: &tree{digest: sum, origin: t.where, dir: func(ctx context.Context) (string, error) {
		return t.unpack(ctx, sum)
	}}}, nil
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

// findLocal returns the digest of a tarball of this machine.
func (t *tarball) findLocal(ctx context.Context) (string, matrix.Trust, error) {
	t.where, t.local = t.env.path(t.where), true
	sum, err := cache.Digest(t.where)
	if errors.Is(err, fs.ErrNotExist) {
		return "", "", &UnavailableError{err}
	}
	if err != nil {
		return "", "", err
	}
	trust := matrix.TrustLocal
	if t.want != "" {
		if sum != t.want {
			return "", "", unavailable("%s is not the file that kernels.yaml means: its sha256 is %s, and sha256: says %s", t.where, sum, t.want)
		}
		trust = matrix.TrustDigest
	}
	if t.keyring != "" {
		listed, _, err := t.listed(ctx)
		if err != nil {
			return "", "", err
		}
		if sum != listed {
			return "", "", unavailable("%s has the sha256 %s, and the signed %s beside it says %s", t.where, sum, sumsName, listed)
		}
		trust = matrix.TrustSigned
	}
	return sum, trust, nil
}

// unpack returns the directory of the tarball with that digest, which is fetched
// where it is not there.
func (t *tarball) unpack(ctx context.Context, sum string) (string, error) {
	dir, err := unpackTarball(ctx, t.env, t.kernel, sum, t.where, func(ctx context.Context, _ string) (string, error) {
		if t.local {
			return t.where, nil
		}
		return t.fetch(ctx, sum)
	})
	if !t.local {
		err = t.env.outOfReach(ctx, err, t.where)
	}
	if err != nil {
		return "", err
	}
	return dir, checkVersion(dir, path.Base(t.where))
}

// fetch returns the path of the tarball with the digest want, "" for any.
func (t *tarball) fetch(ctx context.Context, want string) (string, error) {
	env, file := t.env, t.path(want)
	if _, err := os.Stat(file); err == nil && want != "" {
		return file, nil
	}
	if env.Offline {
		return "", notCached(t.where)
	}
	if err := t.reach(ctx, t.where); err != nil {
		return "", err
	}
	err := env.downloads().File(ctx, env.url(t.where), file, download.Want{SHA256: want}, env.fetching(t.kernel))
	var mismatch *download.MismatchError
	switch {
	case !errors.As(err, &mismatch) || mismatch.Seen != "":
	case t.want != "":
		err = fmt.Errorf("%w, or sha256: in kernels.yaml is another file's", err)
	case t.keyring == "":
		err = fmt.Errorf("%w, or it was released anew: kmatrix kernels lock --update %s trusts what is there now", err, t.kernel.SourceOf())
	}
	return file, remote(err)
}

// path is where the download with that digest is kept.
func (t *tarball) path(sum string) string {
	return filepath.Join(t.env.Cache.Dir, cache.Key(kindTarball, t.where, sum), path.Base(t.where))
}

// reach sees that the server has a file, and says what to do where it has not.
func (t *tarball) reach(ctx context.Context, where string) error {
	err := reach(ctx, t.env.HTTP, t.env.url(where))
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(err, download.ErrGone):
		return unavailable("%w; what it has is listed at %s", err, where[:strings.LastIndexByte(where, '/')+1])
	}
	return unavailable("%w; if you have a tree or an image of it, name that as its source", err)
}

// reachDeadline is how long a server may take to answer whether it has a file:
// one that is out of reach must not hold up the others.
const reachDeadline = 5 * time.Second

// reach asks a server for a file's head.
func reach(ctx context.Context, client *http.Client, where string) error {
	limited, cancel := context.WithTimeout(ctx, reachDeadline)
	defer cancel()
	req, err := http.NewRequestWithContext(limited, http.MethodHead, where, nil)
	if err != nil {
		return err
	}
	res, err := client.Do(req)
	if err != nil {
		var (
			failed  *url.Error
			unknown *net.DNSError
		)
		switch {
		case errors.As(err, &unknown):
			err = errors.New(unknown.Err) // without the resolver's address
		case errors.As(err, &failed):
			err = failed.Err // without the URL
		}
		return fmt.Errorf("%s is not reached from here: %w", req.URL.Host, err)
	}
	if err := res.Body.Close(); err != nil {
		return err
	}
	switch res.StatusCode {
	case http.StatusOK, http.StatusMethodNotAllowed, http.StatusNotImplemented: // the latter two know no heads
		return nil
	case http.StatusNotFound, http.StatusGone:
		return fmt.Errorf("%s of %s: %w", path.Base(where), req.URL.Host, download.ErrGone)
	}
	return fmt.Errorf("%s answers %s for %s", req.URL.Host, res.Status, path.Base(where))
}
