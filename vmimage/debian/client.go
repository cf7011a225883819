// Package debian fetches kernels from a Debian mirror, without dpkg or apt.
//
// [FromApt] finds the mirror that the machine's own apt configuration names.
// [Client.Resolve] picks the newest version of a package over a suite and its
// updates, from indexes whose signature it has checked (index.go), and follows
// its dependencies to the packages that hold the kernel and its modules.
// [Client.Fetch] downloads them, and [Extract] unpacks what is wanted.
package debian

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Client fetches from a mirror. HTTP, Mirrors and Dir must be set.
type Client struct {
	HTTP    *http.Client
	Mirrors Mirrors
	// Dir keeps indexes and packages.
	Dir string
	// Offline uses what Dir has, and nothing else.
	Offline bool
	// Log takes lines for the user; may be nil.
	Log func(string)
	// Now is the time that signatures and indexes are judged by; nil means
	// time.Now.
	Now func() time.Time

	suites suiteCache
}

// ErrGone tells that the mirror no longer has a file: pools keep only what a
// suite lists.
var ErrGone = errors.New("the mirror no longer has it")

// ErrOffline tells that a file is not in the cache and that the network was
// not to be used.
var ErrOffline = errors.New("it is not in the cache, and --offline keeps from fetching it")

// UnreachableError tells that a mirror could not be asked.
type UnreachableError struct {
	URL string
	Err error
}

// Error names the URL and the cause.
func (e *UnreachableError) Error() string { return fmt.Sprintf("reach %s: %v", e.URL, e.Err) }

// Unwrap returns the cause.
func (e *UnreachableError) Unwrap() error { return e.Err }

// attempts is how often a request is made that fails for a passing reason, and
// backoff the time before the second; it doubles.
const (
	attempts = 3
	backoff  = 500 * time.Millisecond
)

func (c *Client) log(format string, args ...any) {
	if c.Log != nil {
		c.Log(fmt.Sprintf(format, args...))
	}
}

func (c *Client) now() time.Time {
	if c.Now != nil {
		return c.Now()
	}
	return time.Now()
}

// get writes the body of a URL to w. The error is [ErrGone] for a 404, and an
// [*UnreachableError] when the server was not reached.
func (c *Client) get(ctx context.Context, url string, w func() io.Writer) error {
	var err error
	for i := range attempts {
		if i > 0 {
			select {
			case <-time.After(backoff << (i - 1)):
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		var again bool
		if again, err = c.try(ctx, url, w()); err == nil || !again {
			return err
		}
	}
	return err
}

// try makes one request; again tells whether another one may do better.
func (c *Client) try(ctx context.Context, url string, w io.Writer) (again bool, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return false, fmt.Errorf("fetch %s: %w", url, err)
	}
	// Bytes as they are: an index that a proxy had compressed anew would not
	// have its digest.
	req.Header.Set("Accept-Encoding", "identity")
	res, err := c.HTTP.Do(req)
	if ctx.Err() != nil {
		return false, ctx.Err()
	}
	if err != nil {
		return true, &UnreachableError{URL: url, Err: err}
	}
	defer res.Body.Close() //nolint:errcheck // it was only read
	switch {
	case res.StatusCode == http.StatusNotFound:
		return false, fmt.Errorf("fetch %s: %w", url, ErrGone)
	case res.StatusCode >= 500:
		return true, &UnreachableError{URL: url, Err: errors.New(res.Status)}
	case res.StatusCode != http.StatusOK:
		return false, &UnreachableError{URL: url, Err: errors.New(res.Status)}
	}
	if _, err := io.Copy(w, res.Body); err != nil {
		var disk *os.PathError
		if errors.As(err, &disk) {
			return false, fmt.Errorf("keep %s: %w", url, err)
		}
		if ctx.Err() != nil {
			return false, ctx.Err()
		}
		return true, fmt.Errorf("fetch %s: the transfer broke off: %w", url, err)
	}
	return false, nil
}

// Fetch downloads a file, checks its size and digest, and returns its path in
// the cache; one that is there is checked and taken. Progress, where not nil,
// hears how many bytes have come.
func (c *Client) Fetch(ctx context.Context, f File, progress func(done, total int64)) (string, error) {
	path := filepath.Join(c.Dir, "packages", f.SHA256[:16], pathBase(f.URL))
	if ok, err := matches(path, f.SHA256); err != nil || ok {
		return path, err
	}
	if c.Offline {
		return "", fmt.Errorf("%s %s: %w", f.Package, f.Version, ErrOffline)
	}
	return path, c.download(ctx, f.URL, path, digest{sha256: f.SHA256, size: f.Size}, progress)
}

// pathBase returns the last part of a URL as a file name.
func pathBase(url string) string {
	return strings.ReplaceAll(url[strings.LastIndexByte(url, '/')+1:], "..", "_")
}
