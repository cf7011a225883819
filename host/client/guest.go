// Package client is the host's end of the conversation with an agent.
//
// It speaks over a connection on which the agent has said that it is ready, such as
// host/vm's, and knows of no QEMU. [Prepare] has the agent do what clones of the guest
// need not do then; [Login] gives the guest what is its own, keys, time and entropy, and
// opens an SSH connection, which returns a [Guest] to ask. A guest is hostile: whatever it
// sends is capped and cleaned, and no call outlives its context by more than a second.
package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"

	"golang.org/x/crypto/ssh"

	"kmatrix/guest/wire"
	"kmatrix/matrix/printable"
)

// Guest is a guest that can be asked. When a call's context ends before its
// answer is there, that call's channel is closed; a guest that does not answer to
// that loses the connection, see [Guest.until].
type Guest struct {
	client *ssh.Client
	// running is the channel of a [Guest.Run].
	running atomic.Pointer[ssh.Channel]
}

// Run asks for probes and hands each event to on. The error is nil when the
// stream ended with done.
func (g *Guest) Run(ctx context.Context, req wire.Request, on func(wire.Event)) error {
	text, err := json.Marshal(req)
	if err != nil {
		return fmt.Errorf("encode request: %w", err)
	}
	defer g.running.Store(nil)
	return g.exec(ctx, wire.CommandRun, bytes.NewReader(text), func(r io.Reader) error {
		events := wire.NewEventReader(r)
		for {
			ev, err := events.Next()
			switch {
			case errors.Is(err, io.EOF):
				return nil
			case err != nil:
				return err
			}
			on(ev)
		}
	})
}

// Overdue has the guest end the probe, if it runs still, and answer it as overdue.
// Whether the guest heard is seen by its answer.
func (g *Guest) Overdue(probe string) {
	if ch := g.running.Load(); ch != nil {
		_, _ = (*ch).SendRequest(wire.RequestOverdue, false, ssh.Marshal(wire.Overdue{Probe: probe}))
	}
}

// Poweroff asks the guest to end. The connection ends with it, so that only
// the request itself can fail.
func (g *Guest) Poweroff(ctx context.Context) error {
	err := g.exec(ctx, wire.CommandPoweroff, nil, nil)
	var gone *ssh.ExitMissingError
	if errors.As(err, &gone) || errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

// exec runs one command of the agent: input is sent to its end, read takes the
// output. The agent's own words of an error are in the error.
func (g *Guest) exec(ctx context.Context, command string, input io.Reader, read func(io.Reader) error) error {
	call, stop := g.until(ctx)
	defer stop()
	err := g.ask(call, command, input, read)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}

// ask is exec without the context.
func (g *Guest) ask(call *call, command string, input io.Reader, read func(io.Reader) error) error {
	ch, err := call.open(g.client)
	if err != nil {
		return err
	}
	if err := call.start(ch, command, input); err != nil {
		return err
	}
	if command == wire.CommandRun {
		g.running.Store(&ch)
	}
	var (
		said   bytes.Buffer
		copied sync.WaitGroup
	)
	copied.Go(func() { _, _ = io.Copy(&capped{b: &said, left: wire.MaxDetail}, ch.Stderr()) })
	if read != nil {
		err = read(ch)
	}
	if err != nil {
		// The answer is unusable; the agent is told by the end, and has not for
		// ever to end in turn.
		call.giveUp()
	}
	err = errors.Join(err, call.wait())
	copied.Wait()
	if err != nil && said.Len() > 0 {
		return fmt.Errorf("%w: %s", err, printable.Line(said.String(), wire.MaxDetail))
	}
	return err
}

// capped drops what is over its limit.
type capped struct {
	b    *bytes.Buffer
	left int
}

func (c *capped) Write(p []byte) (int, error) {
	n := min(len(p), c.left)
	c.left -= n
	c.b.Write(p[:n])
	return len(p), nil
}
