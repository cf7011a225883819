// Package download fetches files over HTTP: whole, checked, or not at all.
//
// A file comes under another name (partial.go), is compared with the digest that
// it must have, synced and renamed. What breaks off goes on where it was, in the
// same process or the next, as long as the server says that the file is the same
// (attempt.go); what fails for a passing reason is tried again.
package download

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"kmatrix/matrix/atomicfile"
	"kmatrix/matrix/lockfile"
)

// Client downloads. HTTP must be set.
type Client struct {
	HTTP *http.Client
	// Stall is how long a server may send nothing before the transfer counts as
	// broken off; 0 means a minute.
	Stall time.Duration
	// Log takes lines for the user, such as that a download goes on where another
	// broke off; may be nil.
	Log func(string)
}

// Want is what a file must be. The zero value takes anything.
type Want struct {
	// SHA256 is in hex; "" for unknown.
	SHA256 string
	// Size is in bytes; 0 for unknown.
	Size int64
}

// File fetches a URL into path. progress, which may be nil, hears how many bytes
// there are, of how many, 0 for unknown. Of a transfer that broke off for good,
// or was interrupted, what came stays beside path for the next call, where the
// server is one that it can go on with; [Sweep] removes what nobody went on with.
func (c *Client) File(ctx context.Context, url, path string, want Want, progress func(done, total int64)) (err error) {
	lock, err := c.alone(ctx, path)
	if err != nil {
		return fmt.Errorf("keep %s: %w", url, err)
	}
	defer func() { err = errors.Join(err, lock.Release()) }()
	if want.SHA256 != "" {
		// Whoever was waited for may have fetched it.
		if ok, err := Matches(path, want.SHA256); err != nil || ok {
			return err
		}
	}
	p, err := openPartial(path, url, want)
	if err != nil {
		return fmt.Errorf("keep %s: %w", url, err)
	}
	defer func() { err = errors.Join(err, p.close()) }()
	if p.size > 0 {
		c.log("%s: going on at %s, which came before", filepath.Base(path), p.far())
	}
	t := transfer{client: c, url: url, part: p, most: want.Size, progress: progress}
	if err := t.fetch(ctx); err != nil {
		return t.leave(err)
	}
	err = p.check(url, want)
	if t.resumed && errors.As(err, new(*MismatchError)) {
		// What came before may be at fault.
		c.log("%s: its parts do not fit together: fetching it from the beginning", filepath.Base(path))
		if err := t.restart(validators{}); err != nil {
			return err
		}
		if err := t.fetch(ctx); err != nil {
			return t.leave(err)
		}
		err = p.check(url, want)
	}
	if err != nil {
		return errors.Join(err, p.discard())
	}
	if err := p.finish(path); err != nil {
		return fmt.Errorf("keep %s: %w", url, errors.Join(err, p.discard()))
	}
	return nil
}

// alone makes the directory, and waits for the lock on the file.
func (c *Client) alone(ctx context.Context, path string) (*lockfile.Lock, error) {
	for {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return nil, err
		}
		lock, err := lockfile.Wait(ctx, partialName(path)+lockfile.Suffix, func(h lockfile.Holder) {
			c.log("%s is being fetched by %s: waiting for it", filepath.Base(path), h)
		})
		// Whoever was waited for may have removed the directory with what it held.
		if !errors.Is(err, fs.ErrNotExist) {
			return lock, err
		}
	}
}

func (c *Client) log(format string, args ...any) {
	if c.Log != nil {
		c.Log(fmt.Sprintf(format, args...))
	}
}

// finish gives the file its name.
func (p *partial) finish(path string) error {
	if err := p.file.Sync(); err != nil {
		return err
	}
	if err := atomicfile.Rename(p.file.Name(), path); err != nil {
		return err
	}
	return p.forget()
}

// Matches reports whether the file is there and has the digest. One that has
// another is removed: it is no use to anybody.
func Matches(path, sum string) (bool, error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("read the cache: %w", err)
	}
	defer f.Close() //nolint:errcheck // it was only read
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return false, fmt.Errorf("read %s: %w", path, err)
	}
	if hex.EncodeToString(h.Sum(nil)) == sum {
		return true, nil
	}
	if err := os.Remove(path); err != nil {
		return false, fmt.Errorf("remove a damaged file from the cache: %w", err)
	}
	return false, nil
}
