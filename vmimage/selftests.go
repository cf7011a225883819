package vmimage

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"kmatrix/matrix"
	"kmatrix/matrix/proc"
	"kmatrix/vmimage/build"
	"kmatrix/vmimage/cache"
	"kmatrix/vmimage/external"
	"kmatrix/vmimage/fault"
	"kmatrix/vmimage/source"
	"kmatrix/vmimage/tree"
)

const (
	// selftestsFormat is part of the cache's key.
	selftestsFormat = "selftests 1"
	// selftestsIn is where they are built, one at a time.
	selftestsIn = "selftests-build"
	// fileTests lists the tests among the files.
	fileTests = "tests.json"
)

// Selftests gets the self-tests of the kernel's own tree that an external probe
// names, ready for the guest. Where there are none, for a reason that is the
// kernel's, Unsupported says it; an error is the host's.
func Selftests(ctx context.Context, env *Env, k matrix.Kernel, img matrix.Image, p matrix.Probe) (external.Ready, error) {
	r := external.Ready{Installed: matrix.Installed{
		Probe: p.Name, ResultFormat: p.Program.ResultFormat, Selftests: true,
	}}
	if k.Build == "" {
		r.Unsupported = fmt.Sprintf("%s is not built from source here, and %s is of the kernel's source", k.Name, p.Program.Path)
		return r, nil
	}
	env.Tell(k.Name, "building its self-tests")
	var dir string
	err := withSource(ctx, env, k, func(r source.Recipe) error {
		s, err := fetchSeries(ctx, env, k)
		if err != nil {
			return err
		}
		t := *r.Tree
		if s != nil {
			t = patched(env, k, t, s)
		}
		dir, err = selftests(ctx, env, t, p.Program.Path)
		return err
	})
	var (
		failed *build.SelftestsError
		gone   *fault.UnavailableError
	)
	switch {
	case errors.As(err, &failed):
		r.Unsupported = fmt.Sprintf("%s does not build: %v", p.Program.Path, failed)
		return r, nil
	case errors.As(err, &gone):
		r.Unsupported = gone.Error()
		return r, nil
	case err != nil:
		return r, fmt.Errorf("the self-tests of %s: %w", k.Name, err)
	}
	if r.Lacks, err = lacking(filepath.Join(dir, "config"), img.Config, p.Program.Path); err != nil {
		return r, err
	}
	return r, install(&r, dir)
}

// selftests returns the directory of built self-tests.
func selftests(ctx context.Context, env *Env, t tree.Tree, path string) (string, error) {
	compiler, err := build.Compiler(ctx, matrix.Build{})
	if err != nil {
		return "", err
	}
	return env.Cache.Entry(ctx, cache.Key(kindSelftests, selftestsFormat, t.Digest, path, compiler), func(ctx context.Context, dir string) (err error) {
		from, err := t.Open(ctx, env.Cache)
		if err != nil {
			return err
		}
		if _, err := os.Stat(filepath.Join(from, path, "Makefile")); err != nil {
			return fault.Unavailable("the kernel's source has no self-tests in %s", path)
		}
		scratch, release, err := env.scratch(ctx, selftestsIn)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, release()) }()
		src, own := filepath.Join(scratch, "src"), filepath.Join(scratch, "src", path)
		if err := os.Mkdir(src, 0o755); err != nil {
			return err
		}
		if err := t.Place(ctx, env.Cache, src); err != nil {
			return err
		}
		// What a makefile there writes to must not be the cache's.
		if err := os.RemoveAll(own); err != nil {
			return err
		}
		if _, err := proc.Run(ctx, proc.Cmd{Path: "cp", Args: []string{"-a", filepath.Join(from, path), own}}); err != nil {
			return err
		}
		files := filepath.Join(dir, "files")
		if err := os.Mkdir(files, 0o755); err != nil {
			return err
		}
		tests, err := build.Selftests(ctx, src, path, files)
		if err != nil {
			return err
		}
		if text, err := os.ReadFile(filepath.Join(own, "config")); err == nil {
			if err := os.WriteFile(filepath.Join(dir, "config"), text, 0o644); err != nil {
				return err
			}
		}
		text, err := json.Marshal(tests)
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(dir, fileTests), text, 0o644)
	})
}

// install says where the files of built self-tests go, and what is run.
func install(r *external.Ready, dir string) error {
	text, err := os.ReadFile(filepath.Join(dir, fileTests))
	var tests []string
	if err == nil {
		err = json.Unmarshal(text, &tests)
	}
	if err != nil {
		return fmt.Errorf("the cache's entry %s is damaged; delete it: %w", dir, err)
	}
	_, base := matrix.SplitName(r.Probe)
	r.Dir = path.Join(external.Root, base)
	files := filepath.Join(dir, "files")
	err = filepath.WalkDir(files, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		rel, err := filepath.Rel(files, name)
		r.Files = append(r.Files, external.File{Name: path.Join(r.Dir, filepath.ToSlash(rel)), Path: name})
		return err
	})
	if err != nil {
		return err
	}
	for _, test := range tests {
		script, err := external.Inspect(r.Probe, filepath.Join(files, test))
		if err != nil {
			r.Unsupported = err.Error()
			return nil
		}
		r.Runs = append(r.Runs, matrix.Command{Name: test, Path: path.Join(r.Dir, test), Script: script})
	}
	if len(tests) == 0 {
		r.Unsupported = "there is no test that runs by itself"
	}
	return nil
}

// lacking says what a kernel's configuration lacks of what self-tests ask for,
// a list as they keep it in their file config; "" where neither is known.
func lacking(asked, config, path string) (string, error) {
	want, err := os.ReadFile(asked)
	if errors.Is(err, fs.ErrNotExist) || config == "" {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	text, err := os.ReadFile(config)
	if err != nil {
		return "", err
	}
	has := map[string]bool{}
	for line := range strings.Lines(string(text)) {
		name, _, set := strings.Cut(strings.TrimSpace(line), "=")
		has[name] = has[name] || set && strings.HasPrefix(name, "CONFIG_")
	}
	var missing []string
	for line := range strings.Lines(string(want)) {
		name, value, set := strings.Cut(strings.TrimSpace(line), "=")
		if set && value != "n" && strings.HasPrefix(name, "CONFIG_") && !has[name] {
			missing = append(missing, name)
		}
	}
	if len(missing) == 0 {
		return "", nil
	}
	return fmt.Sprintf("the kernel has no %s, for which %s/config asks", matrix.Several(missing, len(missing)), path), nil
}
