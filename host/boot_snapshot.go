package host

import (
	"context"
	"errors"
	"fmt"
	"time"

	"kmatrix/guest/wire"
	"kmatrix/host/snapshots"
	"kmatrix/host/vm"
	"kmatrix/matrix"
	"kmatrix/matrix/printable"
)

// saveDeadline is how long saving a guest may take: a hundred times what it
// takes where a disk is not the limit.
const saveDeadline = 20 * time.Second

// bootSnapshot is the snapshot of a batch's boot at the time when its agent was ready. The
// other guests of the batch are clones that start from it, and do not count as boots.
type bootSnapshot struct {
	r     *Runner
	batch batch
	// wanted reports whether the batch's boot is to be saved when it is ready.
	wanted bool
	// saved is the snapshot; nil before it is taken, and where it could not be.
	saved *snapshots.Snapshot
	// hello is the answer of the batch's first guest that was asked; nil before.
	hello *matrix.Hello
}

// keep saves a guest that is ready. The error is one that ends the guest; any other
// reason that it cannot be saved costs the snapshot alone.
func (b *bootSnapshot) keep(ctx context.Context, g guest, ready wire.Ready) error {
	b.wanted = false
	p, err := b.r.snapshots().Create()
	if err == nil {
		// Before, the guest loads modules, as slowly as it boots.
		limited, cancel := context.WithTimeout(ctx, b.r.cfg.Deadlines.Boot+saveDeadline)
		err = g.Save(limited, p.File)
		cancel()
		if err == nil {
			err = b.r.snapshots().Keep(p)
		}
		if err == nil {
			p.Boot, b.saved = ready.Boot, p
			return nil
		}
		err = errors.Join(err, p.Remove())
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	b.notify(err)
	var stopped *vm.StoppedError
	if errors.As(err, &stopped) {
		return err
	}
	return nil
}

// discard removes the snapshot and tells the user why; the rest of the batch boots.
func (b *bootSnapshot) discard(why error) {
	b.notify(errors.Join(why, b.drop()))
}

// drop removes the snapshot, if there is one.
func (b *bootSnapshot) drop() error {
	if b.saved == nil {
		return nil
	}
	err := b.saved.Remove()
	b.saved = nil
	return err
}

// notify notifies of the reason that there is no snapshot, of each reason once in a run.
func (b *bootSnapshot) notify(why error) {
	text := printable.Line(why.Error(), wire.MaxDetail)
	b.r.notifyOnce(text, fmt.Sprintf("%s on %s: booting anew where a snapshot would do: %s", b.batch.kernel, b.batch.machine, text))
}
