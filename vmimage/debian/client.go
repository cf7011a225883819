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
	"net/http"
	"path/filepath"
	"strings"
	"time"

	"kmatrix/vmimage/download"
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

// ErrOffline tells that a file is not in the cache and that the network was
// not to be used.
var ErrOffline = errors.New("it is not in the cache, and --offline keeps from fetching it")

func (c *Client) log(format string, args ...any) {
	if c.Log != nil {
		c.Log(fmt.Sprintf(format, args...))
	}
}

func (c *Client) downloads() *download.Client { return &download.Client{HTTP: c.HTTP, Log: c.Log} }

func (c *Client) now() time.Time {
	if c.Now != nil {
		return c.Now()
	}
	return time.Now()
}

// Fetch downloads a file, checks its size and digest, and returns its path in
// the cache; one that is there is checked and taken. Progress, where not nil,
// hears how many bytes have come.
func (c *Client) Fetch(ctx context.Context, f File, progress func(done, total int64)) (string, error) {
	path := filepath.Join(c.Dir, "packages", f.SHA256[:16], pathBase(f.URL))
	if ok, err := download.Matches(path, f.SHA256); err != nil || ok {
		return path, err
	}
	if c.Offline {
		return "", fmt.Errorf("%s %s: %w", f.Package, f.Version, ErrOffline)
	}
	return path, c.downloads().File(ctx, f.URL, path, download.Want{SHA256: f.SHA256, Size: f.Size}, progress)
}

// pathBase returns the last part of a URL as a file name.
func pathBase(url string) string {
	return strings.ReplaceAll(url[strings.LastIndexByte(url, '/')+1:], "..", "_")
}
