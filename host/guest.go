package host

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"kmatrix/guest/wire"
	"kmatrix/host/client"
	"kmatrix/host/deadline"
	"kmatrix/host/vm"
	"kmatrix/matrix"
)

// poweroffDeadline is how long a guest may take to end by itself when it has
// answered all. After it, QEMU is told to.
const poweroffDeadline = 3 * time.Second

// qemuGuest is a guest in QEMU.
type qemuGuest struct {
	vm *vm.VM
	// boot is the boot that the agent greeted with, "" before.
	boot  string
	guest *client.Guest
	log   *consoleLog
	made  vm.Made
	load  deadline.Load
	// settle gives back the disk space that the console did not need.
	settle func()
	// needs are what the probes of the batch need.
	needs []string
}

// GuestConfig returns the configuration of every guest with that kernel on that
// machine, whose accelerator and clock must be resolved: those of a run and of a shell
// are the same.
func GuestConfig(qemu string, k matrix.Kernel, m matrix.Machine, img Bootable) vm.Config {
	c := vm.Config{QEMU: qemu, Machine: m, Kernel: img.Boot, Initrd: img.Initrd, Append: strings.Fields(k.Append)}
	for _, fs := range slices.Sorted(maps.Keys(img.Disks)) {
		if fs == matrix.ScratchDisk && matrix.ScratchInMemory(m.MemoryMiB, img.ScratchMiB) {
			continue
		}
		c.Disks = append(c.Disks, vm.Disk{Path: img.Disks[fs], Serial: fs})
	}
	return c
}

// bootQEMU starts a guest in QEMU; its console goes to the run's directory.
func (r *Runner) bootQEMU(ctx context.Context, l launch) (guest, error) {
	c := GuestConfig(r.cfg.QEMU, r.kernel(l.batch.kernel), l.machine, l.image)
	c.Temp = r.temp
	made, err := c.Made(r.cfg.Version)
	if err != nil {
		return nil, err
	}
	if l.from != nil {
		if c.Restore, err = vm.OpenSnapshot(l.from.Path, made, l.from.Boot); err != nil {
			return nil, err
		}
		defer c.Restore.Close() //nolint:errcheck // it is only read, and QEMU has its own
	}
	g := &qemuGuest{made: made}
	for _, name := range l.batch.probes {
		p := r.probe(name)
		g.needs = append(append(g.needs, p.Needs), p.Features...)
	}
	if len(r.scratch(l.batch.machine, l.batch.probes)) > 0 {
		g.needs = append(g.needs, matrix.ScratchDisk)
	}
	g.needs = slices.Compact(slices.Sorted(slices.Values(g.needs)))
	var log io.Writer
	space := r.takeConsole(l.batch.kernel)
	c.Console = space
	g.settle = func() { r.consoles.Return(l.batch.kernel, max(0, space-g.log.size())) }
	if space == 0 {
		c.Console = vm.LastWords
	}
	if l.number > 0 {
		g.log = &consoleLog{open: func() (*os.File, error) {
			return r.cfg.Store.Console(l.batch.kernel, l.batch.machine, l.batch.boot, l.number)
		}}
		if l.from == nil {
			// A boot prints, and is not to begin where that cannot be kept.
			if _, err := g.log.Write(nil); err != nil {
				g.settle()
				return nil, err
			}
		}
		log = g.log
	}
	if g.vm, err = vm.Start(ctx, c, log); err != nil {
		g.settle()
		return nil, errors.Join(err, g.log.close())
	}
	l.memory.SetPID(g.vm.Pid())
	return g, nil
}

// Save writes the guest to a file. Before, the guest does what its clones need not do then.
func (g *qemuGuest) Save(ctx context.Context, f *os.File) error {
	if err := client.Prepare(ctx, g.vm.Line(), g.boot, g.needs); err != nil {
		return &vm.StoppedError{Err: fmt.Errorf("save the guest: %w", err)}
	}
	return g.vm.Save(ctx, f, g.made)
}

// Ready waits for the agent's greeting.
func (g *qemuGuest) Ready(ctx context.Context) (wire.Ready, error) {
	ready, err := g.vm.Ready(ctx)
	g.boot = ready.Boot
	return ready, err
}

// Login logs in.
func (g *qemuGuest) Login(ctx context.Context) (err error) {
	g.guest, err = client.Login(ctx, g.vm.Line(), g.boot)
	return err
}

// Hello asks what the guest is.
func (g *qemuGuest) Hello(ctx context.Context) (matrix.Hello, error) { return g.guest.Hello(ctx) }

// Run asks for probes.
func (g *qemuGuest) Run(ctx context.Context, req wire.Request, on func(wire.Event)) error {
	return g.guest.Run(ctx, req, on)
}

// Printed returns what the guest has printed.
func (g *qemuGuest) Printed() (tail string, printed int64) { return g.vm.Printed() }

// Overdue has the agent end a probe.
func (g *qemuGuest) Overdue(probe string) { g.guest.Overdue(probe) }

// Share returns how much this host let it run.
func (g *qemuGuest) Share() float64 { return g.load.Share(g.vm.Pid()) }

// Examine finds out what it is at.
func (g *qemuGuest) Examine(ctx context.Context) []vm.Finding { return g.vm.Examine(ctx) }

// Dump writes its memory to a file.
func (g *qemuGuest) Dump(ctx context.Context, f *os.File, limit int64) vm.Finding {
	return g.vm.Dump(ctx, f, limit)
}

// Die makes it panic.
func (g *qemuGuest) Die(ctx context.Context) vm.Finding { return g.vm.Die(ctx) }

// End ends the guest.
func (g *qemuGuest) End(how ending) vm.Exit {
	grace := time.Duration(0)
	switch {
	case how == lastWordsFirst:
		g.lastWords()
	case how == powerOff && g.guest != nil:
		ctx, cancel := context.WithTimeout(context.Background(), poweroffDeadline)
		if err := g.guest.Poweroff(ctx); err == nil {
			grace = poweroffDeadline
		}
		cancel()
	}
	exit := g.vm.Stop(grace)
	exit.Err = errors.Join(exit.Err, g.log.close())
	g.settle()
	return exit
}

// How long a guest whose channel broke gets to begin its last words or to go on with
// them, and for all of them: a report has some thousand characters, each of which an
// emulated CPU hands to QEMU, on a host that may be busy.
const (
	dyingGrace = time.Second
	mostDying  = 10 * time.Second
)

// lastWords waits while a guest that is dying prints, or until QEMU has ended by itself.
func (g *qemuGuest) lastWords() {
	_, before := g.vm.Printed()
	for began := time.Now(); time.Since(began) < mostDying; {
		select {
		case <-g.vm.Done():
			return
		case <-time.After(dyingGrace):
		}
		_, now := g.vm.Printed()
		if now == before {
			return
		}
		before = now
	}
}

// consoleLog is a console's file, which is made when something is printed:
// most restored guests print nothing.
type consoleLog struct {
	open func() (*os.File, error)
	file *os.File
	n    int64
	err  error
}

// Write writes to the file.
func (c *consoleLog) Write(p []byte) (int, error) {
	if c.file == nil && c.err == nil {
		c.file, c.err = c.open()
	}
	if c.err != nil {
		return 0, c.err
	}
	n, err := c.file.Write(p)
	c.n += int64(n)
	return n, err
}

// size is how many bytes were written.
func (c *consoleLog) size() int64 {
	if c == nil {
		return 0
	}
	return c.n
}

func (c *consoleLog) close() error {
	if c == nil || c.file == nil {
		return nil
	}
	if err := c.file.Close(); err != nil {
		return fmt.Errorf("close the console's log: %w", err)
	}
	return nil
}
