package vm

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"kmatrix/guest/wire"
	"kmatrix/matrix/printable"
)

// port is the line to the agent: two virtio ports, one for each direction, or
// one serial line for both. It is the connection that SSH runs over.
type port struct{ r, w net.Conn }

func (p *port) Read(b []byte) (int, error)         { return p.r.Read(b) }
func (p *port) Write(b []byte) (int, error)        { return p.w.Write(b) }
func (p *port) Close() error                       { return errors.Join(p.r.Close(), p.w.Close()) }
func (p *port) LocalAddr() net.Addr                { return p.r.LocalAddr() }
func (p *port) RemoteAddr() net.Addr               { return p.r.RemoteAddr() }
func (p *port) SetReadDeadline(t time.Time) error  { return p.r.SetReadDeadline(t) }
func (p *port) SetWriteDeadline(t time.Time) error { return p.w.SetWriteDeadline(t) }
func (p *port) SetDeadline(t time.Time) error {
	return errors.Join(p.SetReadDeadline(t), p.SetWriteDeadline(t))
}

// Ready waits for the agent's greeting on the virtio port or on the second
// serial line, whichever comes first. A restored guest greets nobody: its
// greeting is the saved one's, and it is ready when it runs.
func (v *VM) Ready(ctx context.Context) (wire.Ready, error) {
	if v.restore != nil {
		if err := v.runs(ctx); err != nil {
			return wire.Ready{}, err
		}
		v.ready = v.restore.ready
		v.port = &port{r: v.toHost, w: v.toGuest}
		if v.ready.Transport == wire.TransportISA {
			v.port = &port{r: v.serial, w: v.serial}
		}
		return v.ready, nil
	}
	type greeting struct {
		ready wire.Ready
		port  *port
		err   error
	}
	first := make(chan greeting, 2)
	for _, p := range []*port{{r: v.toHost, w: v.toGuest}, {r: v.serial, w: v.serial}} {
		v.wg.Go(func() {
			ready, err := wire.ReadReady(p.r)
			first <- greeting{ready, p, err}
		})
	}
	if v.watched != nil {
		defer v.watched()
	}
	var errs []error
	for range 2 {
		select {
		case <-v.still:
			return wire.Ready{}, fmt.Errorf("wait for the agent: %w (%s)", errHalted, v.progress())
		case h := <-first:
			if h.err == nil {
				// The line that it came on counts, not what it says.
				v.port, v.ready = h.port, h.ready
				v.ready.Transport = wire.TransportVirtio
				if h.port.r == v.serial {
					v.ready.Transport = wire.TransportISA
				}
				return v.ready, nil
			}
			errs = append(errs, h.err)
		case <-ctx.Done():
			return wire.Ready{}, fmt.Errorf("wait for the agent: %w (%s)", ctx.Err(), v.progress())
		}
	}
	// Both ports closed: QEMU is going.
	return wire.Ready{}, fmt.Errorf("the guest ended before its agent was ready (%s): %w", v.progress(), errs[0])
}

// progress says how far a guest came, by its console.
func (v *VM) progress() string {
	text := strings.TrimSpace(v.console.Tail())
	if !strings.Contains(text, "[    0.") && !strings.Contains(text, "] ") {
		return "the kernel printed nothing"
	}
	last := text[strings.LastIndexByte(text, '\n')+1:]
	return "its last line: " + printable.Line(strings.TrimSpace(last), 200)
}

// Line returns the connection to the agent, the one that it greeted on. [VM.Ready] must
// have returned; [VM.Stop] closes it.
func (v *VM) Line() net.Conn { return v.port }
