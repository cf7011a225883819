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
	"strings"
	"time"

	"kmatrix/matrix"
)

// tarballSource is a kernel's source code as kernel.org releases it.
type tarballSource struct{}

func init() { register(tarballSource{}) }

// Kind describes it.
func (tarballSource) Kind() matrix.SourceKind {
	return matrix.SourceKind{
		Name: "tarball",
		Doc:  "source code as kernel.org releases it; this version of kmatrix builds none yet, so that its column says unavailable",
		Fields: []matrix.SourceField{
			{Name: "tarball", Doc: "its URL, or its path from the directory of kernels.yaml", Required: true, Example: "https://cdn.kernel.org/pub/linux/kernel/v5.x/linux-5.15.148.tar.xz"},
			{Name: "sha256", Doc: "its digest", Pattern: `[0-9a-f]{64}`, Example: strings.Repeat("0", 64)},
		},
	}
}

// reachDeadline is how long a server may take to answer whether it has a file.
const reachDeadline = 5 * time.Second

// Image finds out whether the source can be had, and says what is missing.
func (tarballSource) Image(ctx context.Context, env *Env, k matrix.Kernel) (matrix.Image, error) {
	const build = "it is source code, which this version of kmatrix does not build: build it and name the bzImage as source: {image: PATH}"
	where := k.Source.Fields["tarball"]
	u, err := url.Parse(where)
	if err != nil || u.Host == "" {
		if _, err := os.Stat(env.path(where)); errors.Is(err, fs.ErrNotExist) {
			return matrix.Image{}, unavailable("there is no %s", env.path(where))
		}
		return matrix.Image{}, unavailable("%s", build)
	}
	if env.Offline {
		return matrix.Image{}, unavailable("%s is not in the cache, and --offline keeps from fetching it", where)
	}
	env.progress(k.Name, "asking "+u.Host)
	if err := reach(ctx, env.HTTP, where); err != nil {
		if ctx.Err() != nil {
			return matrix.Image{}, ctx.Err()
		}
		return matrix.Image{}, unavailable("%s is not reached from here: %w", u.Host, err)
	}
	return matrix.Image{}, unavailable("%s", build)
}

// reach asks a server for a file's head.
func reach(ctx context.Context, client *http.Client, where string) error {
	ctx, cancel := context.WithTimeout(ctx, reachDeadline)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodHead, where, nil)
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
			return errors.New(unknown.Err) // without the resolver's address
		case errors.As(err, &failed):
			return failed.Err // without the URL, which is said already
		}
		return err
	}
	if err := res.Body.Close(); err != nil {
		return err
	}
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("it answers %s", res.Status)
	}
	return nil
}
