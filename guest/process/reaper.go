// Package process starts and collects the processes of a guest whose PID 1 the caller
// is.
package process

import (
	"errors"
	"os"
	"os/signal"
	"sync"
	"syscall"
)

// Reaper collects every process that ends: PID 1 inherits orphans, too. It is the one
// caller of wait4 in its process, and hands each status to whoever started the process
// with it.
type Reaper struct {
	mu      sync.Mutex
	waiting map[int]chan syscall.WaitStatus
}

// NewReaper starts collecting, which does not end.
func NewReaper() *Reaper {
	r := &Reaper{waiting: map[int]chan syscall.WaitStatus{}}
	ended := make(chan os.Signal, 1)
	signal.Notify(ended, syscall.SIGCHLD)
	go func() {
		for range ended {
			r.collect()
		}
	}()
	return r
}

func (r *Reaper) collect() {
	for {
		var status syscall.WaitStatus
		// The lock keeps a process that ends at once from being collected
		// before Start has written down whose it is.
		r.mu.Lock()
		pid, err := syscall.Wait4(-1, &status, syscall.WNOHANG, nil)
		if errors.Is(err, syscall.EINTR) {
			r.mu.Unlock()
			continue
		}
		if err != nil || pid <= 0 {
			r.mu.Unlock()
			return
		}
		if c := r.waiting[pid]; c != nil {
			c <- status
			delete(r.waiting, pid)
		}
		r.mu.Unlock()
	}
}

// Start starts a program and returns its pid and the channel that its status
// comes on.
func (r *Reaper) Start(path string, args []string, attr *syscall.ProcAttr) (int, <-chan syscall.WaitStatus, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	pid, err := syscall.ForkExec(path, args, attr)
	if err != nil {
		return 0, nil, err
	}
	c := make(chan syscall.WaitStatus, 1)
	r.waiting[pid] = c
	return pid, c, nil
}
