// Package vmimage turns a kernel of kernels.yaml into an image that boots.
//
// [Resolve] says what a kernel's image is, as a [Recipe]: under which key the cache
// keeps it, what it is made of, and how that is had; it fetches and builds nothing.
// [Fetch] follows the recipe, [FetchSource] as far as source code, and [Look] tells of
// it what is there. Where a kernel comes from is package source's (one file for each
// kind); source code is package tree's, with patches on top (patched.go), and is built
// by a job (built.go, workspace.go) with package build; what a finished image looks like
// on disk is package imagedir's. [Prepare] makes the initramfs for an image. All that
// is made is kept by content (package cache); what a source was resolved to and what
// was built of it is recorded (package lock, build_lock.go). Package fault says whose fault
// it is where there is no image.
package vmimage

import (
	"context"
	"errors"
	"time"

	"kmatrix/matrix"
	"kmatrix/vmimage/cache"
	"kmatrix/vmimage/download"
	"kmatrix/vmimage/external"
	"kmatrix/vmimage/fault"
	"kmatrix/vmimage/imagedir"
	"kmatrix/vmimage/lock"
	"kmatrix/vmimage/source"
)

// Kinds of the cache's entries, beside those of package source.
const (
	kindInitramfs = "initramfs"
	kindObjects   = "objects"
	kindSeries    = "series"
	kindSelftests = "selftests"
)

// CacheKinds are the kinds of the cache's entries that belong to kernels.
var CacheKinds = []string{source.KindImage, kindInitramfs, kindObjects, source.KindTree, source.KindTarball, source.KindGit, kindSeries, kindSelftests, external.KindPrograms}

// Env is what images are made with.
type Env struct {
	source.Env
	// Builds are the named builds.
	Builds []matrix.Build
	// Kernels are all of the matrix: a build may take the configuration of
	// one, and objects of one that others have as base are kept.
	Kernels []matrix.Kernel
}

// Fetch gets a kernel's image. The error is a [*fault.UnavailableError] where it cannot
// be had, a [*fault.BuildFailedError] where it does not build, and else the host's.
func Fetch(ctx context.Context, env *Env, k matrix.Kernel) (img matrix.Image, err error) {
	err = withSource(ctx, env, k, func(s source.Recipe) error {
		r, err := settle(ctx, env, k, s)
		if err == nil {
			img, err = r.fetch(ctx)
		}
		return err
	})
	return img, err
}

// FetchSource gets what the kernel is made of, and builds nothing.
func FetchSource(ctx context.Context, env *Env, k matrix.Kernel) error {
	return withSource(ctx, env, k, func(s source.Recipe) error {
		if s.Tree == nil {
			_, err := env.Cache.Get(ctx, s.Image.Entry)
			return err
		}
		if _, err := fetchSeries(ctx, env, k); err != nil {
			return err
		}
		_, err := s.Tree.Open(ctx, env.Cache)
		return err
	})
}

// Record records in kernels.lock what the kernel is made of, and returns its
// entry there; a kernel of this machine has none. A tarball without a digest is
// fetched for that.
func Record(ctx context.Context, env *Env, k matrix.Kernel) (lock.Entry, bool, error) {
	err := withSource(ctx, env, k, func(source.Recipe) error { return nil })
	e, ok := env.Lock.Get(k.SourceOf(), k.Source.Fields)
	return e, ok, err
}

// withSource settles what the kernel is made of and has it used. A version of
// kernels.lock that turns out to have left its mirror is resolved anew, once.
func withSource(ctx context.Context, env *Env, k matrix.Kernel, use func(source.Recipe) error) error {
	s, err := source.Settle(ctx, &env.Env, k)
	if err != nil {
		return err
	}
	err = use(s)
	if !s.Locked || !errors.Is(err, download.ErrGone) {
		return err
	}
	if env.Locked {
		return fault.Locked("%s wants %s, and %w; a run without --locked resolves it again", env.Lock.Path(), s.Version, err)
	}
	env.Logf("%s: version %s of kernels.lock has left the mirror: resolving it again", k.Name, s.Version)
	env.Lock.Forget(k.SourceOf())
	if s, err = source.Settle(ctx, &env.Env, k); err != nil {
		return err
	}
	return use(s)
}

// fetch gets the image.
func (r *Recipe) fetch(ctx context.Context) (matrix.Image, error) {
	if r.job != nil {
		return r.build(ctx)
	}
	dir, err := r.env.Cache.Get(ctx, r.Image)
	if err != nil {
		return matrix.Image{}, err
	}
	return r.open(ctx, dir)
}

// open reads the image's entry.
func (r *Recipe) open(ctx context.Context, dir string) (matrix.Image, error) {
	img, err := imagedir.Open(dir)
	if err != nil {
		return img, err
	}
	img.Kernel, img.Version, img.Origin, img.Trust = r.Kernel.Name, img.Release, r.origin(), r.Source.Trust
	if v := r.Source.Version; v != "" {
		img.Version = v
	}
	if own := r.Source.Image; own != nil && own.Finish != nil {
		err = own.Finish(ctx, &img)
	}
	return img, err
}

// abandoned is the age at which a download that broke off is no longer waited for
// to be gone on with.
const abandoned = 7 * 24 * time.Hour

// SweepDownloads removes what has come of downloads that nobody has gone on with for
// a week.
func SweepDownloads(c *cache.Cache) error {
	return errors.Join(download.Sweep(c.Path(source.KindTarball), abandoned), download.Sweep(c.Path(source.DirDebian), abandoned))
}
