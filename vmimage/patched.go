package vmimage

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"path/filepath"

	"kmatrix/matrix"
	"kmatrix/vmimage/cache"
	"kmatrix/vmimage/download"
	"kmatrix/vmimage/series"
)

// readSeries reads a kernel's series; nil when it has none.
func readSeries(ctx context.Context, env *Env, k matrix.Kernel) (*series.Series, error) {
	if len(k.Series) == 0 {
		return nil, nil
	}
	s, err := Series(ctx, env, k.Name, k.Series)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, &UnavailableError{err}
	}
	return s, blame(err)
}

// Series reads a series from where a kernel's series: says: paths, and URLs, which
// are fetched into the cache. kernel is whom its progress is told for. The error is a
// [*series.Error] for what was not understood, and an [*UnavailableError] for a URL
// that is not reached.
func Series(ctx context.Context, env *Env, kernel string, where []string) (*series.Series, error) {
	var files []series.File
	for _, one := range where {
		path, err := seriesFile(ctx, env, kernel, one)
		if err != nil {
			return nil, err
		}
		files = append(files, series.File{Name: one, Path: path})
	}
	return series.Read(ctx, files...)
}

// patched returns the tree with a series applied. The tree itself is not
// touched: the patches go to a copy in the cache, which is there with all of
// them or not at all.
func (t tree) patched(env *Env, k matrix.Kernel, s *series.Series) tree {
	p := t
	p.digest, p.local = t.digest+"+"+s.Digest(), false
	p.origin = fmt.Sprintf("%s with %d patches", t.origin, len(s.Patches))
	p.dir = func(ctx context.Context) (string, error) {
		dir, err := env.Cache.Entry(ctx, cache.Key(kindTree, "patched 1", t.digest, s.Digest()), func(ctx context.Context, dir string) error {
			if err := t.place(ctx, dir); err != nil {
				return err
			}
			env.progress(k.Name, "patching")
			notes, err := series.Apply(ctx, s, dir)
			for _, n := range notes {
				env.log("%s: %s", k.Name, n)
			}
			return err
		})
		return dir, blame(err)
	}
	return p
}

// blame makes an error of a series' content the kernel's.
func blame(err error) error {
	var (
		bad    *series.Error
		reject *series.RejectError
	)
	if errors.As(err, &bad) || errors.As(err, &reject) {
		return &BuildFailedError{err}
	}
	return err
}

// seriesFile returns the path of a series, fetching it where it is a URL. What
// was fetched once is taken from the cache: a thread's URL does not change what
// patches it holds, and a new version has another one. What holds no mail is not
// kept: some servers answer with a page that says so.
func seriesFile(ctx context.Context, env *Env, kernel, where string) (string, error) {
	u, err := url.Parse(where)
	if err != nil || u.Host == "" {
		return env.path(where), nil
	}
	dir, err := env.Cache.Entry(ctx, cache.Key(kindSeries, where), func(ctx context.Context, dir string) error {
		if env.Offline {
			return notCached(where)
		}
		env.progress(kernel, "fetching its series")
		file := filepath.Join(dir, "series")
		err := download.File(ctx, env.HTTP, env.url(where), file, download.Want{}, nil)
		var reach *download.UnreachableError
		if errors.As(err, &reach) || errors.Is(err, download.ErrGone) {
			return &UnavailableError{err}
		}
		if err != nil {
			return err
		}
		return series.Check(ctx, series.File{Name: where, Path: file})
	})
	return filepath.Join(dir, "series"), err
}
