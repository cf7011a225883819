package vmimage

import (
	"context"
	"errors"
	"path/filepath"
	"slices"

	"kmatrix/matrix"
	"kmatrix/vmimage/cache"
	"kmatrix/vmimage/lock"
)

// Status says how near a kernel is.
type Status string

const (
	// Cached: its image is there, and boots without any network.
	Cached Status = "cached"
	// Resolvable: its source can be had.
	Resolvable Status = "resolvable"
	// Unreachable: it cannot be had.
	Unreachable Status = "unreachable"
)

// State is what is there of a kernel.
type State struct {
	Kernel  string `json:"kernel"`
	Source  string `json:"source"`
	Status  Status `json:"status"`
	Version string `json:"version,omitempty"`
	// Trust is what vouches for its source, where that was fetched.
	Trust matrix.Trust `json:"trust,omitempty"`
	// Detail says what is still to be done, or why the kernel is unreachable.
	Detail string `json:"detail,omitempty"`
	// Bytes is the room that its entries take in the cache.
	Bytes int64 `json:"bytes"`
	// Keys are the entries of the cache that are asked for when it is used,
	// whether they are there or not.
	Keys []string `json:"-"`
}

// Look says what is there of a kernel, and changes nothing. base and baseDigest
// are as for [Prepare].
func Look(ctx context.Context, env *Env, k matrix.Kernel, g Guest) (State, error) {
	st := State{Kernel: k.Name, Source: k.Source.Kind}
	peek := &Env{
		Lock: env.Lock, HTTP: env.HTTP, Mirrors: env.Mirrors, Dir: env.Dir, Rewrite: env.Rewrite,
		Builds: env.Builds, Kernels: env.Kernels, Locked: env.Locked, Offline: env.Offline, asker: env,
		Cache: &cache.Cache{Dir: env.Cache.Dir, Peek: true, Used: func(key string) {
			if !slices.Contains(st.Keys, key) {
				st.Keys = append(st.Keys, key)
			}
		}},
	}
	var img matrix.Image
	// source is why the source is not there; until it is found, it is not.
	source := error(&cache.MissingError{Key: k.Name})
	err := with(ctx, peek, k, func(f found) (err error) {
		st.Version, st.Trust = f.version, f.trust
		img, err = f.fetch(ctx, peek, k)
		if f.tree == nil {
			return err
		}
		source = f.fetchSource(ctx, peek, k)
		f.tree.ask(ctx, peek, k)
		if err == nil {
			return nil // without its source it boots as well
		}
		return errors.Join(err, source)
	})
	var (
		missing *cache.MissingError
		gone    *UnavailableError
	)
	switch {
	case err == nil:
		st.Status, st.Version = Cached, img.Version
		if _, err := Prepare(ctx, peek, img, g); err != nil && !errors.As(err, &missing) {
			return st, err
		}
	case errors.As(err, &gone):
		st.Status, st.Detail = Unreachable, gone.Error()
	case !errors.As(err, &missing):
		return st, err
	case k.Build == "":
		st.Status, st.Detail = Resolvable, "to be fetched"
	case source != nil:
		st.Status, st.Detail = Resolvable, "to be fetched and built"
	default:
		st.Status, st.Detail = Resolvable, "to be built"
	}
	return st, st.measure(env.Cache.Dir)
}

// measure adds up what the kernel's entries take.
func (s *State) measure(dir string) error {
	var sizes cache.Sizes
	for _, key := range s.Keys {
		n, err := sizes.Add(filepath.Join(dir, key))
		if err != nil {
			return err
		}
		s.Bytes += n
	}
	return nil
}

// Resolve records in kernels.lock what the kernel is made of, and returns its
// entry there; a kernel of this machine has none. A tarball without a digest is
// fetched for that.
func Resolve(ctx context.Context, env *Env, k matrix.Kernel) (lock.Entry, bool, error) {
	err := with(ctx, env, k, func(found) error { return nil })
	e, ok := env.Lock.Get(k.SourceOf(), k.Source.Fields)
	return e, ok, err
}

// record puts what a kernel was resolved to into kernels.lock, unless it is
// only looked at.
func (e *Env) record(k matrix.Kernel, entry lock.Entry) error {
	if e.Cache.Peek {
		return nil
	}
	return e.Lock.Put(k.SourceOf(), entry)
}

// outOfReach asks the server of what a cache that is only looked at lacks; err
// is returned when it has it, and when err is another.
func (e *Env) outOfReach(ctx context.Context, err error, where string) error {
	var missing *cache.MissingError
	if !errors.As(err, &missing) {
		return err
	}
	if e.Offline {
		return notCached(where)
	}
	if err := reach(ctx, e.HTTP, e.url(where)); err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return unavailable("%w", err)
	}
	return err
}
