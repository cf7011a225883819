// Package sys makes the system calls that probes are about, and keeps what they
// returned: pipes, sockets, io_uring and mappings whose ends never block, so
// that what does not fit, or is not there, is seen and no probe stands still.
package sys

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"

	"kmatrix/matrix"
)

// CallError is a system call that failed.
type CallError struct {
	// Call is the call with its arguments, as [Recorder.Do] was given it.
	Call  string
	Errno unix.Errno
}

// Error names the call and the error.
func (e *CallError) Error() string { return fmt.Sprintf("%s: %s", e.Call, unix.ErrnoName(e.Errno)) }

// Unwrap returns the error's number.
func (e *CallError) Unwrap() error { return e.Errno }

// Recorder keeps the calls of a probe with what they returned.
type Recorder struct{ Calls []matrix.Call }

// Do carries out a call, again while it is interrupted, and records it. The
// error is a [*CallError].
func (r *Recorder) Do(name string, call func() (int64, error)) (int64, error) {
	for {
		n, err := call()
		if errors.Is(err, unix.EINTR) {
			continue
		}
		c := matrix.Call{Name: name, Return: n, Count: 1}
		var errno unix.Errno
		if err != nil {
			if !errors.As(err, &errno) {
				return n, fmt.Errorf("%s: %w", name, err)
			}
			c.Return, c.Errno = -1, unix.ErrnoName(errno)
			err = &CallError{Call: name, Errno: errno}
		}
		if last := len(r.Calls) - 1; last >= 0 && r.Calls[last].Name == c.Name && r.Calls[last].Return == c.Return && r.Calls[last].Errno == c.Errno {
			r.Calls[last].Count++
		} else {
			r.Calls = append(r.Calls, c)
		}
		return n, err
	}
}

// PageSize is the page of the architectures that guests have so far.
const PageSize = 4096

// Failed returns the observation of a call under test that failed, with all calls so far,
// and which call and error that was. An error that is not a [*CallError] is returned as it
// is: it is none of the kernel's answers.
func (r *Recorder) Failed(err error) (o matrix.Observation, failure string, _ error) {
	var call *CallError
	if !errors.As(err, &call) {
		return matrix.Observation{}, "", err
	}
	return matrix.Observation{Class: matrix.ErrnoClass(unix.ErrnoName(call.Errno)), FirstOffset: -1, Calls: r.Calls}, call.Error(), nil
}
