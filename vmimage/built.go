package vmimage

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"kmatrix/matrix"
	"kmatrix/vmimage/build"
	"kmatrix/vmimage/cache"
	"kmatrix/vmimage/series"
)

// BuildFailedError tells that a kernel's source was had and does not build.
type BuildFailedError struct{ Err error }

// Error returns the reason.
func (e *BuildFailedError) Error() string { return e.Err.Error() }

// Unwrap returns the reason.
func (e *BuildFailedError) Unwrap() error { return e.Err }

const (
	// builtFormat is part of the cache's key: it changes with what is kept of
	// a build.
	builtFormat = "built 3"
	// inputCompiler is the compiler's place in a job's inputs.
	inputCompiler = 3
	// fileBuilt says how the image, or the objects, were built.
	fileBuilt = "built.json"
)

// job is a kernel to build from a tree.
type job struct {
	env    *Env
	kernel matrix.Kernel
	build  matrix.Build
	// config is the text that the configuration begins with, "" where the
	// build names one of make's own.
	config string
	// note tells the user what of the configuration is not built, "" where all is.
	note string
}

// image builds the kernel, unless the cache has it: an image is named by the
// content of source, patches, configuration and compiler.
func (t tree) image(ctx context.Context, env *Env, k matrix.Kernel) (matrix.Image, error) {
	s, err := readSeries(ctx, env, k)
	if err != nil {
		return matrix.Image{}, err
	}
	j, err := newJob(ctx, env, k)
	if err != nil {
		return matrix.Image{}, err
	}
	source := t
	if s != nil {
		for _, n := range s.Notes {
			env.log("%s: series: %s", k.Name, n)
		}
		source = t.patched(env, k, s)
	}
	inputs, err := j.inputs(ctx, source)
	if err != nil {
		return matrix.Image{}, err
	}
	held, err := env.hold(k, inputs)
	if err != nil {
		return matrix.Image{}, err
	}
	dir, err := env.Cache.Entry(ctx, cache.Key(KindImage, inputs...), func(ctx context.Context, dir string) error {
		if err := j.needs(); err != nil {
			return err
		}
		// A tree that cannot be had, or that the series does not apply to, is
		// told before anything is built.
		if _, err := source.open(ctx); err != nil {
			return err
		}
		return j.fill(ctx, t, source, s, dir)
	})
	if err != nil {
		return matrix.Image{}, err
	}
	img, err := open(dir)
	if err != nil {
		return img, err
	}
	img.Kernel, img.Version, img.Origin = k.Name, img.Release, source.origin
	return img, held.keep(img)
}

// newJob finds the kernel's build and reads its configuration.
func newJob(ctx context.Context, env *Env, k matrix.Kernel) (job, error) {
	i := slices.IndexFunc(env.Builds, func(b matrix.Build) bool { return b.Name == k.Build })
	if i < 0 {
		return job{}, fmt.Errorf("kernel %s: there is no build %q", k.Name, k.Build)
	}
	j := job{env: env, kernel: k, build: env.Builds[i]}
	var err error
	j.config, j.note, err = j.readConfig(ctx)
	return j, err
}

// readConfig returns the text that the configuration begins with, "" for one
// that make has a target for, and what the user is to know of it.
func (j job) readConfig(ctx context.Context) (text, note string, err error) {
	if slices.Contains(build.Targets, j.build.Config) {
		return "", "", nil
	}
	name := j.build.ConfigKernel()
	if name == "" {
		own, err := os.ReadFile(j.env.path(j.build.Config))
		if err != nil {
			return "", "", fmt.Errorf("read the configuration of the build %s: %w", j.build.Name, err)
		}
		text, note = build.WithoutBTF(j.build, string(own))
		return text, note, nil
	}
	i := slices.IndexFunc(j.env.Kernels, func(k matrix.Kernel) bool { return k.Name == name })
	if i < 0 {
		return "", "", fmt.Errorf("build %s: there is no kernel %q", j.build.Name, name)
	}
	img, err := Fetch(ctx, j.env, j.env.Kernels[i])
	if err != nil {
		return "", "", fmt.Errorf("the configuration of %s: %w", name, err)
	}
	if img.Config == "" {
		return "", "", unavailable("%s came without its configuration", name)
	}
	its, err := os.ReadFile(img.Config)
	if err != nil {
		return "", "", fmt.Errorf("read the configuration of %s: %w", name, err)
	}
	return build.WithoutModules(string(its)), "the configuration of " + name + " is built without its modules, debug information, BTF and signatures", nil
}

// inputs are all that an image's content depends on.
func (j job) inputs(ctx context.Context, t tree) ([]string, error) {
	compiler, err := build.Compiler(ctx, j.build)
	if err != nil {
		return nil, err
	}
	fragments, err := j.fragments()
	if err != nil {
		return nil, err
	}
	variables, err := json.Marshal(j.build.Make)
	if err != nil {
		return nil, fmt.Errorf("encode make's variables: %w", err)
	}
	config := j.config
	if config == "" {
		config = j.build.Config
	}
	pahole, err := build.Pahole(ctx, j.build, append([]string{config}, fragments...)...)
	if err != nil {
		return nil, err
	}
	return append([]string{builtFormat, t.digest, config, compiler, string(variables) + pahole}, fragments...), nil
}

// fragments returns the texts of the build's fragments.
func (j job) fragments() ([]string, error) {
	texts, err := build.Fragments(j.build.Fragments, j.env.Dir)
	var contradicted *build.ContradictionError
	if errors.As(err, &contradicted) {
		err = &BuildFailedError{err}
	}
	return texts, err
}

// needs checks that what the build is made with is here.
func (j job) needs() error {
	if err := build.Tools(); err != nil {
		return err
	}
	fragments, err := j.fragments()
	if err != nil {
		return err
	}
	return build.NeedsPahole(j.build, fragments)
}

// fill fills the image's entry: source is what to build, t the tree without the
// series s, of which objects are kept for whatever has it as base.
func (j job) fill(ctx context.Context, t, source tree, s *series.Series, dir string) (err error) {
	defer func() {
		var (
			failed  *build.Error
			dropped *build.DroppedError
		)
		if errors.As(err, &failed) && !failed.Host || errors.As(err, &dropped) {
			err = &BuildFailedError{err}
		}
	}()
	collect := func(objects string) error { return collect(ctx, objects, dir) }
	if !j.shared() {
		return j.make(ctx, source, "", nil, collect)
	}
	objects, err := j.objects(ctx, t)
	if err != nil {
		return err
	}
	if s == nil {
		return collect(objects)
	}
	return j.make(ctx, source, objects, s.Files(), collect)
}

// shared tells whether others are built from the same tree: the kernel has a
// base, or is one.
func (j job) shared() bool {
	return j.kernel.Base != "" || slices.ContainsFunc(j.env.Kernels, func(k matrix.Kernel) bool {
		return k.Base == j.kernel.Name && k.Build == j.kernel.Build
	})
}

// objects returns the object directory of a tree, building it where the cache
// does not have it.
func (j job) objects(ctx context.Context, t tree) (string, error) {
	inputs, err := j.inputs(ctx, t)
	if err != nil {
		return "", err
	}
	j.env.progress(j.kernel.Name, "waiting for the objects of its base")
	dir, err := j.env.Cache.Entry(ctx, cache.Key(kindObjects, inputs...), func(ctx context.Context, dir string) error {
		return j.make(ctx, t, "", nil, func(objects string) error { return move(ctx, objects, filepath.Join(dir, "objects")) })
	})
	return filepath.Join(dir, "objects"), err
}

// ask asks for the entries that making the kernel's image needs beside its
// source, so that a cache that is only looked at hears of them. What cannot be
// named yet is not asked for.
func (t tree) ask(ctx context.Context, env *Env, k matrix.Kernel) {
	s, err := readSeries(ctx, env, k)
	if err != nil {
		return
	}
	if s != nil {
		_, _ = t.patched(env, k, s).open(ctx)
	}
	if j, err := newJob(ctx, env, k); err == nil && j.shared() {
		_, _ = j.objects(ctx, t)
	}
}

// collect takes out of an object directory what an image is.
func collect(ctx context.Context, objects, dir string) error {
	f, err := boot(ctx, filepath.Join(objects, "arch", "x86", "boot", "bzImage"), dir)
	if err != nil {
		return err
	}
	for _, one := range [][2]string{{".config", fileConfig}, {fileBuilt, fileBuilt}} {
		if err := copyFile(filepath.Join(objects, one[0]), filepath.Join(dir, one[1])); err != nil {
			return fmt.Errorf("keep how it was built: %w", err)
		}
	}
	config, err := os.ReadFile(filepath.Join(dir, fileConfig))
	if err == nil && strings.Contains(string(config), "\nCONFIG_DEBUG_INFO=y\n") {
		err = copyFile(filepath.Join(objects, fileVmlinux), filepath.Join(dir, fileSymbols))
	}
	if err != nil {
		return fmt.Errorf("keep the debug information: %w", err)
	}
	installed, err := filepath.Glob(filepath.Join(objects, "modules-install", "lib", "modules", "*"))
	if err != nil {
		return err
	}
	if len(installed) > 0 {
		if err := os.CopyFS(filepath.Join(dir, dirModules), os.DirFS(installed[0])); err != nil {
			return fmt.Errorf("keep the modules: %w", err)
		}
	}
	return describe(dir, f)
}
