package source

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"sync"

	"kmatrix/matrix"
	"kmatrix/vmimage/cache"
	"kmatrix/vmimage/debian"
	"kmatrix/vmimage/download"
	"kmatrix/vmimage/fault"
	"kmatrix/vmimage/lock"
)

// Env is what sources work with. Cache, Lock, HTTP and Mirrors must be set.
type Env struct {
	Cache *cache.Cache
	Lock  *lock.Lock
	HTTP  *http.Client
	// Mirrors finds Debian's mirror. It is asked when a kernel needs one, so
	// that a matrix without Debian's kernels needs none.
	Mirrors func() (debian.Mirrors, error)
	// Dir is the directory of kernels.yaml, which relative paths begin at.
	Dir string
	// Rewrite replaces beginnings of URLs; the longest that fits counts.
	Rewrite map[string]string
	// Locked refuses to resolve anything anew.
	Locked bool
	// Offline uses the cache only.
	Offline bool
	// Log takes lines for the user; Progress what is being fetched for a
	// kernel. Both may be nil.
	Log      func(string)
	Progress func(kernel, what string)

	once   sync.Once
	debian *debian.Client
	err    error
}

// Path returns a path of kernels.yaml as one of this process.
func (e *Env) Path(p string) string {
	if filepath.IsAbs(p) {
		return p
	}
	return filepath.Join(e.Dir, p)
}

// URL returns where a URL of kernels.yaml is fetched from.
func (e *Env) URL(where string) string {
	best := ""
	for from := range e.Rewrite {
		if strings.HasPrefix(where, from) && len(from) > len(best) {
			best = from
		}
	}
	return e.Rewrite[best] + where[len(best):]
}

// Downloads returns what fetches.
func (e *Env) Downloads() *download.Client { return &download.Client{HTTP: e.HTTP, Log: e.Log} }

// Logf says a line to the user.
func (e *Env) Logf(format string, args ...any) {
	if e.Log != nil {
		e.Log(fmt.Sprintf(format, args...))
	}
}

// Tell says what is being done for a kernel.
func (e *Env) Tell(kernel, what string) {
	if e.Progress != nil {
		e.Progress(kernel, what)
	}
}

// fetching tells how much of a download has come.
func (e *Env) fetching(k matrix.Kernel) func(done, total int64) {
	return func(done, total int64) {
		of := ""
		if total > 0 {
			of = fmt.Sprintf(" of %d", total/1e6)
		}
		e.Tell(k.Name, fmt.Sprintf("fetching %d%s MB", done/1e6, of))
	}
}

// DirDebian is the directory of the cache for Debian's indexes and packages.
const DirDebian = "debian"

// debianClient returns the client of Debian's mirror. The error is a
// [*fault.UnavailableError] when none is named.
func (e *Env) debianClient() (*debian.Client, error) {
	e.once.Do(func() {
		mirrors, err := e.Mirrors()
		if err != nil {
			e.err = err
			if errors.Is(err, debian.ErrNoApt) {
				e.err = &fault.UnavailableError{Err: err}
			}
			return
		}
		e.debian = &debian.Client{HTTP: e.HTTP, Mirrors: mirrors, Dir: filepath.Join(e.Cache.Dir, DirDebian), Offline: e.Offline, Log: e.Log}
	})
	return e.debian, e.err
}

// noEntry is the error of what --locked forbids for want of an entry.
func (e *Env) noEntry() error {
	return fault.Locked("%s has no entry for it, and --locked keeps from making one", e.Lock.Path())
}

// Reach finds out whether a URL can be fetched. The error is a
// [*fault.UnavailableError] where it cannot.
func (e *Env) Reach(ctx context.Context, where string) error {
	if e.Offline {
		return fault.NotCached(where)
	}
	err := reach(ctx, e.HTTP, e.URL(where))
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	}
	return fault.Unavailable("%w", err)
}
