package vmimage

import (
	"context"
	"errors"
	"path/filepath"

	"kmatrix/matrix"
	"kmatrix/vmimage/cache"
	"kmatrix/vmimage/fault"
)

// Status says how near a kernel is.
type Status string

const (
	// Cached: its image is there, and boots without any network.
	Cached Status = "cached"
	// Resolvable: its source can be had.
	Resolvable Status = "resolvable"
	// Unreachable: it cannot be had, or its series is none.
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
	// Keys are the entries of the cache that its recipe names, whether they are
	// there or not.
	Keys []string `json:"-"`
}

// Look says what is there of a kernel, and changes nothing.
func Look(ctx context.Context, env *Env, k matrix.Kernel, g Guest) (State, error) {
	st := State{Kernel: k.Name, Source: k.Source.Kind}
	r, err := Resolve(ctx, env, k)
	if r != nil {
		st.Version, st.Trust, st.Keys = r.Source.Version, r.Source.Trust, r.Keys()
	}
	fetches := false
	if err == nil && r.Image.Key != "" && env.Cache.Has(r.Image.Key) {
		// Without its source it boots as well.
		st.Status = Cached
		err = st.initramfs(ctx, r, g)
	} else if err == nil {
		fetches, err = r.Reach(ctx)
	}
	var (
		gone   *fault.UnavailableError
		failed *fault.BuildFailedError
	)
	switch {
	case ctx.Err() != nil:
		return st, ctx.Err()
	case errors.As(err, &gone), errors.As(err, &failed):
		st.Status, st.Detail = Unreachable, err.Error()
	case err != nil:
		return st, err
	case st.Status == Cached:
	case k.Build == "":
		st.Status, st.Detail = Resolvable, "to be fetched"
	case fetches:
		st.Status, st.Detail = Resolvable, "to be fetched and built"
	default:
		st.Status, st.Detail = Resolvable, "to be built"
	}
	return st, st.measure(env.Cache.Dir)
}

// initramfs adds what is asked for when an image that is there boots.
func (s *State) initramfs(ctx context.Context, r *Recipe, g Guest) error {
	img, err := r.open(ctx, r.env.Cache.Path(r.Image.Key))
	if err != nil {
		return err
	}
	item, err := initrd(img, g)
	s.Version, s.Keys = img.Version, append(s.Keys, item.Key)
	return err
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
