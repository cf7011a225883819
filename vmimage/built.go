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
	"kmatrix/vmimage/fault"
	"kmatrix/vmimage/imagedir"
	"kmatrix/vmimage/tree"
)

const (
	// builtFormat is part of the cache's key: it changes with what is kept of
	// a build.
	builtFormat = "built 3"
	// inputCompiler is the compiler's place in a job's inputs.
	inputCompiler = 3
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

// build builds the kernel, unless the cache has it: an image is named by the
// content of source, patches, configuration and compiler.
func (r *Recipe) build(ctx context.Context) (matrix.Image, error) {
	if r.series != nil {
		for _, n := range r.series.Notes {
			r.env.Logf("%s: series: %s", r.Kernel.Name, n)
		}
	}
	locked, err := r.env.lockBuild(r.Kernel, r.inputs)
	if err != nil {
		return matrix.Image{}, err
	}
	dir, err := r.env.Cache.Get(ctx, r.Image)
	if err != nil {
		return matrix.Image{}, err
	}
	img, err := r.open(ctx, dir)
	if err != nil {
		return img, err
	}
	return img, locked.record(img)
}

// newJob reads the build's configuration; config is the image that it takes it of,
// where it does.
func newJob(env *Env, k matrix.Kernel, b matrix.Build, config matrix.Image) (*job, error) {
	j := &job{env: env, kernel: k, build: b}
	var err error
	j.config, j.note, err = j.readConfig(config)
	return j, err
}

// readConfig returns the text that the configuration begins with, "" for one
// that make has a target for, and what the user is to know of it.
func (j *job) readConfig(of matrix.Image) (text, note string, err error) {
	if slices.Contains(build.Targets, j.build.Config) {
		return "", "", nil
	}
	name := j.build.ConfigKernel()
	if name == "" {
		own, err := os.ReadFile(j.env.Path(j.build.Config))
		if err != nil {
			return "", "", fmt.Errorf("read the configuration of the build %s: %w", j.build.Name, err)
		}
		text, note = build.WithoutBTF(j.build, string(own))
		return text, note, nil
	}
	if of.Config == "" {
		return "", "", fault.Unavailable("%s came without its configuration", name)
	}
	its, err := os.ReadFile(of.Config)
	if err != nil {
		return "", "", fmt.Errorf("read the configuration of %s: %w", name, err)
	}
	return build.WithoutModules(string(its)), "the configuration of " + name + " is built without its modules, debug information, BTF and signatures", nil
}

// inputs are all that an image's content depends on.
func (j *job) inputs(ctx context.Context, t tree.Tree) ([]string, error) {
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
	return append([]string{builtFormat, t.Digest, config, compiler, string(variables) + pahole}, fragments...), nil
}

// fragments returns the texts of the build's fragments.
func (j *job) fragments() ([]string, error) {
	texts, err := build.Fragments(j.build.Fragments, j.env.Dir)
	var contradicted *build.ContradictionError
	if errors.As(err, &contradicted) {
		err = &fault.BuildFailedError{Err: err}
	}
	return texts, err
}

// needs checks that what the build is made with is here.
func (j *job) needs() error {
	if err := build.Tools(); err != nil {
		return err
	}
	fragments, err := j.fragments()
	if err != nil {
		return err
	}
	return build.NeedsPahole(j.build, fragments)
}

// fill fills the image's entry.
func (r *Recipe) fill(ctx context.Context, dir string) (err error) {
	defer func() {
		var (
			failed  *build.Error
			dropped *build.DroppedError
		)
		if errors.As(err, &failed) && !failed.Host || errors.As(err, &dropped) {
			err = &fault.BuildFailedError{Err: err}
		}
	}()
	j := r.job
	if err := j.needs(); err != nil {
		return err
	}
	// A tree that cannot be had, or that the series does not apply to, is
	// told before anything is built.
	if _, err := r.built.Open(ctx, r.env.Cache); err != nil {
		return err
	}
	collect := func(objects string) error { return collect(ctx, objects, dir) }
	if !j.shared() {
		return j.make(ctx, r.built, "", nil, collect)
	}
	item, err := j.objects(ctx, *r.Source.Tree)
	if err != nil {
		return err
	}
	j.env.Tell(j.kernel.Name, "waiting for the objects of its base")
	entry, err := j.env.Cache.Get(ctx, item)
	if err != nil {
		return err
	}
	objects := filepath.Join(entry, dirObjects)
	if r.series == nil {
		return collect(objects)
	}
	return j.make(ctx, r.built, objects, r.series.Files(), collect)
}

// shared tells whether others are built from the same tree: the kernel has a
// base, or is one.
func (j *job) shared() bool {
	return j.kernel.Base != "" || slices.ContainsFunc(j.env.Kernels, func(k matrix.Kernel) bool {
		return k.Base == j.kernel.Name && k.Build == j.kernel.Build
	})
}

// dirObjects is the directory in an entry of objects.
const dirObjects = "objects"

// objects is the entry with the objects of a tree, which are kept for whatever has it
// as base.
func (j *job) objects(ctx context.Context, t tree.Tree) (cache.Item, error) {
	inputs, err := j.inputs(ctx, t)
	return cache.Item{Key: cache.Key(kindObjects, inputs...), Fill: func(ctx context.Context, dir string) error {
		return j.make(ctx, t, "", nil, func(objects string) error { return move(ctx, objects, filepath.Join(dir, dirObjects)) })
	}}, err
}

// collect takes out of an object directory what an image is.
func collect(ctx context.Context, objects, dir string) error {
	f, err := imagedir.Boot(ctx, filepath.Join(objects, "arch", "x86", "boot", "bzImage"), dir)
	if err != nil {
		return err
	}
	for _, one := range [][2]string{{".config", imagedir.FileConfig}, {imagedir.FileBuilt, imagedir.FileBuilt}} {
		if err := imagedir.CopyFile(filepath.Join(objects, one[0]), filepath.Join(dir, one[1])); err != nil {
			return fmt.Errorf("keep how it was built: %w", err)
		}
	}
	config, err := os.ReadFile(filepath.Join(dir, imagedir.FileConfig))
	if err == nil && strings.Contains(string(config), "\nCONFIG_DEBUG_INFO=y\n") {
		err = imagedir.CopyFile(filepath.Join(objects, imagedir.FileVmlinux), filepath.Join(dir, imagedir.FileSymbols))
	}
	if err != nil {
		return fmt.Errorf("keep the debug information: %w", err)
	}
	installed, err := filepath.Glob(filepath.Join(objects, "modules-install", "lib", "modules", "*"))
	if err != nil {
		return err
	}
	if len(installed) > 0 {
		if err := os.CopyFS(filepath.Join(dir, imagedir.DirModules), os.DirFS(installed[0])); err != nil {
			return fmt.Errorf("keep the modules: %w", err)
		}
	}
	return imagedir.Describe(dir, f)
}
