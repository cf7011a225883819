package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"syscall"

	"golang.org/x/crypto/ssh"
	"golang.org/x/sys/unix"
)

// shells are tried in this order; the first is u-root's.
var shells = []string{"/bbin/gosh", "/bin/sh"}

// terminal is the user's, as pty-req and window-change describe it
// (RFC 4254, 6.2 and 6.7).
type terminal struct {
	name string
	mu   sync.Mutex
	size unix.Winsize
	// master is set while a shell runs.
	master *os.File
}

func parseTerminal(payload []byte) (*terminal, error) {
	var req struct {
		Term                         string
		Columns, Rows, Width, Height uint32
		Modes                        string
	}
	if err := ssh.Unmarshal(payload, &req); err != nil {
		return nil, fmt.Errorf("read the terminal: %w", err)
	}
	return &terminal{name: req.Term, size: unix.Winsize{Row: uint16(req.Rows), Col: uint16(req.Columns)}}, nil
}

func (t *terminal) resize(payload []byte) error {
	var req struct{ Columns, Rows, Width, Height uint32 }
	if err := ssh.Unmarshal(payload, &req); err != nil {
		return fmt.Errorf("read the terminal's size: %w", err)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.size = unix.Winsize{Row: uint16(req.Rows), Col: uint16(req.Columns)}
	if t.master == nil {
		return nil
	}
	return unix.IoctlSetWinsize(int(t.master.Fd()), unix.TIOCSWINSZ, &t.size)
}

// open makes the pseudo terminal.
func (t *terminal) open() (master, slave *os.File, err error) {
	fd, err := unix.Open("/dev/ptmx", unix.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, nil, fmt.Errorf("open /dev/ptmx: %w", err)
	}
	master = os.NewFile(uintptr(fd), "ptmx")
	n, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err == nil {
		err = unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0)
	}
	if err == nil {
		t.mu.Lock()
		err = unix.IoctlSetWinsize(fd, unix.TIOCSWINSZ, &t.size)
		t.master = master
		t.mu.Unlock()
	}
	if err == nil {
		slave, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	}
	if err != nil {
		return nil, nil, errors.Join(fmt.Errorf("make a terminal: %w", err), master.Close())
	}
	return master, slave, nil
}

// shell runs a shell: on a terminal of its own where the user has one, else on
// pipes, reading commands as from a file.
func (a *agent) shell(ctx context.Context, channel ssh.Channel, t *terminal) error {
	a.mount(everything)
	path := ""
	for _, s := range shells {
		if _, err := os.Stat(s); err == nil {
			path = s
			break
		}
	}
	if path == "" {
		return fmt.Errorf("this guest has no shell (looked for %v)", shells)
	}
	ends, err := openEnds(t)
	if err != nil {
		return err
	}
	env := []string{"PATH=/bbin:/bin:/sbin:/usr/bin:/usr/sbin", "HOME=/"}
	sys := &syscall.SysProcAttr{Setsid: true}
	if t != nil {
		env, sys.Setctty = append(env, "TERM="+t.name), true
	}
	pid, ended, err := a.runner.Reaper.Start(path, []string{path}, &syscall.ProcAttr{
		Dir: "/", Env: env, Files: []uintptr{ends.in.Fd(), ends.out.Fd(), ends.out.Fd()}, Sys: sys,
	})
	err = errors.Join(err, ends.closeTheirs())
	if err != nil {
		return errors.Join(fmt.Errorf("start %s: %w", path, err), ends.closeOurs())
	}
	go func() {
		_ = pump(ends.write, channel) // ends with the shell or the host
		if t == nil {
			_ = ends.write.Close() // the end of the file that the shell reads
		}
	}()
	printed := make(chan struct{})
	go func() {
		defer close(printed)
		_ = pump(channel, ends.read) // EIO is how a terminal ends
	}()
	var status syscall.WaitStatus
	select {
	case status = <-ended:
	case <-ctx.Done():
		_ = syscall.Kill(-pid, syscall.SIGKILL) // ESRCH: it is gone
		status = <-ended
	}
	<-printed
	t.forget()
	_ = ends.closeOurs() // the end for writing may be closed
	if code := status.ExitStatus(); code != 0 {
		return fmt.Errorf("the shell ended with status %d", code)
	}
	return nil
}

// ends are a shell's standard descriptors, in and out, and ours to them.
type ends struct {
	in, out     *os.File
	write, read *os.File
}

// openEnds makes a terminal, or pipes where the user has none.
func openEnds(t *terminal) (e ends, err error) {
	if t != nil {
		master, slave, err := t.open()
		return ends{in: slave, out: slave, write: master, read: master}, err
	}
	if e.in, e.write, err = os.Pipe(); err != nil {
		return e, fmt.Errorf("make a pipe: %w", err)
	}
	if e.read, e.out, err = os.Pipe(); err != nil {
		return e, fmt.Errorf("make a pipe: %w", err)
	}
	return e, nil
}

func (e ends) closeTheirs() error {
	if e.in == e.out {
		return e.in.Close()
	}
	return errors.Join(e.in.Close(), e.out.Close())
}

func (e ends) closeOurs() error {
	if e.write == e.read {
		return e.read.Close()
	}
	return errors.Join(e.write.Close(), e.read.Close())
}

// forget ends the passing on of sizes.
func (t *terminal) forget() {
	if t == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.master = nil
}
