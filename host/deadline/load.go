package deadline

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// Load follows what keeps a process's threads, QEMU's, from running: other processes that
// have the CPUs, a hypervisor below that takes them away, a disk, a signal that has
// stopped it. Its zero value is ready.
type Load struct {
	mu    sync.Mutex
	at    time.Time
	waits map[string]time.Duration
	// stolen and busy are the host's, in ticks.
	stolen, busy int64
}

// Share returns which part of the time since it was last asked, or since the process's
// start, this host let it run, from 0 to 1. A guest that idles by itself has all of it.
// Where several threads had to wait it is the product of their parts: each may have waited
// for what another was doing.
func (l *Load) Share(pid int) float64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	passed, before := now.Sub(l.at), l.waits
	first := before == nil
	l.at, l.waits = now, map[string]time.Duration{}
	share, held := 1.0, false
	dirs, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*", pid))
	if err != nil {
		return 1 // the pattern is well-formed
	}
	for _, dir := range dirs {
		wait, state := thread(dir)
		l.waits[dir] = wait
		held = held || strings.ContainsAny(state, "TtD")
		if !first && passed > 0 {
			// A thread that is new has waited since it began.
			share *= 1 - min(1, float64(wait-before[dir])/float64(passed))
		}
	}
	stolen, busy := hostTime()
	if d := busy - l.busy; !first && d > 0 {
		share *= 1 - min(1, float64(stolen-l.stolen)/float64(d))
	}
	l.stolen, l.busy = stolen, busy
	if held {
		return 0
	}
	return max(0, share)
}

// thread reads for how long a thread was able to run and did not (proc_pid_schedstat,
// the second number; 0 where the kernel does not count it), and its state
// (proc_pid_stat(5): T and t are stopped, D waits for a disk). A thread that has
// just ended has waited for nothing.
func thread(dir string) (wait time.Duration, state string) {
	text, err := os.ReadFile(filepath.Join(dir, "schedstat"))
	if err == nil {
		var ran, waited int64
		if _, err := fmt.Sscan(string(text), &ran, &waited); err == nil {
			wait = time.Duration(waited)
		}
	}
	text, err = os.ReadFile(filepath.Join(dir, "stat"))
	if err == nil {
		// pid (name) state …; the name may hold anything.
		if after := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:])); len(after) > 0 {
			state = after[0]
		}
	}
	return wait, state
}

// hostTime reads how many ticks of this host's CPUs were stolen by what runs below
// it, and how many were not idle, those included (proc_stat(5)).
func hostTime() (stolen, busy int64) {
	text, err := os.ReadFile("/proc/stat")
	if err != nil {
		return 0, 0
	}
	line, _, _ := strings.Cut(string(text), "\n")
	var user, nice, system, idle, iowait, irq, softirq, steal int64
	if _, err := fmt.Sscan(strings.TrimPrefix(line, "cpu"), &user, &nice, &system, &idle, &iowait, &irq, &softirq, &steal); err != nil {
		return 0, 0
	}
	return steal, user + nice + system + irq + softirq + steal
}
