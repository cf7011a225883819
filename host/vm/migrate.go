package vm

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"
)

const (
	// migrationPoll is how often a migration is asked whether it is over.
	migrationPoll = 2 * time.Millisecond
	// continueDeadline is how long a stopped guest may take to go on.
	continueDeadline = 5 * time.Second
	// noLimit, in bytes a second, is more than any disk takes.
	noLimit = 1 << 40
)

// save writes the state of the stopped guest to f, from its offset on. QEMU
// gets the open file: a program to hand the state to, the other way that QEMU
// 7.2 knows, is refused by the sandbox's spawn=deny.
func (v *VM) save(ctx context.Context, f *os.File) error {
	if err := v.unwritten(ctx); err != nil {
		return err
	}
	const name = "snapshot"
	if err := v.qmp.execute(ctx, "migrate-set-parameters", map[string]any{"max-bandwidth": noLimit}); err != nil {
		return err
	}
	if err := v.qmp.command(ctx, "getfd", map[string]any{"fdname": name}, f, nil); err != nil {
		return err
	}
	if err := v.qmp.execute(ctx, "migrate", map[string]any{"uri": "fd:" + name}); err != nil {
		return err
	}
	for {
		var m struct {
			Status string `json:"status"`
			Error  string `json:"error-desc"`
		}
		if err := v.qmp.command(ctx, "query-migrate", nil, nil, &m); err != nil {
			return err
		}
		switch m.Status {
		case "completed":
			return nil
		case "failed", "cancelled":
			return fmt.Errorf("QEMU says: %s %s", m.Status, m.Error)
		}
		if err := pause(ctx); err != nil {
			return err
		}
	}
}

// unwritten tells whether the disks are as they were.
func (v *VM) unwritten(ctx context.Context) error {
	var disks []struct {
		Device string `json:"device"`
		Stats  struct {
			Writes int64 `json:"wr_operations"`
			Unmaps int64 `json:"unmap_operations"`
		} `json:"stats"`
	}
	if err := v.qmp.command(ctx, "query-blockstats", nil, nil, &disks); err != nil {
		return err
	}
	for _, d := range disks {
		if n := d.Stats.Writes + d.Stats.Unmaps; n > 0 {
			return fmt.Errorf("it has written to %s before it was ready, %d times", d.Device, n)
		}
	}
	return nil
}

// runs waits until a restored guest runs. A state that QEMU does not take ends
// QEMU, whose words are the error then.
func (v *VM) runs(ctx context.Context) error {
	for {
		var s struct {
			Status string `json:"status"`
		}
		err := v.qmp.command(ctx, "query-status", nil, nil, &s)
		if err == nil && s.Status == "running" {
			return nil
		}
		if err != nil && ctx.Err() == nil {
			select {
			case <-v.process.Done():
				return fmt.Errorf("restore the guest: %w", errors.Join(v.process.Wait(), err))
			case <-time.After(quitDeadline):
				return fmt.Errorf("restore the guest: %w", err)
			}
		}
		if err := pause(ctx); err != nil {
			return fmt.Errorf("restore the guest: %w (QEMU says that it is %q)", err, s.Status)
		}
	}
}

// pause waits for as long as lies between two questions.
func pause(ctx context.Context) error {
	select {
	case <-time.After(migrationPoll):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
