// Package source finds out what a kernel of kernels.yaml is made of.
//
// A kind of source is one file that registers itself. It resolves a kernel to a
// [Recipe]: the key under which the cache keeps the kernel, or its source code, what
// makes that entry, and how to find out whether it can be had. Resolving reads
// indexes and what is on this machine; it fetches nothing that is kept and writes
// nothing, so that what is there of a kernel can be looked at as often as one likes.
package source

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"kmatrix/matrix"
	"kmatrix/vmimage/cache"
	"kmatrix/vmimage/lock"
	"kmatrix/vmimage/tree"
)

// Kinds of the cache's entries that sources make.
const (
	KindImage   = "kernels"
	KindTree    = "trees"
	KindTarball = "tarballs"
	KindGit     = "git"
)

// Source is a kind of source.
type Source interface {
	// Kind describes it.
	Kind() matrix.SourceKind
	// Resolve says what the kernel is made of. The error is a
	// [*fault.UnavailableError] when the source cannot be had; any other is the
	// host's.
	Resolve(context.Context, *Env, matrix.Kernel) (Recipe, error)
}

// Recipe is what a kernel is made of and how that is had. Of Tree and Image one is set,
// unless Before is and forbids it.
type Recipe struct {
	// Tree is source code, which is to be built.
	Tree *tree.Tree
	// Image is a kernel that is built already.
	Image *Image
	// Before is what to do first, and to resolve anew then; nil where nothing is.
	Before *Step
	// Version says which one it is, where the source has a word for that.
	Version string
	// Trust is what vouches for it.
	Trust matrix.Trust
	// Record is what kernels.lock is to have of it; nil where that has it, or has no
	// say.
	Record *lock.Entry
	// Locked tells that it is the version that kernels.lock has.
	Locked bool
	// Note is what the user is to know of it once it is used, "" for nothing.
	Note string
	// Uses are the cache's entries that it was resolved with.
	Uses []string
}

// Image is a kernel that is not built here.
type Image struct {
	Entry cache.Item
	// Origin says where it comes from.
	Origin string
	// Finish completes what the entry says of itself; may be nil.
	Finish func(context.Context, *matrix.Image) error
}

// Step is something to be had before more is known.
type Step struct {
	// Name tells steps of one kernel apart. One that comes a second time has brought
	// nothing new.
	Name string
	// Optional tells that what is known without it may not be the newest, or is not
	// recorded yet: whoever only looks does without.
	Optional bool
	// Keys are the cache's entries that it makes.
	Keys []string
	Run  func(context.Context) error
	// Reach finds out whether it can be done, and does nothing of it; nil where
	// nothing of another machine is needed.
	Reach func(context.Context) error
	// Unchanged is the error where the step has brought nothing new, and is not
	// optional; nil where it always does.
	Unchanged error
}

// Steps are those that were done for a kernel.
type Steps map[string]bool

// Do does a step, unless it was done: more is not needed then, or the error says what
// is missing.
func (s Steps) Do(ctx context.Context, step *Step) (more bool, err error) {
	switch {
	case step == nil, s[step.Name] && step.Optional:
		return false, nil
	case s[step.Name] && step.Unchanged != nil:
		return false, step.Unchanged
	case s[step.Name]:
		return false, fmt.Errorf("%s has brought nothing new", step.Name)
	}
	s[step.Name] = true
	return true, step.Run(ctx)
}

var sources []Source

// register adds a kind of source; it is called from init.
func register(s Source) { sources = append(sources, s) }

// Kinds describes all kinds of source, in the order of their names.
func Kinds() []matrix.SourceKind {
	var kinds []matrix.SourceKind
	for _, s := range sources {
		kinds = append(kinds, s.Kind())
	}
	slices.SortFunc(kinds, func(a, b matrix.SourceKind) int { return cmp.Compare(a.Name, b.Name) })
	return kinds
}

// Resolve says what a kernel is made of, see [Source].
func Resolve(ctx context.Context, env *Env, k matrix.Kernel) (Recipe, error) {
	i := slices.IndexFunc(sources, func(s Source) bool { return s.Kind().Name == k.Source.Kind })
	if i < 0 {
		return Recipe{}, fmt.Errorf("kernel %s: there is no source of the kind %q", k.Name, k.Source.Kind)
	}
	return sources[i].Resolve(ctx, env, k)
}

// Settle does what is to be done before all is known of what a kernel is made of, and
// records it in kernels.lock.
func Settle(ctx context.Context, env *Env, k matrix.Kernel) (Recipe, error) {
	for steps := (Steps{}); ; {
		r, err := Resolve(ctx, env, k)
		if err != nil {
			return Recipe{}, err
		}
		if more, err := steps.Do(ctx, r.Before); err != nil {
			return Recipe{}, err
		} else if more {
			continue
		}
		r.Before = nil
		if r.Note != "" {
			env.Logf("%s: %s", k.Name, r.Note)
		}
		if r.Record != nil {
			err = env.Lock.Put(k.SourceOf(), *r.Record)
		}
		return r, err
	}
}
