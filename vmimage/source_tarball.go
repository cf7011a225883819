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

// Find says which tarball it is. One whose digest nobody knows yet is fetched
// for that.
func (s tarballSource) Find(ctx context.Context, env *Env, k matrix.Kernel) (found, error) {
	where, want := k.Source.Fields["tarball"], k.Source.Fields["sha256"]
	u, err := url.Parse(where)
	if err != nil || u.Host == "" {
		return s.local(ctx, env, k, want)
	}
	entry, known := env.Lock.Get(k.SourceOf(), k.Source.Fields)
	switch {
	case want != "":
	case known:
		want = entry.Files[0].SHA256
	case env.Locked:
		return found{}, locked("%s has no entry for it, and --locked keeps from making one", env.Lock.Path())
	default:
		if want, err = s.first(ctx, env, k, where); err != nil {
			return found{}, err
		}
	}
	return found{tree: &tree{digest: want, origin: where, dir: func(ctx context.Context) (string, error) {
		return unpackTarball(ctx, env, k, want, where, func(ctx context.Context, _ string) (string, error) {
			return s.fetch(ctx, env, k, where, want)
		})
	}}}, nil
}

// local takes a tarball of this machine.
func (tarballSource) local(_ context.Context, env *Env, k matrix.Kernel, want string) (found, error) {
	file := env.path(k.Source.Fields["tarball"])
	sum, err := cache.Digest(file)
	if errors.Is(err, fs.ErrNotExist) {
		return found{}, &UnavailableError{err}
	}
	if err != nil {
		return found{}, err
	}
	if want != "" && sum != want {
		return found{}, &UnavailableError{&download.MismatchError{URL: file, What: "sha256", Got: sum, Want: want}}
	}
	return found{tree: &tree{digest: sum, origin: file, dir: func(ctx context.Context) (string, error) {
		return unpackTarball(ctx, env, k, sum, file, func(context.Context, string) (string, error) { return file, nil })
	}}}, nil
}

// first fetches a tarball that has no digest yet, and records the one it has.
func (s tarballSource) first(ctx context.Context, env *Env, k matrix.Kernel, where string) (string, error) {
	if env.Cache.Peek {
		return "", env.outOfReach(ctx, &cache.MissingError{Key: where}, where)
	}
	file, err := s.fetch(ctx, env, k, where, "")
	if err != nil {
		return "", err
	}
	sum, err := cache.Digest(file)
	if err != nil {
		return "", err
	}
	env.log("%s: kernels.yaml has no sha256 for it; the first download's, %s, is recorded", k.Name, sum)
	e := lock.Entry{Source: k.Source.Fields, Version: path.Base(where), Resolved: time.Now().UTC().Truncate(time.Second), Files: []lock.File{{URL: where, SHA256: sum}}}
	if err := env.record(k, e); err != nil {
		return "", err
	}
	// Under the name that the recorded digest gives.
	kept := tarballPath(env, where, sum)
	if err := os.MkdirAll(filepath.Dir(kept), 0o755); err != nil {
		return "", fmt.Errorf("keep a tarball: %w", err)
	}
	return sum, os.Rename(file, kept)
}

// fetch returns the path of the tarball with the digest want, "" for any.
func (tarballSource) fetch(ctx context.Context, env *Env, k matrix.Kernel, where, want string) (string, error) {
	file := tarballPath(env, where, want)
	if _, err := os.Stat(file); err == nil && want != "" {
		return file, nil
	}
	if env.Offline {
		return "", notCached(where)
	}
	if err := reach(ctx, env.HTTP, env.url(where)); err != nil {
		if ctx.Err() != nil {
			return "", ctx.Err()
		}
		return "", unavailable("%w; if you have a tree or an image of it, name that as its source", err)
	}
	return file, remote(env.downloads().File(ctx, env.url(where), file, download.Want{SHA256: want}, env.fetching(k)))
}

// tarballPath is where a download is kept.
func tarballPath(env *Env, where, sum string) string {
	return filepath.Join(env.Cache.Dir, cache.Key(kindTarball, where, sum), path.Base(where))
}

// unpackTarball returns the directory of an unpacked source tarball. get
// returns the tarball's path; it may leave files in the directory that it is
// given.
func unpackTarball(ctx context.Context, env *Env, k matrix.Kernel, digest, origin string, get func(ctx context.Context, dir string) (string, error)) (string, error) {
	dir, err := env.Cache.Entry(ctx, cache.Key(kindTree, digest), func(ctx context.Context, dir string) error {
		tmp := filepath.Join(dir, ".tarball")
		if err := os.Mkdir(tmp, 0o755); err != nil {
			return err
		}
		file, err := get(ctx, tmp)
		if err != nil {
			return err
		}
		env.progress(k.Name, "unpacking")
		_, err = proc.Run(ctx, proc.Cmd{Path: "tar", Args: []string{"--extract", "--file", file, "--directory", dir, "--strip-components=1", "--no-same-owner"}})
		var failed *proc.Error
		if errors.As(err, &failed) && ctx.Err() == nil && !strings.Contains(failed.Stderr, "No space left") {
			return unavailable("%s does not unpack: it is cut or no tarball: %w", origin, err)
		}
		return errors.Join(err, os.RemoveAll(tmp))
	})
	var missing *cache.MissingError
	if errors.As(err, &missing) {
		return "", env.outOfReach(ctx, err, origin)
	}
	return dir, err
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
	switch {
	case res.StatusCode == http.StatusNotFound:
		return fmt.Errorf("%s of %s: %w", path.Base(where), req.URL.Host, download.ErrGone)
	case res.StatusCode != http.StatusOK:
		return fmt.Errorf("%s answers %s for %s", req.URL.Host, res.Status, path.Base(where))
	}
	return nil
}
