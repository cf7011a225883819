package capacity

import (
	"fmt"
	"runtime"
	"time"

	"golang.org/x/sys/unix"
)

const (
	// speedRounds is how many steps are taken to measure the host's speed, and
	// speedTime how much of a CPU's time they took where the default deadlines were
	// found to be ample.
	speedRounds = 2_000_000
	speedTime   = 7 * time.Millisecond
)

// Speed measures how fast a CPU of this host does what an emulator does: to load
// from tables, to compute and to branch. 1 is the speed of the host that the default
// deadlines were found to be ample on. It takes seven milliseconds there. Time in which
// other processes had the CPU does not count.
func Speed() (float64, error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var table [1 << 12]uint32
	for i := range table {
		table[i] = uint32(i) * 2654435761
	}
	best := time.Duration(0)
	x := uint32(1)
	for range 3 {
		before, err := threadTime()
		if err != nil {
			return 0, err
		}
		for range speedRounds / 3 {
			x = table[x>>20] ^ x*1664525 + 1013904223
			if x&3 == 0 {
				table[x&0xfff] += x
			}
		}
		after, err := threadTime()
		if err != nil {
			return 0, err
		}
		if took := after - before; best == 0 || took < best {
			best = took
		}
	}
	return float64(speedTime) / 3 / float64(max(1, best)), nil
}

// threadTime is the time that this thread had a CPU.
func threadTime() (time.Duration, error) {
	var ts unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &ts); err != nil {
		return 0, fmt.Errorf("measure this host's speed: %w", err)
	}
	return time.Duration(ts.Nano()), nil
}
