package sys

import (
	"runtime"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// A CPU's unit need not be there; the kernel's own clock of a thread is counted by
// the same means.
func TestCountOnThread(t *testing.T) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	c, err := countOnThread(unix.PerfEventAttr{Type: unix.PERF_TYPE_SOFTWARE, Config: unix.PERF_COUNT_SW_TASK_CLOCK})
	if err != nil {
		t.Fatal(err)
	}
	before, ok, err := c.read()
	if err != nil {
		t.Fatal(err)
	}
	if !ok {
		t.Log("this kernel has no counters, or keeps them from this user")
	}
	for end := time.Now().Add(5 * time.Millisecond); time.Now().Before(end); {
	}
	after, again, err := c.read()
	if err != nil || again != ok || ok && after <= before {
		t.Errorf("the thread's clock went from %d to %d ns (%v, %v) while it was busy: %v", before, after, ok, again, err)
	}
	if err := c.close(); err != nil {
		t.Error(err)
	}
}

func TestAnEventThatThereIsNotCountsNothing(t *testing.T) {
	c, err := countOnThread(unix.PerfEventAttr{Type: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	if n, ok, err := c.read(); n != 0 || ok || err != nil {
		t.Errorf("it counts %d, %v, %v", n, ok, err)
	}
	if err := c.close(); err != nil {
		t.Error(err)
	}
}
