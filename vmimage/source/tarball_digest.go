package source

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"time"

	"kmatrix/matrix"
	"kmatrix/matrix/atomicfile"
	"kmatrix/vmimage/cache"
	"kmatrix/vmimage/fault"
	"kmatrix/vmimage/lock"
)

// resolveRemote returns the digest of a tarball of a server and what vouches for it:
// kernels.yaml, a signed list, or, for one that neither does, what was recorded when
// it was fetched first.
func (t *tarball) resolveRemote(ctx context.Context) (string, Recipe, error) {
	env := t.env
	if t.want != "" && t.keyring == "" {
		return t.want, Recipe{Trust: matrix.TrustDigest}, nil
	}
	if entry, known := env.Lock.Get(t.kernel.SourceOf(), t.kernel.Source.Fields); known && len(entry.Files) > 0 {
		return entry.Files[0].SHA256, Recipe{Trust: cmp.Or(entry.Trust, matrix.TrustFirstUse)}, nil
	}
	if env.Locked && t.want == "" {
		return "", Recipe{}, env.noEntry()
	}
	if t.keyring == "" {
		return "", Recipe{Before: &Step{Name: "fetching " + t.where, Run: t.first, Reach: func(ctx context.Context) error { return t.reach(ctx, t.where) }}}, nil
	}
	sum, signer, err := t.listed(ctx)
	if err != nil {
		return "", Recipe{}, err
	}
	if t.want != "" && t.want != sum {
		return "", Recipe{}, fault.Unavailable("kernels.yaml and %s, which is signed, do not agree on %s: sha256: is %s there, and %s here", t.listAt(), path.Base(t.where), t.want, sum)
	}
	r := Recipe{Trust: matrix.TrustSigned}
	if !env.Locked { // else it is of kernels.yaml: nothing was resolved
		r.Record = t.entry(sum, matrix.TrustSigned, signer)
	}
	return sum, r, nil
}

// first fetches a tarball that nobody vouches for, and records its digest, once it
// was seen to be what its name says.
func (t *tarball) first(ctx context.Context) error {
	env := t.env
	file, err := t.fetch(ctx, "")
	if err != nil {
		return err
	}
	sum, err := cache.Digest(file)
	if err != nil {
		return err
	}
	// Under the name that the digest gives, where it is looked for from now on.
	kept := t.path(sum)
	if err := os.MkdirAll(filepath.Dir(kept), 0o755); err != nil {
		return fmt.Errorf("keep a tarball: %w", err)
	}
	if err := atomicfile.Rename(file, kept); err != nil {
		return fmt.Errorf("keep a tarball: %w", err)
	}
	_, err = t.tree(sum).Open(ctx, env.Cache)
	var bad *fault.UnavailableError
	if errors.As(err, &bad) {
		return errors.Join(err, os.RemoveAll(filepath.Dir(kept)))
	}
	if err != nil {
		return err
	}
	env.Logf("%s: nobody vouches for %s: the sha256 of this first download, %s, is recorded in kernels.lock and held to; sha256: or keyring: in kernels.yaml has it checked", t.kernel.Name, path.Base(t.where), sum)
	return env.Lock.Put(t.kernel.SourceOf(), *t.entry(sum, matrix.TrustFirstUse, ""))
}

// entry is what kernels.lock has of the tarball.
func (t *tarball) entry(sum string, trust matrix.Trust, signer string) *lock.Entry {
	return &lock.Entry{
		Source: t.kernel.Source.Fields, Version: path.Base(t.where), Resolved: time.Now().UTC().Truncate(time.Second),
		Trust: trust, SignedBy: signer, Files: []lock.File{{URL: t.where, SHA256: sum}},
	}
}
