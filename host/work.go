package host

import (
	"context"
	"errors"
	"os"
	"slices"
	"time"

	"kmatrix/guest/wire"
	"kmatrix/host/capacity"
	"kmatrix/host/snapshots"
	"kmatrix/host/vm"
	"kmatrix/matrix"
)

// guest is one running guest, as far as a session needs it.
type guest interface {
	// Ready waits for the agent's greeting.
	Ready(context.Context) (wire.Ready, error)
	// Login logs in: the guest is to have a Ready behind it.
	Login(context.Context) error
	// Hello asks what the guest is.
	Hello(context.Context) (matrix.Hello, error)
	// Run asks for probes and hands on each event; the error is nil when the
	// stream ended with done.
	Run(context.Context, wire.Request, func(wire.Event)) error
	// Overdue has the agent end the probe, if it runs still, and answer it so.
	// It may wait for the guest to read.
	Overdue(probe string)
	// Printed returns the last that the guest has printed, and how many bytes that was
	// in all. What it printed before an event of Run is there.
	Printed() (tail string, printed int64)
	// Save writes a guest that is ready and that Hello was not asked of to an
	// empty file, as a snapshot, and lets it go on. The error is a
	// [*vm.StoppedError] when it does not.
	Save(context.Context, *os.File) error
	// Share returns which part of the time since it was last asked this host let
	// the guest run, from 0 to 1.
	Share() float64
	// Examine finds out what a guest is at that is overdue, and does it no harm.
	Examine(context.Context) []vm.Finding
	// Dump writes its memory, up to limit bytes, to an empty file.
	Dump(ctx context.Context, f *os.File, limit int64) vm.Finding
	// Die makes it panic, with a trace.
	Die(context.Context) vm.Finding
	// End ends the guest, joins all that served it, and says how it ended. It may
	// be called once.
	End(ending) vm.Exit
}

// ending is how a guest is ended.
type ending int

const (
	// lastWordsFirst lets a guest that is dying print its oops.
	lastWordsFirst ending = iota
	// powerOff has the guest power off.
	powerOff
	// atOnce ends QEMU.
	atOnce
)

// ending returns how the guest is to end after its phases: powering off is work for an
// emulated CPU, and nobody asks whether a guest can that was made for one cost, or
// to be saved.
func (s *session) ending(end stop, failed error) ending {
	switch {
	case end.err != nil, failed != nil:
		return lastWordsFirst
	case s.alone && s.kind == matrix.Performance && s.snapshot.saved != nil:
		return atOnce
	}
	return powerOff
}

// launch is what a guest is started for.
type launch struct {
	batch batch
	// number counts the guests of the batch from 1; 0 is a trial of which
	// nothing is kept.
	number  int
	image   Bootable
	machine matrix.Machine
	// from is the snapshot that the guest starts from; nil for a boot.
	from *snapshots.Snapshot
	// memory is what is reserved for the guest; its owner releases it when the guest
	// has ended.
	memory *capacity.Reservation
}

// booter starts a guest. The guest lives as long as the context: when that ends, so does the
// guest.
type booter func(context.Context, launch) (guest, error)

// work gives every cell of a batch its outcome. A guest that ends early costs
// the cell it was at, which is asked once more, first of all, by another guest, as
// are the cells behind it. Each guest answers at least one cell or asks one for the
// last time, but for one that is saved, of which there is one, and one that could not
// be restored, after which none is: so this comes to an end.
func (r *Runner) work(ctx context.Context, b batch, img Bootable) (err error) {
	started := time.Now()
	m, err := r.resolveMachine(ctx, b, img)
	if err != nil {
		return err
	}
	snap := &bootSnapshot{r: r, batch: b, wanted: r.clones(m, b.probes)}
	defer func() { err = errors.Join(err, snap.drop()) }()
	first := attempts{}
	for left, n := b.probes, 1+r.cfg.Store.Sessions(b.kernel, b.machine, b.boot); len(left) > 0; n++ {
		asked, alone := r.portion(m, left)
		s := session{r: r, batch: b, machine: m, left: left[:asked], rest: left[asked:], attempts: first, number: n, snapshot: snap, alone: alone, clone: snap.saved != nil, kind: r.probe(left[0]).Kind}
		if err := s.run(ctx, img); err != nil {
			if ctx.Err() != nil {
				err = errors.Join(err, first.flush(r, b))
			}
			return err
		}
		left = slices.Concat(s.retry, s.left, s.rest)
	}
	r.notify(Event{Kernel: b.kernel, Machine: b.machine, Boot: b.boot, Stage: StageEnd, Done: len(b.probes), Total: len(b.probes), Profile: b.profile, Seconds: time.Since(started).Seconds()})
	return nil
}
