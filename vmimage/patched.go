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
	var files []series.File
	for _, where := range k.Series {
		f, err := SeriesFile(ctx, env, k.Name, where)
		if err != nil {
			return nil, blame(err)
		}
		files = append(files, f)
	}
	s, err := series.Read(ctx, files...)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, &UnavailableError{err}
	}
	return s, blame(err)
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

// SeriesFile returns what to read a series, or a part of one, from: where is a path,
// or a URL, which is fetched into the cache; progress is told for the kernel. What was
// fetched once is taken from the cache: a thread's URL does not change what patches it
// holds, and a new version has another one. What holds no mail is not kept: some
// servers answer with a page that says so. The error is a [*series.Error] for that, and
// an [*UnavailableError] for a URL that is not reached.
func SeriesFile(ctx context.Context, env *Env, kernel, where string) (series.File, error) {
	u, err := url.Parse(where)
	if err != nil || u.Host == "" {
		return series.File{Name: where, Path: env.path(where)}, nil
	}
	dir, err := env.Cache.Entry(ctx, cache.Key(kindSeries, where), func(ctx context.Context, dir string) error {
		if env.Offline {
			return notCached(where)
		}
		env.progress(kernel, "fetching its series")
		file := filepath.Join(dir, "series")
		if err := remote(env.downloads().File(ctx, env.url(where), file, download.Want{}, nil)); err != nil {
			return err
		}
		return series.Check(ctx, series.File{Name: where, Path: file})
	})
	return series.File{Name: where, Path: filepath.Join(dir, "series")}, err
}
