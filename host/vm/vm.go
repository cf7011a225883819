// Package vm is one QEMU and the guest in it.
//
// [Start] builds the command line ([Args], a pure function) and runs QEMU;
// [VM.Ready] waits for the agent's greeting, and [VM.Line] is the connection to
// it, over which host/client speaks; [VM.Stop] ends all of it and says how it
// ended. A guest that is ready and that nobody has logged in to can be saved
// ([VM.Save]); later ones with the same configuration begin there
// ([OpenSnapshot]). Every channel is an inherited descriptor: there is no
// listening port and no socket with a name, temporary files have none but for a
// moment ([Config.Temp]), and QEMU dies with kmatrix.
package vm

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"syscall"

	"kmatrix/guest/wire"
	"kmatrix/matrix/proc"
)

// VM is a running QEMU.
type VM struct {
	cmd proc.Cmd
	// repro boots the same guest from a shell.
	repro   proc.Cmd
	process *proc.Process
	kill    context.CancelFunc
	qmp     *monitor
	console console
	// toGuest and toHost are the agent's virtio ports, serial the second ISA
	// line, probe and probeControl the ports of the probes.
	toGuest, toHost, serial net.Conn
	probe, probeControl     net.Conn
	consoleConn             net.Conn
	consoleDone             chan struct{}
	wg                      sync.WaitGroup
	// restore is the state that the guest began with, nil for a boot.
	restore *Snapshot
	// ready is the agent's greeting, and port what it came on.
	ready wire.Ready
	port  *port
	// memoryMiB is the guest's memory.
	memoryMiB int
	// forced tells that the guest was made to die, and panicked that it had told of
	// a panic before.
	forced, panicked bool
	// still is closed when a guest that boots stands still, which is looked for until
	// watched is called; both are nil for a guest that was restored.
	still   chan struct{}
	watched context.CancelFunc
	// halted tells that QEMU was ended since the kernel stood still.
	halted atomic.Bool
}

// Start starts QEMU. The guest runs as long as ctx: when that ends, QEMU is killed.
// [VM.Stop] must be called. log takes the console, up to [MaxConsole] bytes;
// nil drops it.
func Start(ctx context.Context, c Config, log io.Writer) (*VM, error) {
	if c.QEMU == "" {
		c.QEMU = DefaultQEMU
	}
	v := &VM{cmd: proc.Cmd{Path: c.QEMU, Args: Args(c)}, repro: proc.Cmd{Path: c.QEMU, Args: Repro(c)}, memoryMiB: c.memoryMiB(), consoleDone: make(chan struct{})}
	v.console.log, v.console.limit, v.console.halted = log, c.Console, make(chan struct{})
	var theirs []*os.File
	defer func() {
		for _, f := range theirs {
			_ = f.Close() // QEMU has its own; ours were never written
		}
	}()
	if c.Temp != "" {
		v.cmd.Env = []string{"TMPDIR=" + c.Temp}
	}
	mon, listening, err := newMonitor(c.Temp)
	if err != nil {
		return nil, err
	}
	theirs = append(theirs, listening)
	for _, ours := range []*net.Conn{&v.consoleConn, &v.serial, &v.toGuest, &v.toHost, &v.probe, &v.probeControl} {
		conn, their, err := socketPair()
		if err == nil {
			*ours, theirs = conn, append(theirs, their)
		}
		if err == nil && ours == &v.probe {
			err = shrink(their)
		}
		if err != nil {
			v.closeAll()
			mon.close()
			return nil, err
		}
	}
	v.cmd.Files, v.restore = theirs, c.Restore
	if c.Restore != nil {
		v.cmd.Files = append(theirs, c.Restore.file) // which stays the caller's
	}
	v.qmp = mon
	ctx, v.kill = context.WithCancel(ctx)
	if v.process, err = proc.Start(ctx, v.cmd); err != nil {
		v.kill()
		v.closeAll()
		mon.close()
		return nil, fmt.Errorf("start QEMU: %w", err)
	}
	mon.onStall = v.kill
	mon.serve()
	v.wg.Go(func() { v.readConsole() })
	v.wg.Go(v.endHalted)
	if c.Restore == nil {
		v.still = make(chan struct{})
		var booting context.Context
		booting, v.watched = context.WithCancel(ctx)
		v.wg.Go(func() { v.awaitHalt(booting) })
	}
	v.wg.Go(func() { serveEcho(v.probe, v.probeControl) })
	return v, nil
}

// socketPair returns two connected sockets, one as a file to inherit.
func socketPair() (net.Conn, *os.File, error) {
	fds, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, nil, fmt.Errorf("make a socket pair: %w", err)
	}
	ours, theirs := os.NewFile(uintptr(fds[0]), "socketpair"), os.NewFile(uintptr(fds[1]), "socketpair")
	conn, err := net.FileConn(ours)
	if err = errors.Join(err, ours.Close()); err != nil {
		return nil, nil, errors.Join(fmt.Errorf("make a socket pair: %w", err), theirs.Close())
	}
	return conn, theirs, nil
}

// Pid is QEMU's process id.
func (v *VM) Pid() int { return v.process.Pid }

// closeAll closes our ends of the channels; errors of closing a socket whose
// peer is gone say nothing.
func (v *VM) closeAll() {
	for _, c := range []net.Conn{v.consoleConn, v.serial, v.toGuest, v.toHost, v.probe, v.probeControl} {
		if c != nil {
			_ = c.Close()
		}
	}
}
