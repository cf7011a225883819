// Package proc is the one helper that runs external programs.
//
// [Run] is for a program whose output is wanted (mkfs.xfs, xz); [Start] for one
// that lives on (QEMU). Both give the program a process group of its own, end
// it with SIGTERM, a grace and SIGKILL when the context ends, and see to it
// that it dies with kmatrix, whatever kills kmatrix.
package proc

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"time"
)

// DefaultGrace is how long a program may take to end after SIGTERM.
const DefaultGrace = 2 * time.Second

// MaxStderr is how many bytes of standard error are kept, the last ones.
const MaxStderr = 16 << 10

// Cmd describes a program to run. Path and Args are enough.
type Cmd struct {
	// Path is a name to look up in PATH, or a path.
	Path string
	// Args are the arguments without the program's name.
	Args []string
	// Dir is the working directory; empty means the caller's.
	Dir string
	// Env is added to the caller's environment.
	Env []string
	// Stdin may be nil.
	Stdin io.Reader
	// Stdout may be nil; [Run] then returns what was written.
	Stdout io.Writer
	// Files are inherited as descriptors 3, 4, … Start closes none of them.
	Files []*os.File
	// Orphaned is the signal that the program gets when kmatrix dies; 0 means
	// SIGKILL. It reaches the program alone: one that starts others takes
	// SIGTERM, and sees to them.
	Orphaned syscall.Signal
	// Grace is the time from SIGTERM to SIGKILL; 0 means [DefaultGrace].
	Grace time.Duration
}

// String returns the command as a line that a shell understands.
func (c Cmd) String() string {
	words := []string{Quote(c.Path)}
	for _, a := range c.Args {
		words = append(words, Quote(a))
	}
	return strings.Join(words, " ")
}

// Quote returns s as one word of a shell.
func Quote(s string) string {
	const plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_=+/.,:@%"
	if s != "" && strings.Trim(s, plain) == "" {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// Error is how a program ended that did not succeed.
type Error struct {
	Cmd    Cmd
	Stderr string
	Err    error
}

// Error names the program, how it ended and its last line of standard error.
func (e *Error) Error() string {
	text := fmt.Sprintf("%s: %v", e.Cmd.Path, e.Err)
	if s := strings.TrimSpace(e.Stderr); s != "" {
		text += ": " + s[strings.LastIndexByte(s, '\n')+1:]
	}
	return text
}

// Unwrap returns the cause: an [*exec.ExitError], [exec.ErrNotFound], the
// context's error.
func (e *Error) Unwrap() error { return e.Err }

// Process is a running program.
type Process struct {
	// Pid is its process id.
	Pid    int
	cmd    Cmd
	stderr tail
	done   chan struct{}
	err    error
}

// Start starts the program. When ctx ends it is ended. [Process.Wait] must be
// called.
func Start(ctx context.Context, c Cmd) (*Process, error) {
	p := &Process{cmd: c, done: make(chan struct{})}
	cmd := exec.CommandContext(ctx, c.Path, c.Args...)
	cmd.Dir, cmd.Stdin, cmd.Stdout, cmd.Stderr, cmd.ExtraFiles = c.Dir, c.Stdin, c.Stdout, &p.stderr, c.Files
	cmd.Env = append(os.Environ(), c.Env...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	if c.Orphaned != 0 {
		cmd.SysProcAttr.Pdeathsig = c.Orphaned
	}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM) }
	cmd.WaitDelay = c.Grace
	if c.Grace == 0 {
		cmd.WaitDelay = DefaultGrace
	}
	started := make(chan error)
	go func() {
		// The kernel sends the parent-death signal when the thread dies that
		// created the child, so that this thread must live as long.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		if err := cmd.Start(); err != nil {
			started <- err
			return
		}
		p.Pid = cmd.Process.Pid
		started <- nil
		err := cmd.Wait()
		if ctx.Err() != nil {
			// What the program left behind in its group goes too. The error is
			// ESRCH where nothing was left, which is the usual case.
			_ = syscall.Kill(-p.Pid, syscall.SIGKILL)
			err = ctx.Err()
		}
		if err != nil {
			p.err = &Error{Cmd: c, Stderr: p.stderr.String(), Err: err}
		}
		close(p.done)
	}()
	if err := <-started; err != nil {
		return nil, &Error{Cmd: c, Err: err}
	}
	return p, nil
}

// Wait waits for the program's end; the error is nil or an [*Error]. It may be
// called often.
func (p *Process) Wait() error {
	<-p.done
	return p.err
}

// Done returns a channel that is closed when the program has ended.
func (p *Process) Done() <-chan struct{} { return p.done }

// Kill ends the program and its process group at once.
func (p *Process) Kill() error {
	if err := syscall.Kill(-p.Pid, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
		return fmt.Errorf("kill %s (pid %d): %w", p.cmd.Path, p.Pid, err)
	}
	return nil
}

// Stderr returns the last [MaxStderr] bytes of standard error. It must not be
// called before Done.
func (p *Process) Stderr() string { return p.stderr.String() }

// Run runs the program to its end and returns its standard output, unless
// c.Stdout takes it. The error is nil or an [*Error].
func Run(ctx context.Context, c Cmd) ([]byte, error) {
	var out bytes.Buffer
	if c.Stdout == nil {
		c.Stdout = &out
	}
	p, err := Start(ctx, c)
	if err != nil {
		return nil, err
	}
	err = p.Wait()
	return out.Bytes(), err
}

// tail keeps the last bytes written.
type tail struct{ b []byte }

func (t *tail) Write(p []byte) (int, error) {
	t.b = append(t.b, p...)
	if n := len(t.b) - MaxStderr; n > 0 {
		t.b = append(t.b[:0], t.b[n:]...)
	}
	return len(p), nil
}

func (t *tail) String() string { return string(t.b) }
