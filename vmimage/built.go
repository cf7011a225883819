package vmimage

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"kmatrix/matrix"
	"kmatrix/vmimage/build"
	"kmatrix/vmimage/cache"
)

// BuildFailedError tells that a kernel's source was had and does not build.
type BuildFailedError struct{ Err error }

// Error returns the reason.
func (e *BuildFailedError) Error() string { return e.Err.Error() }

// Unwrap returns the reason.
func (e *BuildFailedError) Unwrap() error { return e.Err }

// tree is a kernel's source code on disk.
type tree struct {
	dir string
	// digest names the content.
	digest string
	origin string
}

const (
	// builtFormat is part of the cache's key: it changes with what is kept of
	// a build.
	builtFormat = "built 1"
	// fileBuilt says how the image was built.
	fileBuilt = "built.json"
	// buildMiB is what a small configuration's objects take; it must be free
	// before a build begins.
	buildMiB = 1500
)

// image builds the kernel, unless the cache has it: an image is named by the
// content of source, configuration and compiler.
func (t tree) image(ctx context.Context, env *Env, k matrix.Kernel) (matrix.Image, error) {
	if err := t.check(); err != nil {
		return matrix.Image{}, err
	}
	if err := build.Tools(); err != nil {
		return matrix.Image{}, err
	}
	t, err := t.patched(ctx, env, k)
	if err != nil {
		return matrix.Image{}, err
	}
	i := slices.IndexFunc(env.Builds, func(b matrix.Build) bool { return b.Name == k.Build })
	if i < 0 {
		return matrix.Image{}, fmt.Errorf("kernel %s: there is no build %q", k.Name, k.Build)
	}
	b := env.Builds[i]
	inputs, err := t.inputs(ctx, env, b)
	if err != nil {
		return matrix.Image{}, err
	}
	key := cache.Key("kernels", inputs...)
	dir, err := env.Cache.Entry(ctx, key, func(ctx context.Context, dir string) error { return t.build(ctx, env, k, b, key, dir) })
	var (
		failed  *build.Error
		dropped *build.DroppedError
	)
	if errors.As(err, &failed) || errors.As(err, &dropped) {
		return matrix.Image{}, &BuildFailedError{err}
	}
	if err != nil {
		return matrix.Image{}, err
	}
	img, err := open(dir)
	if err != nil {
		return img, err
	}
	img.Kernel, img.Version, img.Origin = k.Name, img.Release, t.origin
	return img, nil
}

// check tells a kernel's tree from another.
func (t tree) check() error {
	text, err := os.ReadFile(filepath.Join(t.dir, "Makefile"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("look at %s: %w", t.origin, err)
	}
	if _, e := os.Stat(filepath.Join(t.dir, "arch", "x86", "Kconfig")); err != nil || e != nil || !strings.Contains(string(text), "PATCHLEVEL") {
		return unavailable("%s is no source tree of Linux: it has no Makefile with a version, or no arch/x86", t.origin)
	}
	return nil
}

// inputs are all that an image's content depends on.
func (t tree) inputs(ctx context.Context, env *Env, b matrix.Build) ([]string, error) {
	compiler, err := build.Compiler(ctx, b)
	if err != nil {
		return nil, err
	}
	fragments, err := build.Fragments(b.Fragments, env.Dir)
	if err != nil {
		return nil, err
	}
	config := b.Config
	if config != "tiny" && config != "defconfig" {
		text, err := os.ReadFile(env.path(config))
		if err != nil {
			return nil, fmt.Errorf("read the configuration: %w", err)
		}
		config = string(text)
	}
	variables, err := json.Marshal(b.Make)
	if err != nil {
		return nil, fmt.Errorf("encode make's variables: %w", err)
	}
	return append([]string{builtFormat, t.digest, config, compiler, string(variables)}, fragments...), nil
}

// build fills the cache's entry.
func (t tree) build(ctx context.Context, env *Env, k matrix.Kernel, b matrix.Build, key, dir string) error {
	var st unix.Statfs_t
	if err := unix.Statfs(dir, &st); err != nil {
		return fmt.Errorf("look for free space: %w", err)
	}
	if free := st.Bavail * uint64(st.Bsize) >> 20; free < buildMiB {
		return fmt.Errorf("building %s takes %d MiB, and %d MiB are free at %s", k.Name, buildMiB, free, dir)
	}
	logs := filepath.Join(env.Cache.Dir, "logs")
	objects := filepath.Join(dir, "objects")
	for _, d := range []string{logs, objects} {
		if err := os.MkdirAll(d, 0o755); err != nil {
			return fmt.Errorf("make room for a build: %w", err)
		}
	}
	env.progress(k.Name, "waiting for another build")
	env.building.Lock()
	defer env.building.Unlock()
	env.progress(k.Name, "building")
	env.log("%s: building with %s; it takes some minutes the first time", k.Name, b.Name)
	built, err := build.Run(ctx, build.Request{
		Build: b, Tree: t.dir, Out: objects, Dir: env.Dir,
		Log: filepath.Join(logs, k.Name+"-"+filepath.Base(key)[:8]+".log"),
	})
	if err != nil {
		return err
	}
	f, err := boot(ctx, filepath.Join(objects, "arch", "x86", "boot", "bzImage"), dir)
	if err != nil {
		return err
	}
	if err := copyFile(filepath.Join(objects, ".config"), filepath.Join(dir, fileConfig)); err != nil {
		return fmt.Errorf("keep the configuration: %w", err)
	}
	installed, err := filepath.Glob(filepath.Join(objects, "modules-install", "lib", "modules", "*"))
	if err != nil {
		return err
	}
	if len(installed) > 0 {
		if err := os.Rename(installed[0], filepath.Join(dir, dirModules)); err != nil {
			return fmt.Errorf("keep the modules: %w", err)
		}
	}
	if err := os.RemoveAll(objects); err != nil {
		return fmt.Errorf("remove a build's objects: %w", err)
	}
	if err := describe(dir, f); err != nil {
		return err
	}
	text, err := json.Marshal(built)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, fileBuilt), text, 0o644)
}
