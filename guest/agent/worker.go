package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"syscall"
	"time"

	"kmatrix/guest/probe"
	"kmatrix/guest/process"
	"kmatrix/guest/wire"
)

// workerArgument makes the agent's executable a worker: it reads tasks on
// descriptor 3 and writes answers on 4, one JSON object a line, one after the
// other.
const workerArgument = "worker"

// nothing is the probe of a task that only shows that the worker is there.
const nothing = ""

// task is what a worker is asked.
type task struct {
	Probe  string        `json:"probe"`
	Budget time.Duration `json:"budget_ns,omitempty"`
	// Profile asks for one, and not for a sample.
	Profile bool        `json:"profile,omitempty"`
	Files   fileSystems `json:"files"`
}

// reply is what it answers.
type reply struct {
	Answer wire.Answer `json:"answer"`
	// Unfit reports whether the worker ends: its probe panicked.
	Unfit bool `json:"unfit,omitempty"`
}

// worker is the agent's side of a worker process.
type worker struct {
	pid     int
	ended   <-chan syscall.WaitStatus
	tasks   *os.File
	replies chan reply
}

// workerGrace is how long a worker that closed its pipe may take to end.
const workerGrace = time.Second

func startWorker(r *process.Reaper, path string) (*worker, error) {
	tasksIn, tasks, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("make a pipe: %w", err)
	}
	answers, answersOut, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("make a pipe: %w", err)
	}
	null, err := os.OpenFile(os.DevNull, os.O_RDONLY, 0)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", os.DevNull, err)
	}
	pid, ended, err := r.Start(path, []string{path, workerArgument}, &syscall.ProcAttr{
		Env:   os.Environ(),
		Files: []uintptr{null.Fd(), 1, 2, tasksIn.Fd(), answersOut.Fd()},
		Sys:   &syscall.SysProcAttr{Setpgid: true},
	})
	if err := errors.Join(null.Close(), tasksIn.Close(), answersOut.Close()); err != nil {
		return nil, fmt.Errorf("close the worker's ends: %w", err)
	}
	if err != nil {
		return nil, err
	}
	w := &worker{pid: pid, ended: ended, tasks: tasks, replies: make(chan reply, 1)}
	go func() {
		defer close(w.replies)
		defer answers.Close() //nolint:errcheck // it was only read
		for d := json.NewDecoder(answers); ; {
			var one reply
			if d.Decode(&one) != nil {
				return
			}
			w.replies <- one
		}
	}()
	return w, nil
}

// ask has the worker carry out a task, which late gives up. fit reports whether the
// worker can be asked again.
func (w *worker) ask(ctx context.Context, t task, late <-chan struct{}) (answer wire.Answer, fit bool) {
	text, err := json.Marshal(t)
	if err != nil {
		return wire.Answer{Status: wire.StatusError, Detail: fmt.Sprintf("encode the task: %v", err)}, true
	}
	// A worker that is gone closes its end: its status says more than EPIPE.
	_, _ = w.tasks.Write(append(text, '\n'))
	select {
	case r, ok := <-w.replies:
		if ok {
			return r.Answer, !r.Unfit
		}
		return wire.Answer{Status: wire.StatusDied, Detail: w.ending()}, false
	case <-late:
		return wire.Answer{Status: wire.StatusOverdue}, false
	case <-ctx.Done():
		return wire.Answer{}, false
	}
}

// ending returns how the process ended. One that only closed its pipe gets [workerGrace].
func (w *worker) ending() string {
	select {
	case s := <-w.ended:
		if s.Signaled() {
			return "signal: " + s.Signal().String()
		}
		return fmt.Sprintf("exit status %d", s.ExitStatus())
	case <-time.After(workerGrace):
		return "it closed its pipe"
	}
}

// kill ends the worker and what it started. A process stuck in the kernel
// stays until it comes out of it; nobody waits for that.
func (w *worker) kill() {
	_ = syscall.Kill(-w.pid, syscall.SIGKILL) // ESRCH: it is gone
	_ = w.tasks.Close()
}

// work does all that a worker process does, and returns the exit code.
func work(tasks, answers *os.File) int {
	in, out := json.NewDecoder(tasks), json.NewEncoder(answers)
	for {
		var t task
		if err := in.Decode(&t); errors.Is(err, io.EOF) {
			return 0
		} else if err != nil {
			return 1
		}
		r := carryOut(t)
		if err := out.Encode(r); err != nil || r.Unfit {
			return 1
		}
	}
}

// carryOut runs one probe.
func carryOut(t task) (r reply) {
	defer func() {
		if p := recover(); p != nil {
			r = reply{Answer: wire.Answer{Status: wire.StatusError, Detail: fmt.Sprintf("the probe panicked: %v", p)}, Unfit: true}
		}
	}()
	if t.Probe == nothing {
		return reply{Answer: wire.Answer{Status: wire.StatusOK}}
	}
	p, ok := lookup(t.Probe)
	if !ok {
		return reply{Answer: wire.Answer{Status: wire.StatusError, Detail: fmt.Sprintf("this agent has no probe %q: run make build", t.Probe)}}
	}
	// What a probe leaves to the collector is closed and freed before the next.
	defer runtime.GC()
	env := &probe.Env{Dirs: t.Files.Dirs, Refused: t.Files.Refused, Budget: cmp.Or(t.Budget, p.Budget)}
	var (
		answer  = wire.Answer{Status: wire.StatusOK}
		lacking *probe.UnsupportedError
		unmet   *probe.PreconditionError
		err     error
	)
	switch {
	case !t.Profile:
		var found probe.Finding
		found, err = p.Run(context.Background(), env)
		answer.Finding, answer.Detail = found.Finding, found.Detail
	case p.Profile == nil:
		err = errors.New("the probe has no profile: only costs have")
	default:
		answer.Profile, err = p.Profile(context.Background(), env)
	}
	switch {
	case errors.As(err, &unmet):
		answer = wire.Answer{Status: wire.StatusUnmet, Detail: unmet.Error()}
	case errors.As(err, &lacking):
		answer = wire.Answer{Status: wire.StatusUnsupported, Detail: lacking.Reason}
	case err != nil:
		answer = wire.Answer{Status: wire.StatusError, Detail: err.Error()}
	}
	return reply{Answer: answer}
}

// lookup finds a probe; tests put theirs before.
var lookup = probe.Lookup
