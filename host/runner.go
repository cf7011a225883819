// Package host answers cells by booting guests.
//
// [Runner.Run] is the one seam: it takes cells and stores results, exactly one
// for each cell and boot. Inside, a kernel's image is fetched while the cells
// of kernels that are ready run ([queue]); a batch of cells is one guest's work
// ([Runner.work]), and a guest that dies costs the cell it died in: the rest of
// its batch goes on in another guest ([session]), which is a clone of the first
// ([bootSnapshot]) where that could be saved. Why a guest ended is decided in one
// place, cause.go, from how its session stopped, how QEMU exited and what the kernel
// printed, and what became of a cell in another, outcome.go, from that or from what
// the agent answered.
//
// A kernel's failure is a result. An error of Run means that the host could not
// do its part for any kernel: no QEMU, no room on the disk for results.
package host

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"sync"

	"golang.org/x/sync/errgroup"

	"kmatrix/host/capacity"
	"kmatrix/host/hangs"
	"kmatrix/host/kvm"
	"kmatrix/host/quota"
	"kmatrix/matrix"
)

// Runner answers cells with guests on this host. [New] makes it.
type Runner struct {
	cfg Config
	// kernels, machines and probes are those of cfg, by their names.
	kernels  map[string]*matrix.Kernel
	machines map[string]*matrix.Machine
	probes   map[string]*matrix.Probe

	boot   booter
	memory *capacity.Limiter
	// temp is where QEMU keeps what its guests write, while Run runs.
	temp string
	mu   sync.Mutex
	// images are those that were fetched, by kernel.
	images map[string]Bootable
	// hello are the kernels whose first guest has told what it is.
	hello map[string]bool
	// notified are the keys of what was notified of once.
	notified map[string]bool
	// consoles and outputs bound what guests print, in bytes, and dumps how many of
	// their memories are kept.
	consoles, outputs, dumps *quota.Quota
	hangs                    hangs.Families

	kvm struct {
		mu    sync.Mutex
		known *kvm.Verdict
	}
}

// BootRange says in which boots cells are answered. Its zero value stands for all that
// their machines have.
type BootRange struct {
	// After and UpTo bound them, by the machines' names, counted from 1: the first boot
	// is the one behind After, the last one is UpTo, or the machine's Boots where UpTo
	// does not name it.
	After, UpTo map[string]int
	// Profile has cells, which have their results already, asked for where the kernel
	// spends what they cost. Profiles are stored instead of results, and one that
	// cannot be had says why.
	Profile bool
}

// Run answers the cells in those boots, and stores every result as it comes. What the store
// has a final result of, from before it was resumed, is not asked again. The error names a
// cell that the configuration has no kernel, machine or probe for, or what the host could
// not do, or is ctx's; what was answered before is stored. Run may be called again, by one
// goroutine at a time.
func (r *Runner) Run(ctx context.Context, cells []matrix.Cell, boots BootRange) (err error) {
	if err := r.check(cells, boots); err != nil {
		return err
	}
	all := batches(cells, boots.After, r.upTo(boots), r.cfg.Store.Final)
	for i := range all {
		all[i].profile = boots.Profile
	}
	q := newQueue(all)
	release, err := r.begin()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, release()) }()
	g, ctx := errgroup.WithContext(ctx)
	// Kernels that are built, which takes minutes, must not hold up the others.
	fetching, building := make(chan struct{}, 2), make(chan struct{}, 2)
	for _, k := range r.cfg.Kernels {
		if !q.wants(k.Name) {
			continue
		}
		if r.loaded(k.Name) != nil {
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
			return r.load(ctx, q, k, boots.Profile)
		})
	}
	r.serve(ctx, g, q)
	return g.Wait()
}

// check refuses cells that this runner knows nothing of, and ranges without a boot.
func (r *Runner) check(cells []matrix.Cell, boots BootRange) error {
	for _, c := range cells {
		for _, part := range []struct {
			what, name string
			known      bool
		}{
			{"kernel", c.Kernel, r.kernels[c.Kernel] != nil},
			{"machine", c.Machine, r.machines[c.Machine] != nil},
			{"probe", c.Probe, r.probes[c.Probe] != nil},
		} {
			if !part.known {
				return fmt.Errorf("run the cell %s: the runner has no %s %q", c.ID(), part.what, part.name)
			}
		}
		if after, upTo := boots.After[c.Machine], r.upTo(boots)[c.Machine]; after < 0 || upTo <= after {
			return fmt.Errorf("run the cell %s: there is no boot after %d up to %d", c.ID(), after, upTo)
		}
	}
	return nil
}

// upTo returns the last boot of each machine.
func (r *Runner) upTo(boots BootRange) map[string]int {
	all := map[string]int{}
	for name, m := range r.machines {
		all[name] = max(1, m.Boots)
	}
	maps.Copy(all, boots.UpTo)
	return all
}

// serve has as many goroutines as guests may run at once work the queue off.
func (r *Runner) serve(ctx context.Context, g *errgroup.Group, q *queue) {
	for range r.cfg.Jobs {
		g.Go(func() error {
			for {
				b, ok := q.next(ctx)
				if !ok {
					return ctx.Err()
				}
				if err := r.work(ctx, b, *r.loaded(b.kernel)); err != nil {
					return err
				}
			}
		})
	}
}

// keep stores what became of one cell.
func (r *Runner) keep(c matrix.Cell, res matrix.Result) error {
	res.Kernel, res.Machine, res.Probe, res.Cell = c.Kernel, c.Machine, c.Probe, c.ID()
	r.mu.Lock()
	err := r.cfg.Store.Append(res)
	r.mu.Unlock()
	if err != nil {
		return fmt.Errorf("store the result of %s: %w", res.Cell, err)
	}
	r.notify(Event{Kernel: c.Kernel, Machine: c.Machine, Boot: res.Boot, Stage: StageResult, Result: res})
	return nil
}

// column changes what the stored run says of a kernel.
func (r *Runner) column(kernel string, change func(*matrix.Column)) error {
	err := r.cfg.Store.Update(func(run *matrix.Run) {
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
