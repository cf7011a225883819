package process

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// KillStrays ends what a program left behind outside of its group: processes that the
// reaper's has inherited. Only PID 1 inherits such. It returns those that do not end.
func (r *Reaper) KillStrays() (left []int) {
	if os.Getpid() != 1 {
		return nil
	}
	for range 100 {
		left = r.strays()
		for _, pid := range left {
			_ = syscall.Kill(pid, syscall.SIGKILL) // ESRCH: it has just ended
		}
		if len(left) == 0 {
			return nil
		}
		time.Sleep(time.Millisecond)
	}
	return r.strays()
}

// strays returns the processes whose parent is PID 1 and that the reaper did not start.
func (r *Reaper) strays() (pids []int) {
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return nil // the pattern is well-formed
	}
	for _, file := range stats {
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(file)))
		text, e := os.ReadFile(file)
		if err != nil || e != nil {
			continue // it has ended
		}
		// pid (name) state ppid …; the name may hold anything, proc(5).
		after := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
		if len(after) < 2 || after[1] != "1" || after[0] == "Z" {
			continue
		}
		r.mu.Lock()
		_, ours := r.waiting[pid]
		r.mu.Unlock()
		if !ours {
			pids = append(pids, pid)
		}
	}
	return pids
}
