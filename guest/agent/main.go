// Command agent is PID 1 of the guest: it serves probes over SSH on the
// guest's virtio ports.
//
// What it does, in the order of the files: mounts and modules (system.go), the greeting
// and what the host sends for this session alone (session.go), the SSH server (server.go)
// and its commands: hello.go, run.go, shell.go. File systems are mounted when a probe
// first needs them (filesystems.go, scratch.go). Probes run in a worker process
// (worker.go) that is replaced when it dies or overruns; the programs of external probes
// are run by guest/program. The line to the host is guest/line, and guest/process starts
// and collects every process.
//
// The transport uses none of the calls under test: every copy is an explicit
// loop of read and write, see copy.go and forbidden_test.go.
package main

import (
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"time"

	"golang.org/x/sys/unix"

	"kmatrix/guest/line"
	_ "kmatrix/guest/probe/all" // for what it serves
	"kmatrix/guest/probe/fuse"
	"kmatrix/guest/probe/sys"
	"kmatrix/guest/process"
	"kmatrix/guest/program"
	"kmatrix/guest/wire"
)

func main() {
	if len(os.Args) == 2 && os.Args[1] == workerArgument {
		os.Exit(work(os.NewFile(3, "requests"), os.NewFile(4, "answers")))
	}
	if len(os.Args) == 2 && os.Args[1] == sys.MapperArgument {
		if err := sys.ServeMappings(os.Stdin, os.Stdout); err != nil {
			fmt.Fprintf(os.Stderr, "agent: map files for a probe: %v\n", err)
			os.Exit(1)
		}
		return
	}
	if len(os.Args) == 2 && os.Args[1] == fuse.Argument {
		if err := fuse.Serve(os.Stdin, os.Stdout); err != nil {
			fmt.Fprintf(os.Stderr, "agent: serve a file system for a probe: %v\n", err)
			os.Exit(1)
		}
		return
	}
	if os.Getpid() != 1 {
		fmt.Fprintln(os.Stderr, "agent: this is PID 1 of a kmatrix guest; kmatrix run boots one")
		os.Exit(2)
	}
	// However this ends, the guest ends with it: a silent one would cost a
	// deadline.
	defer powerOff()
	defer func() {
		if p := recover(); p != nil {
			complain(fmt.Errorf("panic: %v\n%s", p, debug.Stack()))
		}
	}()
	if err := serveGuest(); err != nil {
		complain(err)
	}
}

// serveGuest does all that PID 1 does, until the host ends the session.
func serveGuest() error {
	mountSystem()
	mounts := newMounter(readModules("/etc/kmatrix/modules"))
	mounts.load([]string{lineModules})
	conn, transport, err := line.Open(complain)
	if err != nil {
		return err
	}
	ready := wire.Ready{Protocol: wire.Protocol, Transport: transport, Uptime: uptime(), Boot: readLine("/proc/sys/kernel/random/boot_id")}
	if err := wire.WriteReady(conn, ready); err != nil {
		return err
	}
	a := &agent{
		runner:     program.Runner{Reaper: process.NewReaper(), Shell: guestShell, Warn: complain},
		workerPath: "/proc/self/exe",
		facts:      facts{transport: transport, ready: ready.Uptime}, mount: mounts.mount, scratch: mounts.scratch, modules: mounts.facts,
	}
	// The guest may be saved here, and all that follows may happen in any number of its
	// restores.
	session, err := receiveSession(conn, ready.Boot)
	for ; err == nil && session.Prepare != nil; session, err = receiveSession(conn, ready.Boot) {
		mounts.load(session.Prepare.Needs)
		if err := errors.Join(a.prepare(), wire.WriteReady(conn, ready)); err != nil {
			return err
		}
	}
	if err != nil {
		return err
	}
	// A probe may still be answered with a wrong clock: say it, and go on.
	if err := errors.Join(setClock(session.Time), addEntropy(session.Entropy)); err != nil {
		complain(err)
	}
	if a.programs, err = program.ReadList(externalList); err != nil {
		return err
	}
	return a.serve(conn, session)
}

// complain prints on the console.
func complain(err error) {
	if f, e := os.OpenFile("/dev/console", os.O_WRONLY, 0); e == nil {
		fmt.Fprintf(f, "agent: %v\n", err)
		return
	}
	fmt.Fprintf(os.Stderr, "agent: %v\n", err)
}

// powerOff ends the guest.
func powerOff() {
	unix.Sync()
	if err := unix.Reboot(unix.LINUX_REBOOT_CMD_POWER_OFF); err != nil {
		complain(fmt.Errorf("power off: %w", err))
	}
	// A kernel that cannot power off panics when PID 1 ends, which ends QEMU.
	time.Sleep(time.Second)
	os.Exit(1)
}
