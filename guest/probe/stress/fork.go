package stress

import (
	"errors"
	"fmt"
	"runtime"
	"unsafe"

	"golang.org/x/sys/unix"

	"kmatrix/guest/probe/source"
)

func beginFork(g *giver) (func() error, func() error, error) {
	m, err := private(giftBatch)
	if err != nil {
		return nil, nil, err
	}
	seen := make([]byte, giftBatch)
	return func() error {
		off := g.offset()
		copy(m, source.Old()[off:])
		child, err := forkWith(m)
		if err != nil {
			return err
		}
		n, err := g.give(m)
		if err := errors.Join(err, child.tell(seen)); err != nil {
			return err
		}
		g.t.exact(seen, off, giftBatch)
		return g.take(off, n)
	}, func() error { return unix.Munmap(m) }, nil
}

// forked is a process that shares memory with this one, copy on write. It waits
// for a byte, writes its memory into a pipe, and ends.
type forked struct {
	pid       int
	ask, told int
}

// forkWith forks. The Go runtime knows nothing of the child, which therefore
// makes but system calls (see [recite]).
func forkWith(m []byte) (*forked, error) {
	var ask, tell [2]int
	for _, p := range []*[2]int{&ask, &tell} {
		if err := unix.Pipe2(p[:], unix.O_CLOEXEC); err != nil {
			return nil, fmt.Errorf("pipe2: %w", err)
		}
	}
	// The thread must not change between the call and its return.
	runtime.LockOSThread()
	pid, errno := recite(ask[0], tell[1], unsafe.Pointer(&m[0]), len(m))
	runtime.UnlockOSThread()
	_, _ = unix.Close(ask[0]), unix.Close(tell[1]) // they are the child's now
	f := &forked{pid: pid, ask: ask[1], told: tell[0]}
	if errno != 0 {
		_, _ = unix.Close(f.ask), unix.Close(f.told)
		return nil, fmt.Errorf("fork: %w", errno)
	}
	return f, nil
}

// recite forks, and is the child's whole life: nothing in it may need the
// runtime, neither for a stack that grows nor for memory, since the child has
// one thread and no scheduler.
//
//go:noinline
//go:norace
//go:nosplit
func recite(ask, tell int, at unsafe.Pointer, n int) (pid int, errno unix.Errno) {
	// clone with no flags but the signal is fork, on every architecture.
	r, _, errno := unix.RawSyscall6(unix.SYS_CLONE, uintptr(unix.SIGCHLD), 0, 0, 0, 0, 0)
	if errno != 0 || r != 0 {
		return int(r), errno
	}
	unix.RawSyscall(unix.SYS_PRCTL, unix.PR_SET_PDEATHSIG, uintptr(unix.SIGKILL), 0)
	var one byte
	unix.RawSyscall(unix.SYS_READ, uintptr(ask), uintptr(unsafe.Pointer(&one)), 1)
	for done := uintptr(0); done < uintptr(n); {
		w, _, errno := unix.RawSyscall(unix.SYS_WRITE, uintptr(tell), uintptr(at)+done, uintptr(n)-done)
		if errno != 0 {
			break
		}
		done += w
	}
	for {
		unix.RawSyscall(unix.SYS_EXIT_GROUP, 0, 0, 0)
	}
}

// tell has the child write its memory, reads that into b and sees the child's
// end.
func (f *forked) tell(b []byte) error {
	defer func() { _, _ = unix.Close(f.told), unix.Close(f.ask) }() // a pipe's close reports nothing
	// The end of the file would be no question: the other giver's child may hold
	// this pipe, too.
	if _, err := again(func() (int64, error) { n, err := unix.Write(f.ask, []byte{1}); return int64(n), err }); err != nil {
		return fmt.Errorf("ask the child: %w", err)
	}
	n := 0
	for n < len(b) {
		m, err := again(func() (int64, error) {
			m, err := unix.Read(f.told, b[n:])
			return int64(m), err
		})
		if err != nil {
			return fmt.Errorf("read what the child has: %w", err)
		}
		if m == 0 {
			break
		}
		n += int(m)
	}
	var status unix.WaitStatus
	if _, err := again(func() (int64, error) {
		pid, err := unix.Wait4(f.pid, &status, 0, nil)
		return int64(pid), err
	}); err != nil {
		return fmt.Errorf("wait for the child: %w", err)
	}
	if n < len(b) {
		return fmt.Errorf("the child told %d bytes of %d, and ended with status %#x", n, len(b), status)
	}
	return nil
}
