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
)

// saveDeadline is how long saving a guest may take: a hundred times what it
// takes where a disk is not the limit.
const saveDeadline = 20 * time.Second

// original is a batch's boot as it was when its agent was ready. The batch's
// other guests are clones of it: they start there, and are no boots of their own.
type original struct {
	r     *Runner
	batch batch
	// wanted tells that the batch's boot is to be saved when it is ready.
	wanted bool
	// saved is where it lies; nil before, and where it could not be had.
	saved *snapshots.Snapshot
	// hello is what the boot's first guest that was asked has said.
	hello *matrix.Hello
}

// keep saves a guest that is ready. The error is one that ends the guest;
// whatever else keeps it from being saved costs the snapshot alone.
func (o *original) keep(ctx context.Context, g guest, ready wire.Ready) error {
	o.wanted = false
	p, err := o.r.snapshots().Create()
	if err == nil {
		// Before, the guest loads modules, as slowly as it boots.
		limited, cancel := context.WithTimeout(ctx, o.r.Deadlines.Boot+saveDeadline)
		err = g.Save(limited, p.File)
		cancel()
		if err == nil {
			err = o.r.snapshots().Keep(p)
		}
		if err == nil {
			p.Boot, o.saved = ready.Boot, p
			return nil
		}
		err = errors.Join(err, p.Remove())
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	o.tell(err)
	var stopped *vm.StoppedError
	if errors.As(err, &stopped) {
		return err
	}
	return nil
}

// discard gives the snapshot up, for a reason that is told; the rest of the
// batch boots.
func (o *original) discard(why error) {
	o.tell(errors.Join(why, o.drop()))
}

// drop removes the snapshot, if there is one.
func (o *original) drop() error {
	if o.saved == nil {
		return nil
	}
	err := o.saved.Remove()
	o.saved = nil
	return err
}

// tell says why there is no snapshot: each reason once in a run.
func (o *original) tell(why error) {
	text := wire.Clean(why.Error(), wire.MaxDetail)
	o.r.once(text, fmt.Sprintf("%s on %s: booting anew where a snapshot would do: %s", o.batch.kernel, o.batch.machine, text))
}
