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
	"kmatrix/vmimage/fault"
	"kmatrix/vmimage/series"
	"kmatrix/vmimage/source"
	"kmatrix/vmimage/tree"
)

// fetchSeries reads a kernel's series, having fetched what of it is not here; nil when
// it has none.
func fetchSeries(ctx context.Context, env *Env, k matrix.Kernel) (*series.Series, error) {
	for _, where := range k.Series {
		if _, err := SeriesFile(ctx, env, k.Name, where); err != nil {
			return nil, blame(err)
		}
	}
	return readSeries(ctx, env, k)
}

// readSeries reads a kernel's series, all of which is here; nil when it has none.
func readSeries(ctx context.Context, env *Env, k matrix.Kernel) (*series.Series, error) {
	if len(k.Series) == 0 {
		return nil, nil
	}
	var files []series.File
	for _, where := range k.Series {
		files = append(files, seriesFile(env, k.Name, where))
	}
	s, err := series.Read(ctx, files...)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, &fault.UnavailableError{Err: err}
	}
	return s, blame(err)
}

// patched returns the tree with a series applied. The tree itself is not
// touched: the patches go to a copy in the cache, which is there with all of
// them or not at all.
func patched(env *Env, k matrix.Kernel, t tree.Tree, s *series.Series) tree.Tree {
	return tree.Tree{
		Digest: t.Digest + "+" + s.Digest(), Origin: fmt.Sprintf("%s with %d patches", t.Origin, len(s.Patches)), Verify: t.Verify,
		Entry: cache.Item{Key: cache.Key(source.KindTree, "patched 1", t.Digest, s.Digest()), Fill: func(ctx context.Context, dir string) error {
			if err := t.Place(ctx, env.Cache, dir); err != nil {
				return err
			}
			env.Tell(k.Name, "patching")
			notes, err := series.Apply(ctx, s, dir)
			for _, n := range notes {
				env.Logf("%s: %s", k.Name, n)
			}
			return blame(err)
		}},
	}
}

// blame makes an error of a series' content the kernel's.
func blame(err error) error {
	var (
		bad    *series.Error
		reject *series.RejectError
	)
	if errors.As(err, &bad) || errors.As(err, &reject) {
		return &fault.BuildFailedError{Err: err}
	}
	return err
}

// seriesItem is the cache's entry of a series, or a part of one, at a URL; fetched
// reports whether it is at one.
func seriesItem(env *Env, kernel, where string) (item cache.Item, fetched bool) {
	if u, err := url.Parse(where); err != nil || u.Host == "" {
		return cache.Item{}, false
	}
	return cache.Item{
		Key:   cache.Key(kindSeries, where),
		Reach: func(ctx context.Context) error { return env.Reach(ctx, where) },
		Fill: func(ctx context.Context, dir string) error {
			if env.Offline {
				return fault.NotCached(where)
			}
			env.Tell(kernel, "fetching its series")
			file := filepath.Join(dir, fileSeries)
			if err := fault.OfServer(env.Downloads().File(ctx, env.URL(where), file, download.Want{}, nil)); err != nil {
				return err
			}
			return blame(series.Check(ctx, series.File{Name: where, Path: file}))
		},
	}, true
}

// fileSeries is the name of a series in its cache entry.
const fileSeries = "series"

// seriesFile is where a series, or a part of one, is read.
func seriesFile(env *Env, kernel, where string) series.File {
	if item, fetched := seriesItem(env, kernel, where); fetched {
		return series.File{Name: where, Path: filepath.Join(env.Cache.Path(item.Key), fileSeries)}
	}
	return series.File{Name: where, Path: env.Path(where)}
}

// SeriesFile returns what to read a series, or a part of one, from: where is a path,
// or a URL, which is fetched into the cache; progress is told for the kernel. What was
// fetched once is taken from the cache: a thread's URL does not change what patches it
// holds, and a new version has another one. What holds no mail is not kept: some
// servers answer with a page that says so. The error is a [*series.Error] for that, and
// a [*fault.UnavailableError] for a URL that is not reached.
func SeriesFile(ctx context.Context, env *Env, kernel, where string) (series.File, error) {
	if item, fetched := seriesItem(env, kernel, where); fetched {
		if _, err := env.Cache.Get(ctx, item); err != nil {
			return series.File{}, err
		}
	}
	return seriesFile(env, kernel, where), nil
}
