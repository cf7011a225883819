package vm

import (
	"errors"
	"net"
	"syscall"
)

// readConsole drains the console until its end, so that it never blocks the
// guest. Its end, by whichever side, is no error.
func (v *VM) readConsole() {
	defer close(v.consoleDone)
	raw, err := v.consoleConn.(*net.UnixConn).SyscallConn()
	for over := false; err == nil && !over; {
		err = raw.Read(func(fd uintptr) bool {
			var took bool
			took, over = v.console.take(int(fd))
			return took || over
		})
	}
}

// Printed returns the last bytes that the guest has printed, and how many there were
// in all. What it printed before it sent what was received is there.
func (v *VM) Printed() (tail string, printed int64) {
	if raw, err := v.consoleConn.(*net.UnixConn).SyscallConn(); err == nil {
		// A connection that is closed has nothing more.
		_ = raw.Control(func(fd uintptr) { v.console.take(int(fd)) })
	}
	return v.console.Printed()
}

// maxTaken is how many readings are taken at once: a guest that prints for ever must
// not hold up who asks for what there is.
const maxTaken = 64

// take reads what there is on the socket: whether that was anything, and whether it
// was the last. Of several at once each takes its part whole, so that the order of
// the bytes stays.
func (c *console) take(fd int) (took, over bool) {
	c.reading.Lock()
	defer c.reading.Unlock()
	if c.buffer == nil {
		c.buffer = make([]byte, 32<<10)
	}
	for range maxTaken {
		n, err := syscall.Read(fd, c.buffer)
		switch {
		case errors.Is(err, syscall.EINTR):
		case errors.Is(err, syscall.EAGAIN):
			return took, false
		case err != nil || n == 0:
			return took, true
		default:
			_, _ = c.Write(c.buffer[:n]) // documented to return no error
			took = true
		}
	}
	return took, false
}
