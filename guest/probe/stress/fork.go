package stress

import (
	"errors"
	"fmt"
	"unsafe"

	"golang.org/x/sys/unix"

	"kmatrix/guest/probe/source"
	"kmatrix/guest/probe/sys"
)

// beginFork shares the memory with a child process.
func beginFork(g *giver) (func() error, func() error, error) {
	m, err := sys.Anonymous(giftBatch)
	if err != nil {
		return nil, nil, err
	}
	seen, err := unix.Mmap(-1, 0, giftBatch, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED|unix.MAP_ANONYMOUS)
	if err != nil {
		return nil, nil, errors.Join(fmt.Errorf("map shared memory: %w", err), unix.Munmap(m))
	}
	return func() error {
		off := g.offset()
		copy(m, source.Old()[off:])
		clear(seen)
		child, err := forkWith(m, seen)
		if err != nil {
			return err
		}
		n, err := g.give(m)
		if err := errors.Join(err, child.copy()); err != nil {
			return err
		}
		g.t.Exact(seen, off, giftBatch)
		return g.take(off, n)
	}, func() error { return errors.Join(unix.Munmap(m), unix.Munmap(seen)) }, nil
}

// forked is a process that shares memory with this one, copy on write. It waits
// for a byte, copies what it has to where both have it, and ends.
type forked struct{ pid, ask int }

// forkWith forks. The Go runtime knows nothing of the child, which therefore makes system
// calls alone (see [forkCopier]).
func forkWith(from, to []byte) (*forked, error) {
	var ask [2]int
	if err := unix.Pipe2(ask[:], unix.O_CLOEXEC); err != nil {
		return nil, fmt.Errorf("pipe2: %w", err)
	}
	pid, errno := forkCopier(ask[0], unsafe.Pointer(&from[0]), unsafe.Pointer(&to[0]), uintptr(len(from)))
	_ = unix.Close(ask[0]) // it is the child's now
	if errno != 0 {
		return nil, errors.Join(fmt.Errorf("fork: %w", errno), unix.Close(ask[1]))
	}
	return &forked{pid: pid, ask: ask[1]}, nil
}

// forkCopier forks, and is all that the child runs: it waits for a byte from ask, copies n
// bytes and exits. Nothing in it may need the runtime, neither for a stack that grows nor
// for memory, since the child has one thread and no scheduler. n is a multiple of 8.
//
//go:noinline
//go:norace
//go:nosplit
func forkCopier(ask int, from, to unsafe.Pointer, n uintptr) (pid int, errno unix.Errno) {
	// clone with no flags but the signal is fork, on every architecture.
	r, _, errno := unix.RawSyscall6(unix.SYS_CLONE, uintptr(unix.SIGCHLD), 0, 0, 0, 0, 0)
	if errno != 0 || r != 0 {
		return int(r), errno
	}
	_, _, _ = unix.RawSyscall(unix.SYS_PRCTL, unix.PR_SET_PDEATHSIG, uintptr(unix.SIGKILL), 0)
	var one byte
	_, _, _ = unix.RawSyscall(unix.SYS_READ, uintptr(ask), uintptr(unsafe.Pointer(&one)), 1)
	for at := uintptr(0); at < n; at += 8 {
		*(*uint64)(unsafe.Add(to, at)) = *(*uint64)(unsafe.Add(from, at))
	}
	for { // none of the calls can fail in a way that the child could tell
		_, _, _ = unix.RawSyscall(unix.SYS_EXIT_GROUP, 0, 0, 0)
	}
}

// copy has the child copy its memory, and waits for its end.
func (f *forked) copy() error {
	// The end of the file would be no question: the other giver's child may hold
	// this pipe, too.
	_, err := sys.Retry(func() (int64, error) {
		n, err := unix.Write(f.ask, []byte{1})
		return int64(n), err
	})
	if err := errors.Join(err, unix.Close(f.ask)); err != nil {
		return fmt.Errorf("ask the child: %w", err)
	}
	var status unix.WaitStatus
	if _, err := sys.Retry(func() (int64, error) {
		pid, err := unix.Wait4(f.pid, &status, 0, nil)
		return int64(pid), err
	}); err != nil {
		return fmt.Errorf("wait for the child: %w", err)
	}
	if !status.Exited() || status.ExitStatus() != 0 {
		return fmt.Errorf("the child ended with status %#x", uint32(status))
	}
	return nil
}
