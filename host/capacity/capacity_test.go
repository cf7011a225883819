package capacity

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"kmatrix/matrix"
)

// fakeHost writes what the kernel says of a host: 8000 MiB available, a load of 0.5.
func fakeHost(t *testing.T, files map[string]string) string {
	t.Helper()
	root := t.TempDir()
	all := map[string]string{"proc/meminfo": "MemTotal:       16384000 kB\nMemFree:  100 kB\nMemAvailable:    8192000 kB\n", "proc/loadavg": "0.50 1.0 1.0 1/100 1234\n"}
	for name, text := range files {
		all[name] = text
	}
	for name, text := range all {
		file := filepath.Join(root, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o755), os.WriteFile(file, []byte(text), 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

func TestCapacityIsWhatTheHostAndItsGroupsLeave(t *testing.T) {
	cpus := float64(runtime.NumCPU())
	for name, test := range map[string]struct {
		files     map[string]string
		available int
		cpus      float64
		group     string
	}{
		"no groups":        {nil, 8000, cpus, ""},
		"no limits":        {map[string]string{"proc/self/cgroup": "0::/a\n", "sys/fs/cgroup/a/memory.max": "max\n", "sys/fs/cgroup/a/memory.current": "1\n", "sys/fs/cgroup/a/cpu.max": "max 100000\n"}, 8000, cpus, ""},
		"version 2":        {map[string]string{"proc/self/cgroup": "0::/a/b\n", "sys/fs/cgroup/a/memory.max": "1073741824\n", "sys/fs/cgroup/a/memory.current": "629145600\n", "sys/fs/cgroup/a/memory.stat": "anon 1\nfile 2\ninactive_file 104857600\n", "sys/fs/cgroup/a/b/cpu.max": "50000 100000\n"}, 524, min(cpus, 0.5), "a"},
		"in a container":   {map[string]string{"proc/self/cgroup": "0::/on/the/host\n", "sys/fs/cgroup/memory.max": "1073741824\n", "sys/fs/cgroup/memory.current": "0\n"}, 1024, cpus, "cgroup"},
		"version 1":        {map[string]string{"proc/self/cgroup": "5:cpu:/x\n4:memory:/x\n", "sys/fs/cgroup/memory/x/memory.limit_in_bytes": "536870912\n", "sys/fs/cgroup/memory/x/memory.usage_in_bytes": "209715200\n", "sys/fs/cgroup/memory/x/memory.stat": "inactive_file 5\ntotal_inactive_file 104857600\n", "sys/fs/cgroup/cpu/x/cpu.cfs_quota_us": "25000\n", "sys/fs/cgroup/cpu/x/cpu.cfs_period_us": "100000\n"}, 412, min(cpus, 0.25), "x"},
		"over the limit":   {map[string]string{"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/memory.max": "1048576\n", "sys/fs/cgroup/memory.current": "9999999999\n"}, 0, cpus, "cgroup"},
		"a limit above it": {map[string]string{"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/memory.max": "99999999999999\n", "sys/fs/cgroup/memory.current": "0\n"}, 8000, cpus, ""},
	} {
		c, err := Read(fakeHost(t, test.files))
		if err != nil || c.AvailableMiB != test.available || c.CPUs != test.cpus || test.group != "" && filepath.Base(c.Group) != test.group || test.group == "" && c.Group != "" || c.TotalMiB != 16000 || c.Load != 0.5 {
			t.Errorf("%s: %+v (%v)", name, c, err)
		}
	}
	if _, err := Read(t.TempDir()); err == nil {
		t.Error("a host without /proc has a capacity")
	}
	if c, err := Read("/"); err != nil || c.AvailableMiB <= 0 || c.AvailableMiB > c.TotalMiB || c.CPUs <= 0 {
		t.Errorf("this host has %+v (%v)", c, err)
	}
}

func TestAsManyGuestsAsFit(t *testing.T) {
	machines := []matrix.Machine{{MemoryMiB: 512, CPUs: 1}, {MemoryMiB: 1024, CPUs: 2}}
	for name, test := range map[string]struct {
		machines []matrix.Machine
		has      Host
		want     int
		why      string
	}{
		"the CPUs":         {machines[:1], Host{AvailableMiB: 16000, CPUs: 4}, 4, ""},
		"the largest":      {machines, Host{AvailableMiB: 16000, CPUs: 4}, 2, ""},
		"the memory":       {machines[:1], Host{AvailableMiB: 2000, CPUs: 4}, 2, "each needs 704 MiB, and 2000 MiB are available"},
		"a part of a CPU":  {machines[:1], Host{AvailableMiB: 16000, CPUs: 0.5}, 1, ""},
		"a host with load": {machines[:1], Host{AvailableMiB: 16000, CPUs: 4, Load: 9}, 2, "the load of this host is 9"},
		"some load":        {machines[:1], Host{AvailableMiB: 16000, CPUs: 4, Load: 7}, 4, ""},
	} {
		n, why, err := Jobs(test.machines, test.has)
		if err != nil || n != test.want || (test.why == "") != (why == "") || !strings.Contains(why, test.why) {
			t.Errorf("%s: %d, %q (%v)", name, n, why, err)
		}
	}
	_, _, err := Jobs(machines[:1], Host{AvailableMiB: 700, Group: "/sys/fs/cgroup/a", CPUs: 4})
	var none *MemoryError
	if !errors.As(err, &none) || !strings.Contains(err.Error(), "needs 704 MiB") || !strings.Contains(err.Error(), "/sys/fs/cgroup/a leaves 700 MiB") || !strings.Contains(err.Error(), "lower memory:") {
		t.Errorf("error %v", err)
	}
}

// TestGuestsWaitForRoom has a host with memory for one guest and a half, of which
// another process takes some for a while.
func TestGuestsWaitForRoom(t *testing.T) {
	var mu sync.Mutex
	available, resident := 1200, map[int]int{}
	set := func(change func()) { mu.Lock(); defer mu.Unlock(); change() }
	l := &Limiter{
		Read:        func() (c Host, _ error) { set(func() { c.AvailableMiB = available }); return c, nil },
		ResidentMiB: func(pid int) (n int) { set(func() { n = resident[pid] }); return n },
		Poll:        time.Millisecond, Timeout: 20 * time.Millisecond,
	}
	m := matrix.Machine{MemoryMiB: 512}
	told := make(chan string, 10)
	first, err := l.Acquire(t.Context(), m, func(s string) { told <- s })
	if err != nil || len(told) > 0 {
		t.Fatalf("the first one: %v", err)
	}
	// It has taken 300 MiB, which are gone, and will take 404 more.
	first.SetPID(7)
	set(func() { available, resident[7] = 900, 300 })
	second := make(chan *Reservation)
	go func() {
		p, err := l.Acquire(t.Context(), m, func(s string) { told <- s })
		if err != nil {
			t.Error(err)
		}
		second <- p
	}()
	if s := <-told; !strings.Contains(s, "needs 704 MiB, and 496 MiB are available") {
		t.Errorf("told was %q", s)
	}
	// While another guest runs, it waits longer than the timeout.
	select {
	case <-second:
		t.Fatal("two guests have memory for one")
	case <-time.After(5 * l.Timeout):
	}
	first.Release()
	(<-second).Release()
	// Nobody is there to end, and there is no memory: it is refused.
	set(func() { available = 700 })
	var none *MemoryError
	if _, err := l.Acquire(t.Context(), m, func(string) {}); !errors.As(err, &none) || none.Has.AvailableMiB != 700 {
		t.Errorf("without memory it gave %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := l.Acquire(ctx, m, func(string) {}); !errors.Is(err, context.Canceled) {
		t.Errorf("after its end the context gave %v", err)
	}
}

func TestSpeedIsMeasured(t *testing.T) {
	if s, err := Speed(); err != nil || s <= 0 {
		t.Errorf("Speed() = %v, %v", s, err)
	}
}
