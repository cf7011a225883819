package sys

import (
	"encoding/binary"
	"errors"
	"fmt"

	"golang.org/x/sys/unix"
)

// threadCounter counts an event of the thread that opened it, in user space and in
// the kernel, as perf_event_open(2) does. The zero value counts nothing.
type threadCounter struct {
	fd   int
	open bool
}

// retired is the event of a CPU's performance monitoring unit that counts the
// instructions which the thread has retired.
var retired = unix.PerfEventAttr{Type: unix.PERF_TYPE_HARDWARE, Config: unix.PERF_COUNT_HW_INSTRUCTIONS}

// without are the answers of a kernel that was built without counters, has none of
// that kind (a guest's CPU need have no unit, an emulated one has none), or keeps
// them from this user.
var without = []error{unix.ENOENT, unix.ENODEV, unix.EOPNOTSUPP, unix.ENOSYS, unix.EACCES, unix.EPERM}

// countOnThread begins to count the event on the calling thread. Where there is no such
// counter, the zero value is returned and no error.
func countOnThread(event unix.PerfEventAttr) (threadCounter, error) {
	event.Size = unix.PERF_ATTR_SIZE_VER0
	const thisThread, anyCPU, noGroup = 0, -1, -1
	fd, err := unix.PerfEventOpen(&event, thisThread, anyCPU, noGroup, unix.PERF_FLAG_FD_CLOEXEC)
	for _, none := range without {
		if errors.Is(err, none) {
			return threadCounter{}, nil
		}
	}
	if err != nil {
		return threadCounter{}, fmt.Errorf("perf_event_open: %w", err)
	}
	return threadCounter{fd: fd, open: true}, nil
}

// read returns the count so far; false where there is no counter.
func (c threadCounter) read() (n int64, ok bool, err error) {
	if !c.open {
		return 0, false, nil
	}
	var count [8]byte
	switch got, err := unix.Read(c.fd, count[:]); {
	case err != nil:
		return 0, false, fmt.Errorf("read a counter of perf_event_open: %w", err)
	case got == 0:
		return 0, false, nil // the unit has no free counter for the event
	}
	return int64(binary.NativeEndian.Uint64(count[:])), true, nil
}

// close ends the counting.
func (c threadCounter) close() error {
	if !c.open {
		return nil
	}
	return unix.Close(c.fd)
}
