package client

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/crypto/ssh"
)

// closeGrace is how long a guest may take to answer to the end of a channel before
// it loses the connection.
const closeGrace = time.Second

// call is one command of the guest's, on a channel of its own.
//
// What x/crypto/ssh does waits for the guest, however long: for a channel to be
// confirmed, for room to write, for the channel's end. A context ends none of that;
// losing the connection does, as long as what the guest sends is taken off: so the
// channel is used as it is, without ssh.Session, which stops reading requests at the
// first that it does not understand, and then holds up the connection for ever.
type call struct {
	channel atomic.Pointer[ssh.Channel]
	given   chan struct{}
	once    sync.Once
	// ended is closed when the channel has; status is the exit status by then, -1
	// without one.
	ended  chan struct{}
	status int
}

// until begins a call that is given up when ctx ends. stop must be called when it
// is over; it joins what watched it.
func (g *Guest) until(ctx context.Context) (c *call, stop func()) {
	c = &call{given: make(chan struct{}), ended: make(chan struct{}), status: -1}
	over := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		select {
		case <-ctx.Done():
		case <-c.given:
		case <-over:
			return
		}
		// The error is that of closing what may be closed.
		cut := time.AfterFunc(closeGrace, func() { _ = g.client.Close() })
		defer cut.Stop()
		if ch := c.channel.Load(); ch != nil {
			_ = (*ch).Close() // it waits for the guest, too, until the cut
		}
		<-over
	})
	return c, func() {
		close(over)
		wg.Wait()
	}
}

// giveUp ends the call before its context does.
func (c *call) giveUp() { c.once.Do(func() { close(c.given) }) }

// open opens the channel.
func (c *call) open(client *ssh.Client) (ssh.Channel, error) {
	ch, requests, err := client.OpenChannel("session", nil)
	if err != nil {
		return nil, fmt.Errorf("open a session: %w", err)
	}
	c.channel.Store(&ch)
	go func() {
		defer close(c.ended)
		for r := range requests {
			if r.Type == "exit-status" && len(r.Payload) >= 4 {
				c.status = int(binary.BigEndian.Uint32(r.Payload))
			}
			if r.WantReply {
				_ = r.Reply(false, nil) // which fails only when the channel ends
			}
		}
	}()
	return ch, nil
}

// start has the guest run a command, and sends it the input to its end.
func (c *call) start(ch ssh.Channel, command string, input io.Reader) error {
	ok, err := ch.SendRequest("exec", true, ssh.Marshal(struct{ Command string }{command}))
	if err == nil && !ok {
		err = fmt.Errorf("the agent refuses the command %q", command)
	}
	if err != nil {
		return fmt.Errorf("start: %w", err)
	}
	go func() {
		if input != nil {
			_, _ = io.Copy(ch, input) // what the guest did not take it will miss
		}
		_ = ch.CloseWrite()
	}()
	return nil
}

// wait waits for the channel's end. The error is an [*ssh.ExitMissingError] when
// the guest did not say how the command ended, or an [*exitError].
func (c *call) wait() error {
	<-c.ended
	switch {
	case c.status < 0:
		return &ssh.ExitMissingError{}
	case c.status > 0:
		return &exitError{c.status}
	}
	return nil
}

// exitError is how a command ended that did not succeed.
type exitError struct{ status int }

func (e *exitError) Error() string { return fmt.Sprintf("exit status %d", e.status) }
