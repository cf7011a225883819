package host

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"kmatrix/host/capacity"
	"kmatrix/host/quota"
	"kmatrix/matrix"
	"kmatrix/matrix/store"
)

// Config is what a [Runner] is made of. Fields without a default must be set.
type Config struct {
	// Kernels, Machines and Probes are those that cells name. The stored run has a
	// column for each kernel.
	Kernels  []matrix.Kernel
	Machines []matrix.Machine
	Probes   []matrix.Probe
	// Images gets kernels ready to boot.
	Images Images
	// Store takes every result as it comes.
	Store *store.Run
	// Jobs is how many guests run at once, see [capacity.Jobs].
	Jobs int
	// Deadlines bound the phases of a session.
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
	// Notify is called with what happens, from one goroutine at a time. It may be nil.
	Notify func(Event)
}

// New returns a runner. The error names every field that cannot be meant.
func New(c Config) (*Runner, error) {
	c.Kernels, c.Machines, c.Probes = slices.Clone(c.Kernels), slices.Clone(c.Machines), slices.Clone(c.Probes)
	r := &Runner{
		memory: &capacity.Limiter{}, images: map[string]Bootable{}, hello: map[string]bool{}, notified: map[string]bool{},
		consoles: quota.New(maxConsoles, len(c.Kernels)), outputs: quota.New(maxOutputs, len(c.Kernels)),
		dumps: quota.New(int64(maxDumps*len(c.Kernels)), len(c.Kernels)),
	}
	r.boot = r.bootQEMU
	var kernels, machines, probes error
	r.kernels, kernels = byName("Kernels", c.Kernels, func(k *matrix.Kernel) string { return k.Name })
	r.machines, machines = byName("Machines", c.Machines, func(m *matrix.Machine) string { return m.Name })
	r.probes, probes = byName("Probes", c.Probes, func(p *matrix.Probe) string { return p.Name })
	if err := errors.Join(kernels, machines, probes, c.check()); err != nil {
		return nil, fmt.Errorf("configure the runner: %w", err)
	}
	c.Deadlines = c.Deadlines.orDefault(c.Speed)
	r.cfg = c
	return r, nil
}

// byName indexes a field of the configuration. Its elements have names, each another one.
func byName[T any](field string, list []T, name func(*T) string) (map[string]*T, error) {
	all := map[string]*T{}
	if len(list) == 0 {
		return nil, fmt.Errorf("%s is empty", field)
	}
	for i := range list {
		n := name(&list[i])
		if n == "" {
			return nil, fmt.Errorf("%s[%d] has no name", field, i)
		}
		if all[n] != nil {
			return nil, fmt.Errorf("%s has %q twice", field, n)
		}
		all[n] = &list[i]
	}
	return all, nil
}

// check refuses fields that are not set or out of range.
func (c *Config) check() error {
	var errs []error
	add := func(wrong bool, format string, args ...any) {
		if wrong {
			errs = append(errs, fmt.Errorf(format, args...))
		}
	}
	add(c.Images == nil, "Images is not set")
	add(c.QEMU == "", "QEMU is not set: it names the program")
	add(c.Version == "", "Version is not set: it is that of QEMU")
	add(c.CacheDir == "", "CacheDir is not set")
	add(c.Jobs < 1, "Jobs is %d: at least one guest must run at once", c.Jobs)
	add(c.Speed < 0, "Speed is %v: want one above 0, or 0 for 1", c.Speed)
	add(c.DumpMiB < 0, "DumpMiB is %d: want 0 or more", c.DumpMiB)
	add(c.SnapshotLimit < 0, "SnapshotLimit is %d: want 0 or more", c.SnapshotLimit)
	d := c.Deadlines
	add(min(c.Budget, d.Boot, d.Agent, d.Probe, d.grace) < 0, "a time is negative: Budget is %s, Deadlines are %s, %s and %s", c.Budget, d.Boot, d.Agent, d.Probe)
	for _, m := range c.Machines {
		add(m.Boots < 0, "the machine %s has %d boots: how many auto stands for is to be decided before", m.Name, m.Boots)
	}
	if add(c.Store == nil, "Store is not set"); c.Store == nil {
		return errors.Join(errs...)
	}
	for _, k := range c.Kernels {
		has := slices.ContainsFunc(c.Store.Header().Kernels, func(col matrix.Column) bool { return col.Name == k.Name })
		add(!has, "the stored run has no column for the kernel %q", k.Name)
	}
	return errors.Join(errs...)
}

func (r *Runner) machine(name string) matrix.Machine { return *r.machines[name] }
func (r *Runner) kernel(name string) matrix.Kernel   { return *r.kernels[name] }
func (r *Runner) probe(name string) matrix.Probe     { return *r.probes[name] }
