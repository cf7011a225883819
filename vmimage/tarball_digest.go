package vmimage

import (
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
	"kmatrix/vmimage/lock"
)

// findRemote returns the digest of a tarball of a server and what vouches for it:
// kernels.yaml, a signed list, or, for one that neither does, what was recorded when
// it was fetched first.
func (t *tarball) findRemote(ctx context.Context) (string, matrix.Trust, error) {
	env := t.env
	if t.want != "" && t.keyring == "" {
		return t.want, matrix.TrustDigest, nil
	}
	if entry, known := env.Lock.Get(t.kernel.SourceOf(), t.kernel.Source.Fields); known && len(entry.Files) > 0 {
		if entry.Trust == "" {
			entry.Trust = matrix.TrustFirstUse
		}
		return entry.Files[0].SHA256, entry.Trust, nil
	}
	if env.Locked && t.want == "" {
		return "", "", locked("%s has no entry for it, and --locked keeps from making one", env.Lock.Path())
	}
	if t.keyring == "" {
		sum, err := t.first(ctx)
		return sum, matrix.TrustFirstUse, err
	}
	sum, signer, err := t.listed(ctx)
	if err != nil {
		return "", "", err
	}
	if t.want != "" && t.want != sum {
		return "", "", unavailable("kernels.yaml and %s, which is signed, do not agree on %s: sha256: is %s there, and %s here", t.listAt(), path.Base(t.where), t.want, sum)
	}
	if env.Locked {
		return sum, matrix.TrustSigned, nil // of kernels.yaml: nothing was resolved
	}
	return sum, matrix.TrustSigned, t.record(sum, matrix.TrustSigned, signer)
}

// first fetches a tarball that nobody vouches for, and records its digest, once it
// was seen to be what its name says.
func (t *tarball) first(ctx context.Context) (string, error) {
	env := t.env
	if env.Cache.Peek {
		return "", env.outOfReach(ctx, &cache.MissingError{Key: t.where}, t.where)
	}
	file, err := t.fetch(ctx, "")
	if err != nil {
		return "", err
	}
	sum, err := cache.Digest(file)
	if err != nil {
		return "", err
	}
	// Under the name that the digest gives, where it is looked for from now on.
	kept := t.path(sum)
	if err := os.MkdirAll(filepath.Dir(kept), 0o755); err != nil {
		return "", fmt.Errorf("keep a tarball: %w", err)
	}
	if err := atomicfile.Rename(file, kept); err != nil {
		return "", fmt.Errorf("keep a tarball: %w", err)
	}
	_, err = tree{origin: t.where, dir: func(ctx context.Context) (string, error) { return t.unpack(ctx, sum) }}.open(ctx)
	var bad *UnavailableError
	if errors.As(err, &bad) {
		return "", errors.Join(err, os.RemoveAll(filepath.Dir(kept)))
	}
	if err != nil {
		return "", err
	}
	env.log("%s: nobody vouches for %s: the sha256 of this first download, %s, is recorded in kernels.lock and held to; sha256: or keyring: in kernels.yaml has it checked", t.kernel.Name, path.Base(t.where), sum)
	return sum, t.record(sum, matrix.TrustFirstUse, "")
}

// record puts the digest into kernels.lock.
func (t *tarball) record(sum string, trust matrix.Trust, signer string) error {
	return t.env.record(t.kernel, lock.Entry{
		Source: t.kernel.Source.Fields, Version: path.Base(t.where), Resolved: time.Now().UTC().Truncate(time.Second),
		Trust: trust, SignedBy: signer, Files: []lock.File{{URL: t.where, SHA256: sum}},
	})
}
