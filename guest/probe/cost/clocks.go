package cost

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// clocks are what a pass is timed by: nanoseconds of a clock that nothing
// adjusts, nanoseconds that the thread has had the CPU for, and how often it has
// given the CPU up to wait.
type clocks struct{ wall, cpu, waits func() (int64, error) }

// machine are the clocks of the machine, for the calling thread.
var machine = clocks{
	wall: func() (int64, error) { return read(unix.CLOCK_MONOTONIC_RAW) },
	cpu:  func() (int64, error) { return read(unix.CLOCK_THREAD_CPUTIME_ID) },
	waits: func() (int64, error) {
		var u unix.Rusage
		if err := unix.Getrusage(unix.RUSAGE_THREAD, &u); err != nil {
			return 0, fmt.Errorf("getrusage: %w", err)
		}
		return u.Nvcsw, nil
	},
}

func read(clock int32) (int64, error) {
	var ts unix.Timespec
	if err := unix.ClockGettime(clock, &ts); err != nil {
		return 0, fmt.Errorf("read the clock: %w", err)
	}
	return ts.Nano(), nil
}

// time carries out a pass and returns its nanoseconds, and how often it waited. Of
// a pass that waited, for a disk, those are counted in which its thread had the
// CPU: how long a disk takes is the host's doing, and a guest that counts
// instructions jumps to its next timer meanwhile.
func (c clocks) time(pass func() error) (took, waits int64, err error) {
	var began, ended [3]int64
	order := [3]func() (int64, error){c.waits, c.cpu, c.wall}
	for i, clock := range order {
		var err error
		if began[i], err = clock(); err != nil {
			return 0, 0, err
		}
	}
	if err := pass(); err != nil {
		return 0, 0, err
	}
	for i := len(order) - 1; i >= 0; i-- {
		var err error
		if ended[i], err = order[i](); err != nil {
			return 0, 0, err
		}
	}
	if waits = ended[0] - began[0]; waits > 0 {
		return ended[1] - began[1], waits, nil
	}
	return ended[2] - began[2], 0, nil
}
