package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"kmatrix/guest/ktap"
	"kmatrix/matrix"
)

// How long the agent waits between two looks at a program's pipes: the longest,
// and the shortest, while it prints more than they hold.
const (
	longestPause  = 5 * time.Millisecond
	shortestPause = 200 * time.Microsecond
)

// execute runs one program to its end, in a process group of its own, and
// leaves none of its processes behind. The error is that it could not be
// started.
func (a *agent) execute(ctx context.Context, in matrix.Installed, run matrix.Command, scratch string, late <-chan struct{}) (*execution, error) {
	e := &execution{run: run, said: &ktap.Parser{}}
	var err error
	if e.out, err = newStream("stdout"); err != nil {
		return nil, err
	}
	defer e.out.close()
	if e.err, err = newStream("stderr"); err != nil {
		return nil, err
	}
	defer e.err.close()
	e.out.also = e.said
	if e.isLTP = in.ResultFormat == matrix.FormatLTP; e.isLTP {
		e.out.also, e.err.also = &e.ltpOut, &e.ltpErr
	}
	null, err := os.OpenFile(os.DevNull, os.O_RDONLY, 0)
	if err != nil {
		return nil, err
	}
	defer null.Close() //nolint:errcheck // it was only read
	dir := in.Dir
	if dir == "" {
		dir = scratch
	}
	path, args := run.Path, append([]string{run.Path}, run.Args...)
	if run.Script {
		path, args = a.shellPath, append([]string{a.shellPath}, args...)
	}
	pid, ended, err := a.reaper.start(path, args, &syscall.ProcAttr{
		Dir:   dir,
		Env:   []string{"PATH=/bbin:/bin", "HOME=" + scratch, "TMPDIR=" + scratch, "LC_ALL=C"},
		Files: []uintptr{null.Fd(), uintptr(e.out.w), uintptr(e.err.w)},
		Sys:   &syscall.SysProcAttr{Setpgid: true},
	})
	if err != nil {
		return nil, err
	}
	e.follow(ctx, ended, late)
	_ = syscall.Kill(-pid, syscall.SIGKILL) // ESRCH: none is left of the group
	if e.status == 0 && (e.overdue || ctx.Err() != nil) {
		select {
		case e.status = <-ended:
		case <-time.After(workerGrace): // it is stuck in the kernel
		}
	}
	a.reaper.killStrays()
	e.out.drain()
	e.err.drain()
	return e, nil
}

// follow waits for the program's end, its deadline, or the end of who asked,
// and keeps its pipes from staying full.
func (e *execution) follow(ctx context.Context, ended <-chan syscall.WaitStatus, late <-chan struct{}) {
	for pause := longestPause; ; pause = min(2*pause, longestPause) {
		select {
		case e.status = <-ended:
			return
		case <-late:
			e.overdue = true
			return
		case <-ctx.Done():
			return
		case <-time.After(pause):
		}
		for _, s := range []*stream{e.out, e.err} {
			if s.full() && s.drain() {
				pause = shortestPause
			}
		}
	}
}

// killStrays ends what a program left behind outside of its group: processes
// whose parent is the agent and that it did not start. Only PID 1 inherits
// such.
func (r *reaper) killStrays() {
	if os.Getpid() != 1 {
		return
	}
	for range 100 {
		strays := r.strays()
		for _, pid := range strays {
			_ = syscall.Kill(pid, syscall.SIGKILL) // ESRCH: it has just ended
		}
		if len(strays) == 0 {
			return
		}
		time.Sleep(time.Millisecond)
	}
	complain(fmt.Errorf("processes of an external probe do not end: %v", r.strays()))
}

// strays lists them.
func (r *reaper) strays() (pids []int) {
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
