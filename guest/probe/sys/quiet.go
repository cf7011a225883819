package sys

import (
	"errors"
	"fmt"
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// Quieten keeps the other threads of this process from preempting the calling
// one, which must be locked to its goroutine: Go's scheduler has one that wakes
// every 20 microseconds after a call has taken long. They get the CPU where the
// caller leaves it to them. The function that is returned ends that.
func Quieten() (end func() error, err error) {
	tasks, err := os.ReadDir("/proc/self/task")
	if err != nil {
		return nil, fmt.Errorf("list the threads: %w", err)
	}
	var others []int
	self := unix.Gettid()
	for _, t := range tasks {
		if id, err := strconv.Atoi(t.Name()); err == nil && id != self {
			others = append(others, id)
		}
	}
	// What a thread starts meanwhile is as others are.
	if err := policy(others, unix.SchedAttr{Policy: unix.SCHED_IDLE, Flags: unix.SCHED_FLAG_RESET_ON_FORK}); err != nil {
		return nil, err
	}
	return func() error { return policy(others, unix.SchedAttr{Policy: unix.SCHED_NORMAL}) }, nil
}

// policy sets the scheduling policy of threads that are still there.
func policy(threads []int, a unix.SchedAttr) error {
	a.Size = unix.SizeofSchedAttr
	for _, id := range threads {
		if err := unix.SchedSetAttr(id, &a, 0); err != nil && !errors.Is(err, unix.ESRCH) {
			return fmt.Errorf("set a thread's policy: %w", err)
		}
	}
	return nil
}
