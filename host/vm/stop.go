package vm

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"kmatrix/matrix"
	"kmatrix/matrix/printable"
	"kmatrix/matrix/proc"
)

// Exit is how a guest ended.
type Exit struct {
	// Err is QEMU's own failure; nil when the guest ended by itself or was
	// ended.
	Err error
	// Killed is the signal that ended QEMU, not sent by this process; "" for none.
	Killed string
	// Status is how QEMU ended, in words: "exit status 0", "signal: killed".
	Status string
	// Stderr is the last that QEMU printed, cleaned.
	Stderr string
	// Refused is QEMU's reason for not taking the kernel, "" when it did.
	Refused string
	// Console is the last that the guest printed by itself, and Printed how many bytes
	// that was in all: what an examination made it print is not in it.
	Console string
	Printed int64
	// Events are those of the control channel.
	Events []matrix.Event
	// Panicked tells that the guest's kernel told of a panic that was its own.
	Panicked bool
	// Command is the command line, and Repro one that boots the same guest from a shell,
	// see [Repro].
	Command, Repro string
}

// refusals are what QEMU says of a file that it will not boot
// (hw/i386/x86.c, hw/i386/multiboot.c).
var refusals = []string{"could not load kernel", "could not open kernel", "without PVH ELF Note", "kernel too old", "invalid kernel header", "error reading", "initrd is too large", "Error loading uncompressed kernel", "linux kernel"}

// Done is closed when QEMU has ended.
func (v *VM) Done() <-chan struct{} { return v.process.Done() }

// quitDeadline is how long QEMU may take to follow a QMP quit.
const quitDeadline = 2 * time.Second

// Stop ends QEMU, waiting up to grace for the guest to end by itself, joins
// everything that served it, and says how it ended. It is called once.
func (v *VM) Stop(grace time.Duration) Exit {
	ended := func(limit time.Duration) bool {
		select {
		case <-v.process.Done():
		case <-time.After(limit):
		}
		// Of two that are ready, one is chosen at random.
		select {
		case <-v.process.Done():
			return true
		default:
			return false
		}
	}
	byItself := ended(grace)
	if !byItself {
		ctx, cancel := context.WithTimeout(context.Background(), quitDeadline)
		err := v.qmp.execute(ctx, "quit", nil)
		cancel()
		if err != nil || !ended(quitDeadline) {
			v.kill()
		}
	}
	err := v.process.Wait()
	v.kill()
	// QEMU's end of the console is closed now: what it had printed is read to
	// the end before ours is.
	select {
	case <-v.consoleDone:
	case <-time.After(quitDeadline):
	}
	v.closeAll()
	exit := Exit{Command: v.cmd.String(), Repro: v.repro.String(), Status: "ended by kmatrix", Events: v.qmp.close()}
	exit.Panicked = v.panicked || !v.forced && v.qmp.seen(eventPanicked)
	exit.Stderr = printable.Text([]byte(v.process.Stderr()))
	v.wg.Wait()
	exit.Console, exit.Printed = v.console.Printed()
	if e := v.console.close(); e != nil {
		exit.Err = fmt.Errorf("write the console's log: %w", e)
	}
	if why := v.qmp.stall(); why != "" {
		exit.Err = errors.Join(exit.Err, fmt.Errorf("QEMU cannot keep what the guest writes to its disks: %s", why))
	}
	var failed *proc.Error
	if v.halted.Load() {
		exit.Status = "ended by kmatrix, since its kernel had panicked and stood still"
	} else if byItself {
		exit.Status = "exit status 0"
		if errors.As(err, &failed) {
			exit.Status = failed.Err.Error()
		}
		if !errors.Is(err, context.Canceled) { // else it was this process
			exit.Killed = killed(err, exit.Events)
		}
	}
	if byItself && !v.halted.Load() && errors.As(err, &failed) && !errors.Is(err, context.Canceled) {
		for _, r := range refusals {
			if strings.Contains(failed.Stderr, r) {
				exit.Refused = printable.Line(strings.TrimSpace(failed.Stderr), 500)
				return exit
			}
		}
		exit.Err = errors.Join(exit.Err, err)
	}
	return exit
}

// killed names the signal that ended QEMU, "" for none. One that it can catch has
// it end in good order, and say so (qapi/run-state.json, ShutdownCause).
func killed(err error, events []matrix.Event) string {
	var exited *exec.ExitError
	if errors.As(err, &exited) {
		if s, ok := exited.Sys().(syscall.WaitStatus); ok && s.Signaled() {
			return "signal: " + s.Signal().String()
		}
	}
	for _, e := range events {
		if e.Name == "SHUTDOWN" && e.Reason == "host-signal" {
			return "a signal that it ended at"
		}
	}
	return ""
}
