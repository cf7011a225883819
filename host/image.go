package host

import (
	"context"
	"errors"
	"fmt"
	"os"

	"kmatrix/host/kconfig"
	"kmatrix/matrix"
	"kmatrix/matrix/printable"
)

// Images gets kernels ready to boot. The error of a kernel whose source cannot
// be had is a [*NoImageError]; any other is the host's.
type Images interface {
	Image(context.Context, matrix.Kernel) (Bootable, error)
}

// Bootable is an image with all that QEMU needs to boot it.
type Bootable struct {
	matrix.Image
	// Initrd is the path of the initramfs.
	Initrd string
	// Disks are the paths of pristine file system images by the names that
	// probes use ("xfs").
	Disks map[string]string
	// ScratchMiB is how much of [matrix.ScratchDisk], if that is among them, a probe
	// may fill at most.
	ScratchMiB int

	// options are those of the kernel's configuration, nil where it is not known.
	options kconfig.Config
}

// NoImageError tells that a kernel's image cannot be had, for a reason that is
// the kernel's: its source is out of reach, it is no kernel.
type NoImageError struct {
	// Outcome is what the kernel's cells get: [matrix.Unavailable],
	// [matrix.BuildFailed].
	Outcome matrix.Outcome
	Err     error
}

// Error returns the reason.
func (e *NoImageError) Error() string { return e.Err.Error() }

// Unwrap returns the reason.
func (e *NoImageError) Unwrap() error { return e.Err }

// maxVersion is the longest version, release or origin of a kernel that is kept.
const maxVersion = 500

// loaded returns the kernel's image where it was fetched; else nil.
func (r *Runner) loaded(kernel string) *Bootable {
	r.mu.Lock()
	defer r.mu.Unlock()
	img, ok := r.images[kernel]
	if !ok {
		return nil
	}
	return &img
}

// load gets a kernel's image and lets its batches out. One that cannot be had costs its
// cells, or its profiles.
func (r *Runner) load(ctx context.Context, q *queue, k matrix.Kernel, profile bool) error {
	img, err := r.image(ctx, k)
	switch {
	case err != nil && profile:
		q.drop(k.Name)
		r.notify(Event{Kernel: k.Name, Stage: StageNotice, Text: fmt.Sprintf("no profile of %s: %v", k.Name, err)})
		return ctx.Err()
	case err != nil:
		return r.withoutImage(ctx, q, k, err)
	}
	r.mu.Lock()
	r.images[k.Name] = img
	r.mu.Unlock()
	q.open(k.Name)
	return nil
}

// image gets a kernel's image and stores what it turned out to be.
func (r *Runner) image(ctx context.Context, k matrix.Kernel) (Bootable, error) {
	img, err := r.cfg.Images.Image(ctx, k)
	if err != nil {
		return img, err
	}
	// What stands in a kernel's file is its builder's.
	for _, s := range []*string{&img.Version, &img.Release, &img.Origin} {
		*s = printable.Line(*s, maxVersion)
	}
	if err := r.same(k.Name, img); err != nil {
		return img, err
	}
	var config []byte
	if img.Config != "" {
		if config, err = os.ReadFile(img.Config); err != nil {
			return img, fmt.Errorf("read a kernel's configuration: %w", err)
		}
		img.options = kconfig.Parse(string(config))
	}
	r.notify(Event{Kernel: k.Name, Stage: StageImage, Text: img.Version})
	return img, r.column(k.Name, func(c *matrix.Column) {
		c.Version, c.Release, c.Digest, c.PVH, c.Origin, c.Trust, c.Built, c.ConfigDigest = img.Version, img.Release, img.Digest, img.PVH, img.Origin, img.Trust, img.Built, img.ConfigDigest
		c.Config = string(config)
		c.Outcome, c.Detail = "", "" // of before the run was resumed
	})
}

// withoutImage gives every cell of a kernel that has no image its outcome.
func (r *Runner) withoutImage(ctx context.Context, q *queue, k matrix.Kernel, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	outcome, missing := matrix.Infra, (*NoImageError)(nil)
	if errors.As(err, &missing) {
		outcome = missing.Outcome
	}
	r.notify(Event{Kernel: k.Name, Stage: StageImage, Text: fmt.Sprintf("%s: %v", outcome, err)})
	if r.storedColumn(k.Name).Digest != "" {
		return r.withoutRest(q.drop(k.Name), err)
	}
	if err := r.column(k.Name, func(c *matrix.Column) { c.Outcome, c.Detail = outcome, err.Error() }); err != nil {
		return err
	}
	seen := map[string]bool{}
	for _, b := range q.drop(k.Name) {
		for _, p := range b.probes {
			cell := matrix.Cell{Kernel: b.kernel, Machine: b.machine, Probe: p}
			if seen[cell.ID()] {
				continue
			}
			seen[cell.ID()] = true
			if err := r.keep(cell, matrix.Result{Attempt: matrix.Attempt{Outcome: outcome, Detail: err.Error()}}); err != nil {
				return err
			}
		}
	}
	return nil
}
