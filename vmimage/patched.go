package vmimage

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"path"
	"path/filepath"
	"strings"

	"kmatrix/matrix"
	"kmatrix/matrix/proc"
	"kmatrix/vmimage/cache"
	"kmatrix/vmimage/download"
	"kmatrix/vmimage/series"
)

// patched returns the tree with the kernel's series applied. The tree itself is
// not touched: the patches go to a copy in the cache, which is there with all
// of them or not at all.
func (t tree) patched(ctx context.Context, env *Env, k matrix.Kernel) (tree, error) {
	if len(k.Series) == 0 {
		return t, nil
	}
	var paths []string
	for _, where := range k.Series {
		file, err := seriesFile(ctx, env, k, where)
		if err != nil {
			return t, err
		}
		paths = append(paths, file)
	}
	s, err := series.Read(paths...)
	if errors.Is(err, fs.ErrNotExist) {
		return t, &UnavailableError{err}
	}
	if err != nil {
		return t, blame(err)
	}
	env.progress(k.Name, "patching")
	dir, err := env.Cache.Entry(ctx, cache.Key("trees", "patched 1", t.digest, s.Digest()), func(ctx context.Context, dir string) error {
		// Links cost neither time nor room, and patch replaces files instead
		// of writing to them; but only what is the cache's may be linked.
		how := "--archive"
		if strings.HasPrefix(t.dir, env.Cache.Dir+string(filepath.Separator)) {
			how = "-al"
		}
		if _, err := proc.Run(ctx, proc.Cmd{Path: "cp", Args: []string{how, t.dir + "/.", dir}}); err != nil {
			return err
		}
		notes, err := series.Apply(ctx, s, dir)
		for _, n := range notes {
			env.log("%s: %s", k.Name, n)
		}
		return err
	})
	if err != nil {
		return t, blame(err)
	}
	return tree{dir: dir, digest: t.digest + "+" + s.Digest(), origin: fmt.Sprintf("%s with %d patches", t.origin, len(s.Patches))}, nil
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
// patches it holds, and a new version has another one.
func seriesFile(ctx context.Context, env *Env, k matrix.Kernel, where string) (string, error) {
	u, err := url.Parse(where)
	if err != nil || u.Host == "" {
		return env.path(where), nil
	}
	dir, err := env.Cache.Entry(ctx, cache.Key("series", where), func(ctx context.Context, dir string) error {
		if env.Offline {
			return unavailable("%s is not in the cache, and --offline keeps from fetching it", where)
		}
		env.progress(k.Name, "fetching its series")
		err := download.File(ctx, env.HTTP, env.url(where), filepath.Join(dir, "series"), download.Want{}, nil)
		var reach *download.UnreachableError
		if errors.As(err, &reach) || errors.Is(err, download.ErrGone) {
			return &UnavailableError{err}
		}
		return err
	})
	return path.Join(dir, "series"), err
}
