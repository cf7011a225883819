package vm

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/digitalocean/go-qemu/qmp"

	"kmatrix/matrix"
	"kmatrix/matrix/printable"
)

// monitor is QEMU's control channel. It is the one place that knows go-qemu,
// whose Run takes no context, whose events block all else until they are
// drained, and which reads no reply over 64 KB; none of what is asked here has
// one, query-blockstats with its two kilobytes a disk included.
type monitor struct {
	socket *qmp.SocketMonitor
	// connected is closed when the greeting is over; err tells how it went.
	connected chan struct{}
	err       error
	// ended is closed when no more events come.
	ended  chan struct{}
	wg     sync.WaitGroup
	mu     sync.Mutex
	events []matrix.Event
	// stalled is why QEMU stopped the guest, whose disk it cannot write; "" while it
	// did not. onStall is called then; it may be nil.
	stalled string
	onStall func()
}

// eventDisk tells that QEMU could not read or write what is behind a guest's disk.
// It stops the guest, which would take the host's full disk for its own otherwise.
const eventDisk = "BLOCK_IO_ERROR"

// maxEvents is how many events are kept, the first ones.
const maxEvents = 64

// newMonitor returns a monitor and the listening socket that QEMU is to
// inherit. go-qemu wants an address to dial, so the socket has one for a
// moment, in a directory of our own below temp: the connection waits in its backlog
// until QEMU takes it, and nothing is left in the file system.
func newMonitor(temp string) (m *monitor, listening *os.File, err error) {
	dir, err := os.MkdirTemp(temp, "kmatrix-qmp-")
	if err != nil {
		return nil, nil, fmt.Errorf("make a control socket: %w", err)
	}
	defer func() {
		if e := os.RemoveAll(dir); err == nil && e != nil {
			err = fmt.Errorf("remove the control socket's name: %w", e)
		}
	}()
	// The address of a socket holds 107 bytes, less than a path may have.
	at, err := os.Open(dir)
	if err != nil {
		return nil, nil, fmt.Errorf("make a control socket: %w", err)
	}
	defer at.Close() //nolint:errcheck // it only names the directory
	path := fmt.Sprintf("/proc/self/fd/%d/s", at.Fd())
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		return nil, nil, fmt.Errorf("make a control socket: %w", err)
	}
	socket, err := qmp.NewSocketMonitor("unix", path, time.Second)
	if err != nil {
		return nil, nil, fmt.Errorf("dial the control socket: %w", err)
	}
	listening, err = l.File()
	if err != nil {
		return nil, nil, fmt.Errorf("make a control socket: %w", err)
	}
	if err := l.Close(); err != nil {
		return nil, nil, fmt.Errorf("make a control socket: %w", err)
	}
	return &monitor{socket: socket, connected: make(chan struct{}), ended: make(chan struct{})}, listening, nil
}

// serve greets QEMU and collects its events until QEMU or close ends the
// connection.
func (m *monitor) serve() {
	m.wg.Go(func() {
		defer close(m.ended)
		m.err = m.socket.Connect()
		close(m.connected)
		if m.err != nil {
			return
		}
		// The context is not used by go-qemu, nor is there an error.
		events, err := m.socket.Events(context.Background())
		if err != nil {
			m.err = err
			return
		}
		for e := range events {
			m.mu.Lock()
			if len(m.events) < maxEvents {
				m.events = append(m.events, event(e))
			}
			stalls := e.Event == eventDisk && e.Data["action"] == "stop" && m.stalled == ""
			if stalls {
				m.stalled = printable.Line(fmt.Sprint(e.Data["reason"]), 200)
			}
			m.mu.Unlock()
			if stalls && m.onStall != nil {
				m.onStall()
			}
		}
	})
}

// execute runs a command whose reply says nothing.
func (m *monitor) execute(ctx context.Context, command string, args any) error {
	return m.command(ctx, command, args, nil, nil)
}

// command runs a command that has a small reply: file, where there is one, goes
// along as a descriptor, and reply takes what is returned.
func (m *monitor) command(ctx context.Context, command string, args any, file *os.File, reply any) error {
	select {
	case <-m.connected:
	case <-ctx.Done():
		return fmt.Errorf("QMP %s: %w", command, ctx.Err())
	}
	if m.err != nil {
		return fmt.Errorf("QMP greeting: %w", m.err)
	}
	text, err := json.Marshal(qmp.Command{Execute: command, Args: args})
	if err != nil {
		return fmt.Errorf("QMP %s: %w", command, err)
	}
	type returned struct {
		text []byte
		err  error
	}
	done := make(chan returned, 1)
	m.wg.Go(func() {
		text, err := m.socket.RunWithFile(text, file)
		done <- returned{text, err}
	})
	select {
	case r := <-done:
		if err = r.err; err == nil && reply != nil {
			err = json.Unmarshal(r.text, &struct {
				Return any `json:"return"`
			}{reply})
		}
	case <-ctx.Done():
		err = ctx.Err()
	}
	if err != nil {
		return fmt.Errorf("QMP %s: %w", command, err)
	}
	return nil
}

// event keeps of an event what is told of a guest's end: why, and what is done.
func event(e qmp.Event) matrix.Event {
	kept := matrix.Event{Name: e.Event, Time: time.Unix(e.Timestamp.Seconds, e.Timestamp.Microseconds*1000).UTC()}
	for _, key := range []string{"reason", "action"} {
		if s, ok := e.Data[key].(string); ok {
			kept.Reason = strings.TrimSpace(kept.Reason + " " + printable.Line(s, 40))
		}
	}
	return kept
}

// stall says why QEMU stopped the guest, "" when it did not.
func (m *monitor) stall() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.stalled
}

// seen tells whether an event of that name has come.
func (m *monitor) seen(name string) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.ContainsFunc(m.events, func(e matrix.Event) bool { return e.Name == name })
}

// eventsDeadline is how long the last events of a QEMU that has ended may take.
const eventsDeadline = 2 * time.Second

// close ends the connection and joins what served it. QEMU must be gone, or
// about to go: a command without an answer returns when the connection ends.
func (m *monitor) close() []matrix.Event {
	select {
	case <-m.ended:
	case <-time.After(eventsDeadline):
	}
	// Disconnect's error is that of closing a socket whose peer may be gone.
	_ = m.socket.Disconnect()
	m.wg.Wait()
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.events
}
