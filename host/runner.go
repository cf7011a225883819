// Package host answers cells by booting guests.
//
// [Runner.Run] is the one seam: it takes cells and returns results, exactly one
// for each cell and boot. Inside, a kernel's image is fetched while the cells
// of kernels that are ready run ([queue]); a batch of cells is one guest's work
// ([Runner.work]), and a guest that dies costs the cell it died in: the rest of
// its batch goes on in another guest, which is a clone of the first ([bootSnapshot])
// where that could be saved. What became of a cell is decided in one
// place, outcome.go, from what the agent said, how the guest ended and which
// deadline passed.
//
// A kernel's failure is a result. An error of Run means that the host could not
// do its part for any kernel: no QEMU, no room on the disk for results.
package host

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"kmatrix/host/capacity"
	"kmatrix/host/kconfig"
	"kmatrix/host/kvm"
	"kmatrix/host/quota"
	"kmatrix/matrix"
	"kmatrix/matrix/printable"
	"kmatrix/matrix/store"
)

// Runner answers cells with guests on this host. All fields but Deadlines,
// Speed, DumpMiB, Budget, SnapshotLimit, Notify and CacheDir must be set.
type Runner struct {
	Kernels  []matrix.Kernel
	Machines []matrix.Machine
	Probes   []matrix.Probe
	// Images gets kernels ready to boot.
	Images Images
	// Store takes every result as it comes.
	Store *store.Run
	// Jobs is how many guests run at once, see [capacity.Jobs].
	Jobs      int
	Deadlines Deadlines
	// Speed is this host's, see [capacity.Speed]; 0 means 1.
	Speed float64
	// DumpMiB is how much of the memory of a guest that hangs is kept, of the first
	// few of each kernel; 0 means nothing.
	DumpMiB int64
	// Budget is how long each probe works that has a budget; 0 leaves each its
	// own.
	Budget time.Duration
	// QEMU is the program, and Version its version.
	QEMU    string
	Version string
	// CacheDir keeps the verdict on KVM, snapshots and what QEMU writes for a while.
	CacheDir string
	// SnapshotLimit is how many bytes of the disk snapshots may take; 0 means
	// [snapshots.DefaultLimit].
	SnapshotLimit int64
	// Notify hears what happens; it is called from one goroutine at a time.
	Notify func(Event)

	boot   booter
	memory *capacity.Limiter
	images sync.Map
	// temp is where QEMU keeps what its guests write.
	temp     string
	mu       sync.Mutex
	all      []matrix.Result
	profiles []matrix.Profile
	hello    map[string]bool
	// told holds what is told once.
	told map[string]bool
	// consoles and outputs are the room that is left for what guests print, in bytes,
	// and dumps how many of their memories are kept.
	consoles, outputs, dumps *quota.Quota

	kvm struct {
		mu    sync.Mutex
		known *kvm.Verdict
	}
}

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

// Run answers the cells, as many times as their machines say boots, and returns
// the results in the order in which they came. What the store has a last word on,
// from before it was resumed, is not asked again. When ctx ends, it returns its
// error and what was answered before.
func (r *Runner) Run(ctx context.Context, cells []matrix.Cell) ([]matrix.Result, error) {
	boots := map[string]int{}
	for _, m := range r.Machines {
		boots[m.Name] = m.Boots
	}
	return r.More(ctx, cells, nil, boots)
}

// More answers the cells in the boots behind the first so many of their machine, up
// to the other number, both by the machines' names, and returns the results of these
// and of all calls before.
func (r *Runner) More(ctx context.Context, cells []matrix.Cell, behind, upTo map[string]int) (results []matrix.Result, err error) {
	r.Deadlines = r.Deadlines.orDefault(r.Speed)
	if r.hello == nil {
		r.hello, r.told = map[string]bool{}, map[string]bool{}
		r.consoles, r.outputs = quota.New(maxConsoles, len(r.Kernels)), quota.New(maxOutputs, len(r.Kernels))
		r.dumps = quota.New(int64(maxDumps*len(r.Kernels)), len(r.Kernels))
	}
	if r.boot == nil {
		r.boot = r.bootQEMU
	}
	if r.memory == nil {
		r.memory = &capacity.Limiter{}
	}
	all := batches(cells, behind, upTo, r.Store.Final)
	q := newQueue(all)
	release, err := r.begin()
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, release()) }()
	g, ctx := errgroup.WithContext(ctx)
	// Kernels that are built, which takes minutes, must not hold up the others.
	fetching, building := make(chan struct{}, 2), make(chan struct{}, 2)
	for _, k := range r.Kernels {
		if !slices.ContainsFunc(all, func(b batch) bool { return b.kernel == k.Name }) {
			continue
		}
		if _, ok := r.images.Load(k.Name); ok {
			q.open(k.Name)
			continue
		}
		turn := fetching
		if k.Build != "" {
			turn = building
		}
		g.Go(func() error {
			select {
			case turn <- struct{}{}:
				defer func() { <-turn }()
			case <-ctx.Done():
				return ctx.Err()
			}
			img, err := r.image(ctx, k)
			if err != nil {
				return r.withoutImage(ctx, q, k, err)
			}
			r.images.Store(k.Name, img)
			q.open(k.Name)
			return nil
		})
	}
	r.serve(ctx, g, q)
	err = g.Wait()
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.all, err
}

// serve has as many goroutines as guests may run at once work the queue off.
func (r *Runner) serve(ctx context.Context, g *errgroup.Group, q *queue) {
	for range r.Jobs {
		g.Go(func() error {
			for {
				b, ok := q.next(ctx)
				if !ok {
					return ctx.Err()
				}
				img, _ := r.images.Load(b.kernel)
				if err := r.work(ctx, b, img.(Bootable)); err != nil {
					return err
				}
			}
		})
	}
}

// maxVersion is the longest version, release or origin of a kernel that is kept.
const maxVersion = 500

// image gets a kernel's image and stores what it turned out to be.
func (r *Runner) image(ctx context.Context, k matrix.Kernel) (Bootable, error) {
	img, err := r.Images.Image(ctx, k)
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
	if r.had(k.Name).Digest != "" {
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

// keep stores what became of one cell.
func (r *Runner) keep(c matrix.Cell, res matrix.Result) error {
	res.Kernel, res.Machine, res.Probe, res.Cell = c.Kernel, c.Machine, c.Probe, c.ID()
	if err := r.store(res); err != nil {
		return fmt.Errorf("store the result of %s: %w", res.Cell, err)
	}
	r.notify(Event{Kernel: c.Kernel, Machine: c.Machine, Boot: res.Boot, Stage: StageResult, Result: res})
	return nil
}

func (r *Runner) store(res matrix.Result) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.Store.Append(res); err != nil {
		return err
	}
	r.all = append(r.all, res)
	return nil
}

// column changes what the stored run says of a kernel.
func (r *Runner) column(kernel string, change func(*matrix.Column)) error {
	err := r.Store.Update(func(run *matrix.Run) {
		for i := range run.Kernels {
			if run.Kernels[i].Name == kernel {
				change(&run.Kernels[i])
			}
		}
	})
	if err != nil {
		return fmt.Errorf("store what %s is: %w", kernel, err)
	}
	return nil
}
