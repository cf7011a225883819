package vmimage

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"kmatrix/matrix"
	"kmatrix/vmimage/cache"
	"kmatrix/vmimage/series"
	"kmatrix/vmimage/source"
	"kmatrix/vmimage/tree"
)

// Recipe says what a kernel's image is and how it is had.
type Recipe struct {
	Kernel matrix.Kernel
	// Source is what the kernel is made of.
	Source source.Recipe
	// Before is what to do before the image has a name: what the source needs, a
	// series that is not here yet, or another kernel's image, whose configuration it
	// is built with. Nil where it has one.
	Before *source.Step
	// Image is the cache's entry of the image, with the zero Key where Before forbids
	// to know it.
	Image cache.Item
	// Needs are the entries that the image is made of, as far as it is built: patches,
	// source code, objects of its base.
	Needs []cache.Item

	env *Env
	// job builds the image, nil for one that is not built: from built, which is the
	// tree of Source with the series on top, where there is one.
	job    *job
	series *series.Series
	built  tree.Tree
	inputs []string
}

// Resolve says what a kernel's image is, and fetches, builds and records nothing. The
// error is a [*fault.UnavailableError] where it cannot be had.
func Resolve(ctx context.Context, env *Env, k matrix.Kernel) (*Recipe, error) {
	s, err := source.Resolve(ctx, &env.Env, k)
	if err != nil {
		return nil, err
	}
	return assemble(ctx, env, k, s)
}

// settle does all that is to be done before the image has a name.
func settle(ctx context.Context, env *Env, k matrix.Kernel, s source.Recipe) (*Recipe, error) {
	for steps := (source.Steps{}); ; {
		r, err := assemble(ctx, env, k, s)
		if err != nil {
			return nil, err
		}
		if more, err := steps.Do(ctx, r.Before); err != nil || !more {
			return r, err
		}
	}
}

// assemble makes the recipe of a kernel whose source is resolved.
func assemble(ctx context.Context, env *Env, k matrix.Kernel, s source.Recipe) (*Recipe, error) {
	r := &Recipe{Kernel: k, Source: s, Before: s.Before, env: env}
	switch {
	case s.Tree != nil:
		return r, r.plan(ctx)
	case s.Image != nil:
		r.Image = s.Image.Entry
	}
	return r, nil
}

// plan names the image that is built of the source's tree.
func (r *Recipe) plan(ctx context.Context) error {
	for _, where := range r.Kernel.Series {
		if item, fetched := seriesItem(r.env, r.Kernel.Name, where); fetched {
			r.Needs = append(r.Needs, item)
		}
	}
	r.Needs = append(r.Needs, r.Source.Tree.Entry)
	build, err := findBuild(r.env, r.Kernel)
	if err != nil {
		return err
	}
	config, step, err := configOf(ctx, r.env, build)
	if err != nil {
		return err
	}
	if step != nil && (r.Before == nil || r.Before.Optional) {
		r.Before = step
	}
	for _, item := range r.Needs[:len(r.Needs)-1] {
		if !r.env.Cache.Has(item.Key) {
			r.Before = r.get(item)
		}
	}
	if r.Before != nil && !r.Before.Optional {
		return nil
	}
	if r.series, err = readSeries(ctx, r.env, r.Kernel); err != nil {
		return err
	}
	if r.job, err = newJob(r.env, r.Kernel, build, config); err != nil {
		return err
	}
	r.built = *r.Source.Tree
	if r.series != nil {
		r.built = patched(r.env, r.Kernel, *r.Source.Tree, r.series)
		r.Needs = append(r.Needs, r.built.Entry)
	}
	if r.inputs, err = r.job.inputs(ctx, r.built); err != nil {
		return err
	}
	r.Image = cache.Item{Key: cache.Key(source.KindImage, r.inputs...), Fill: r.fill}
	if r.job.shared() {
		objects, err := r.job.objects(ctx, *r.Source.Tree)
		if err != nil {
			return err
		}
		r.Needs = append(r.Needs, objects)
	}
	r.Needs = slices.DeleteFunc(r.Needs, func(i cache.Item) bool { return i.Key == "" }) // a tree of the user's
	return nil
}

// get is the step that makes an entry.
func (r *Recipe) get(item cache.Item) *source.Step {
	return &source.Step{Name: "making " + item.Key, Keys: []string{item.Key}, Reach: item.Reach, Run: func(ctx context.Context) error {
		_, err := r.env.Cache.Get(ctx, item)
		return err
	}}
}

// origin says where the kernel comes from.
func (r *Recipe) origin() string {
	if r.Source.Image != nil {
		return r.Source.Image.Origin
	}
	return r.built.Origin
}

// Keys are the entries of the cache that the recipe names, whether they are there or
// not.
func (r *Recipe) Keys() []string {
	keys := slices.Clone(r.Source.Uses)
	if r.Before != nil {
		keys = append(keys, r.Before.Keys...)
	}
	for _, item := range append(slices.Clone(r.Needs), r.Image) {
		if item.Key != "" {
			keys = append(keys, item.Key)
		}
	}
	slices.Sort(keys)
	return slices.Compact(keys)
}

// Reach finds out whether all that is still to be fetched can be had, and fetches
// nothing. It reports whether anything is.
func (r *Recipe) Reach(ctx context.Context) (fetches bool, err error) {
	try := func(reach func(context.Context) error) {
		fetches = true
		if reach != nil {
			err = errors.Join(err, reach(ctx))
		}
	}
	if r.Before != nil && !r.Before.Optional {
		try(r.Before.Reach)
	}
	switch {
	case r.Source.Image != nil && !r.env.Cache.Has(r.Image.Key):
		try(r.Image.Reach)
	case r.Source.Tree != nil && !r.Source.Tree.Has(r.env.Cache):
		try(r.Source.Tree.Entry.Reach)
	}
	return fetches, err
}

func findBuild(env *Env, k matrix.Kernel) (matrix.Build, error) {
	i := slices.IndexFunc(env.Builds, func(b matrix.Build) bool { return b.Name == k.Build })
	if i < 0 {
		return matrix.Build{}, fmt.Errorf("kernel %s: there is no build %q", k.Name, k.Build)
	}
	return env.Builds[i], nil
}

// configOf returns the image whose configuration a build takes; its zero value where
// it takes none. The step gets it first, or records what it was resolved to.
func configOf(ctx context.Context, env *Env, b matrix.Build) (matrix.Image, *source.Step, error) {
	name := b.ConfigKernel()
	if name == "" {
		return matrix.Image{}, nil, nil
	}
	i := slices.IndexFunc(env.Kernels, func(k matrix.Kernel) bool { return k.Name == name })
	if i < 0 {
		return matrix.Image{}, nil, fmt.Errorf("build %s: there is no kernel %q", b.Name, name)
	}
	wrap := func(err error) error {
		if err != nil {
			err = fmt.Errorf("the configuration of %s: %w", name, err)
		}
		return err
	}
	r, err := Resolve(ctx, env, env.Kernels[i])
	if err != nil {
		return matrix.Image{}, nil, wrap(err)
	}
	step := &source.Step{
		Name: "the image of " + name,
		Keys: r.Keys(),
		Run: func(ctx context.Context) error {
			_, err := Fetch(ctx, env, env.Kernels[i])
			return wrap(err)
		},
		Reach: func(ctx context.Context) error {
			_, err := r.Reach(ctx)
			return wrap(err)
		},
	}
	if r.Image.Key == "" || !env.Cache.Has(r.Image.Key) {
		return matrix.Image{}, step, nil
	}
	img, err := r.open(ctx, env.Cache.Path(r.Image.Key))
	if step.Optional = true; r.Source.Record == nil && r.Before == nil {
		step = nil
	}
	return img, step, wrap(err)
}
