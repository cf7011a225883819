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
	"kmatrix/matrix/proc"
	"kmatrix/vmimage/cache"
	"kmatrix/vmimage/download"
	"kmatrix/vmimage/lock"
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
			{Name: "sha256", Doc: "its digest; without it, the first download's is recorded in kernels.lock, and held to", Pattern: `[0-9a-f]{64}`, Example: strings.Repeat("0", 64)},
		},
	}
}

// Image fetches the tarball, unpacks and builds it.
func (s tarballSource) Image(ctx context.Context, env *Env, k matrix.Kernel) (matrix.Image, error) {
	where := k.Source.Fields["tarball"]
	file, want := env.path(where), k.Source.Fields["sha256"]
	if u, err := url.Parse(where); err == nil && u.Host != "" {
		if file, want, err = s.fetch(ctx, env, k, where, want); err != nil {
			return matrix.Image{}, err
		}
	}
	sum, err := cache.Digest(file)
	if errors.Is(err, fs.ErrNotExist) {
		return matrix.Image{}, &UnavailableError{err}
	}
	if err != nil {
		return matrix.Image{}, err
	}
	if want != "" && sum != want {
		return matrix.Image{}, &UnavailableError{&download.MismatchError{URL: file, What: "sha256", Got: sum, Want: want}}
	}
	return unpackTarball(ctx, env, k, file, sum, where)
}

// fetch downloads the tarball. Its digest is the file's own, or the one of the
// first download.
func (tarballSource) fetch(ctx context.Context, env *Env, k matrix.Kernel, where, want string) (file, sum string, err error) {
	entry, known := env.Lock.Get(k.SourceOf(), k.Source.Fields)
	if want == "" && known {
		want = entry.Files[0].SHA256
	}
	file = filepath.Join(env.Cache.Dir, filepath.FromSlash(cache.Key("tarballs", where, want)), path.Base(where))
	if _, err := os.Stat(file); err == nil {
		return file, want, nil
	}
	switch {
	case env.Offline:
		return "", "", unavailable("%s is not in the cache, and --offline keeps from fetching it", where)
	case env.Locked && !known:
		return "", "", locked("%s has no entry for it, and --locked keeps from making one", env.Lock.Path())
	}
	if err := reach(ctx, env.HTTP, env.url(where)); err != nil {
		if ctx.Err() != nil {
			return "", "", ctx.Err()
		}
		return "", "", unavailable("%w; if you have a tree or an image of it, name that as its source", err)
	}
	err = download.File(ctx, env.HTTP, env.url(where), file, download.Want{SHA256: want}, func(done, _ int64) {
		env.progress(k.Name, fmt.Sprintf("fetching %d MB", done/1e6))
	})
	var (
		reach    *download.UnreachableError
		mismatch *download.MismatchError
	)
	if errors.As(err, &reach) || errors.As(err, &mismatch) || errors.Is(err, download.ErrGone) {
		return "", "", &UnavailableError{err}
	}
	if err != nil || want != "" {
		return file, want, err
	}
	if sum, err = cache.Digest(file); err != nil {
		return "", "", err
	}
	env.log("%s: kernels.yaml has no sha256 for it; the first download's, %s, is recorded", k.Name, sum)
	e := lock.Entry{Source: k.Source.Fields, Version: path.Base(where), Resolved: time.Now().UTC().Truncate(time.Second), Files: []lock.File{{URL: where, SHA256: sum}}}
	if err := env.Lock.Put(k.SourceOf(), e); err != nil {
		return "", "", err
	}
	// Under the name that the recorded digest gives.
	kept := filepath.Join(env.Cache.Dir, filepath.FromSlash(cache.Key("tarballs", where, sum)), path.Base(where))
	if err := os.MkdirAll(filepath.Dir(kept), 0o755); err != nil {
		return "", "", fmt.Errorf("keep a tarball: %w", err)
	}
	return kept, sum, os.Rename(file, kept)
}

// unpackTarball unpacks a source tarball into the cache and builds it.
func unpackTarball(ctx context.Context, env *Env, k matrix.Kernel, file, sum, origin string) (matrix.Image, error) {
	env.progress(k.Name, "unpacking")
	dir, err := env.Cache.Entry(ctx, cache.Key("trees", sum), func(ctx context.Context, dir string) error {
		_, err := proc.Run(ctx, proc.Cmd{Path: "tar", Args: []string{"--extract", "--file", file, "--directory", dir, "--strip-components=1", "--no-same-owner"}})
		return err
	})
	var failed *proc.Error
	if errors.As(err, &failed) && ctx.Err() == nil && !strings.Contains(failed.Stderr, "No space left") {
		return matrix.Image{}, unavailable("%s does not unpack: it is cut or no tarball: %w", origin, err)
	}
	if err != nil {
		return matrix.Image{}, err
	}
	return tree{dir: dir, digest: sum, origin: origin}.image(ctx, env, k)
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
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answers %s for %s", req.URL.Host, res.Status, path.Base(where))
	}
	return nil
}
