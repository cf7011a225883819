// Package vmimage turns a kernel of kernels.yaml into an image that boots.
//
// A kind of source is one file, source_*.go, that registers itself: it finds a
// kernel, which is an image to be had or source code to be built (tree.go,
// built.go, workspace.go) with patches on top (patched.go). [Fetch] gets the
// image, [FetchSource] the source alone, [Look] says what is there, and
// [Prepare] makes the initramfs for an image. What is fetched, unpacked or made
// is kept by content (package cache), and what a source was resolved to is
// recorded (package lock). The other parts: debian (mirror, indexes, packages),
// download, bzimage (vmlinux out of a bzImage), build (configure and make),
// series, modules, external (the user's own programs), initramfs and disk.
package vmimage

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"kmatrix/matrix"
	"kmatrix/vmimage/cache"
	"kmatrix/vmimage/debian"
	"kmatrix/vmimage/download"
	"kmatrix/vmimage/external"
	"kmatrix/vmimage/lock"
)

// KindImage is the kind of the cache's entries that are images; the others are
// what images are made of.
const (
	KindImage     = "kernels"
	kindInitramfs = "initramfs"
	kindObjects   = "objects"
	kindTree      = "trees"
	kindTarball   = "tarballs"
	kindGit       = "git"
	kindSeries    = "series"
	kindSelftests = "selftests"
)

// CacheKinds are the kinds of the cache's entries that belong to kernels.
var CacheKinds = []string{KindImage, kindInitramfs, kindObjects, kindTree, kindTarball, kindGit, kindSeries, kindSelftests, external.KindPrograms}

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
	// Builds are the named builds.
	Builds []matrix.Build
	// Locked refuses to resolve anything anew.
	Locked bool
	// Offline uses the cache only.
	Offline bool
	// Log takes lines for the user; Progress what is being fetched for a
	// kernel. Both may be nil.
	Log      func(string)
	Progress func(kernel, what string)

	// Kernels are all of the matrix: a build may take the configuration of
	// one, and objects of one that others have as base are kept.
	Kernels []matrix.Kernel

	// asker is whom a copy that only looks asks for the mirror.
	asker *Env

	once   sync.Once
	debian *debian.Client
	err    error
}

// UnavailableError tells that a kernel's source cannot be had.
type UnavailableError struct{ Err error }

// Error returns the reason.
func (e *UnavailableError) Error() string { return e.Err.Error() }

// Unwrap returns the reason.
func (e *UnavailableError) Unwrap() error { return e.Err }

// LockedError tells that --locked forbids what a source would need. It wraps
// the reason, and is itself the cause of an [*UnavailableError].
type LockedError struct{ Err error }

// Error returns the reason.
func (e *LockedError) Error() string { return e.Err.Error() }

// Unwrap returns the reason.
func (e *LockedError) Unwrap() error { return e.Err }

func locked(format string, args ...any) error {
	return &UnavailableError{&LockedError{fmt.Errorf(format, args...)}}
}

func unavailable(format string, args ...any) error {
	return &UnavailableError{fmt.Errorf(format, args...)}
}

// Source is a kind of source.
type Source interface {
	// Kind describes it.
	Kind() matrix.SourceKind
	// Find says what the kernel is made of, so that what was made of it before
	// is found by that: it fetches only what it takes to know. The error is an
	// [*UnavailableError] when the source cannot be had; any other is the
	// host's.
	Find(context.Context, *Env, matrix.Kernel) (found, error)
}

// found is what a source turned out to be: source code, or a kernel that is
// not built.
type found struct {
	// tree is source code, nil for a kernel that is not built.
	tree *tree
	// image gets the image of a kernel that is not built.
	image func(context.Context) (matrix.Image, error)
	// version says which one it is, where the source has a word for that.
	version string
	// locked tells that kernels.lock had that version.
	locked bool
	// trust is what vouches for it.
	trust matrix.Trust
}

var sources []Source

// register adds a kind of source; it is called from init.
func register(s Source) { sources = append(sources, s) }

// Kinds describes all kinds of source, in the order of their names.
func Kinds() []matrix.SourceKind {
	var kinds []matrix.SourceKind
	for _, s := range sources {
		kinds = append(kinds, s.Kind())
	}
	slices.SortFunc(kinds, func(a, b matrix.SourceKind) int {
		if a.Name < b.Name {
			return -1
		}
		return 1
	})
	return kinds
}

// Fetch gets a kernel's image.
func Fetch(ctx context.Context, env *Env, k matrix.Kernel) (img matrix.Image, err error) {
	err = with(ctx, env, k, func(f found) error {
		img, err = f.fetch(ctx, env, k)
		return err
	})
	return img, err
}

// FetchSource gets what the kernel is made of, and builds nothing.
func FetchSource(ctx context.Context, env *Env, k matrix.Kernel) error {
	return with(ctx, env, k, func(f found) error { return f.fetchSource(ctx, env, k) })
}

// fetch gets the kernel's image.
func (f found) fetch(ctx context.Context, env *Env, k matrix.Kernel) (img matrix.Image, err error) {
	if f.tree != nil {
		img, err = f.tree.image(ctx, env, k)
	} else {
		img, err = f.image(ctx)
	}
	if f.version != "" {
		img.Version = f.version
	}
	img.Trust = f.trust
	return img, err
}

// fetchSource gets what the image is made of.
func (f found) fetchSource(ctx context.Context, env *Env, k matrix.Kernel) error {
	if f.tree == nil {
		_, err := f.image(ctx)
		return err
	}
	if _, err := readSeries(ctx, env, k); err != nil {
		return err
	}
	_, err := f.tree.open(ctx)
	return err
}

// with finds the kernel and has it used. A version of kernels.lock that turns
// out to have left its mirror is resolved anew, once.
func with(ctx context.Context, env *Env, k matrix.Kernel, use func(found) error) error {
	i := slices.IndexFunc(sources, func(s Source) bool { return s.Kind().Name == k.Source.Kind })
	if i < 0 {
		return fmt.Errorf("kernel %s: there is no source of the kind %q", k.Name, k.Source.Kind)
	}
	f, err := sources[i].Find(ctx, env, k)
	if err != nil {
		return err
	}
	err = use(f)
	if !f.locked || !errors.Is(err, download.ErrGone) {
		return err
	}
	if env.Locked {
		return locked("%s wants %s, and %w; a run without --locked resolves it again", env.Lock.Path(), f.version, err)
	}
	env.log("%s: version %s of kernels.lock has left the mirror: resolving it again", k.Name, f.version)
	env.Lock.Forget(k.SourceOf())
	if f, err = sources[i].Find(ctx, env, k); err != nil {
		return err
	}
	return use(f)
}

// path returns a path of kernels.yaml as one of this process.
func (e *Env) path(p string) string {
	if filepath.IsAbs(p) {
		return p
	}
	return filepath.Join(e.Dir, p)
}

// url returns where a URL of kernels.yaml is fetched from.
func (e *Env) url(where string) string {
	best := ""
	for from := range e.Rewrite {
		if strings.HasPrefix(where, from) && len(from) > len(best) {
			best = from
		}
	}
	return e.Rewrite[best] + where[len(best):]
}

func (e *Env) downloads() *download.Client { return &download.Client{HTTP: e.HTTP, Log: e.Log} }

// abandoned is the age at which a download that broke off is no longer waited for
// to be gone on with.
const abandoned = 7 * 24 * time.Hour

// SweepDownloads removes what has come of downloads that nobody has gone on with for
// a week.
func (e *Env) SweepDownloads() error {
	return errors.Join(download.Sweep(filepath.Join(e.Cache.Dir, kindTarball), abandoned), download.Sweep(filepath.Join(e.Cache.Dir, dirDebian), abandoned))
}

// dirDebian is the directory of the cache for Debian's indexes and packages.
const dirDebian = "debian"

// remote makes an error of a server, or of the way to it, the source's.
func remote(err error) error {
	if download.Remote(err) {
		return &UnavailableError{err}
	}
	return err
}

func (e *Env) log(format string, args ...any) {
	if e.Log != nil {
		e.Log(fmt.Sprintf(format, args...))
	}
}

func (e *Env) progress(kernel, what string) {
	if e.Progress != nil {
		e.Progress(kernel, what)
	}
}

// notCached is the error of what --offline keeps from being fetched.
func notCached(where string) error {
	return unavailable("%s is not in the cache, and --offline keeps from fetching it", where)
}

// debianClient returns the client of Debian's mirror. The error is an
// [*UnavailableError] when none is named.
func (e *Env) debianClient() (*debian.Client, error) {
	if e.asker != nil {
		return e.asker.debianClient()
	}
	e.once.Do(func() {
		mirrors, err := e.Mirrors()
		if err != nil {
			e.err = err
			if errors.Is(err, debian.ErrNoApt) {
				e.err = &UnavailableError{err}
			}
			return
		}
		e.debian = &debian.Client{HTTP: e.HTTP, Mirrors: mirrors, Dir: filepath.Join(e.Cache.Dir, dirDebian), Offline: e.Offline, Log: e.Log}
	})
	return e.debian, e.err
}
