package program

import (
	"context"
	"fmt"
	"os"
	"syscall"
	"time"

	"kmatrix/guest/ktap"
	"kmatrix/matrix"
)

// How long it takes between two reads of a program's pipes: the longest, and the
// shortest, while it prints more than they hold.
const (
	longestPause  = 5 * time.Millisecond
	shortestPause = 200 * time.Microsecond
)

// killGrace is how long a program that was killed may take to end: one that is stuck in
// the kernel stays until it comes out of it.
const killGrace = time.Second

// execute runs one program to its end, in a process group of its own, and
// leaves none of its processes behind. The error is that it could not be
// started.
func (r Runner) execute(ctx context.Context, in matrix.Installed, run matrix.Command, scratch string, late <-chan struct{}) (*execution, error) {
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
		path, args = r.Shell, append([]string{r.Shell}, args...)
	}
	pid, ended, err := r.Reaper.Start(path, args, &syscall.ProcAttr{
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
		case <-time.After(killGrace):
		}
	}
	if left := r.Reaper.KillStrays(); len(left) > 0 {
		r.Warn(fmt.Errorf("processes of an external probe do not end: %v", left))
	}
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
