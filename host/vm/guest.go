package vm

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"sync/atomic"

	"golang.org/x/crypto/ssh"

	"kmatrix/guest/wire"
	"kmatrix/matrix"
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

// Limits of what a hello keeps.
const (
	maxHello = 64 << 10
	maxItems = 256
	maxItem  = 512
	maxCount = 1 << 30
)

// Hello asks the guest what it is. Sizes are capped and texts cleaned.
func (g *Guest) Hello(ctx context.Context) (matrix.Hello, error) {
	var (
		hello matrix.Hello
		out   bytes.Buffer
	)
	if err := g.exec(ctx, wire.CommandHello, nil, func(r io.Reader) error {
		_, err := out.ReadFrom(io.LimitReader(r, maxHello))
		return err
	}); err != nil {
		return hello, fmt.Errorf("hello: %w", err)
	}
	if err := json.Unmarshal(out.Bytes(), &hello); err != nil {
		return hello, fmt.Errorf("hello: %w", err)
	}
	cleanHello(&hello)
	return hello, nil
}

func cleanHello(h *matrix.Hello) {
	for _, s := range []*string{&h.Version, &h.Release, &h.Clocksource, &h.Transport} {
		*s = printable.Line(*s, maxItem)
	}
	h.Cmdline = printable.Line(h.Cmdline, wire.MaxDetail)
	h.MemoryMiB, h.CPUs = max(0, min(h.MemoryMiB, maxCount)), max(0, min(h.CPUs, maxCount))
	h.BootSeconds = max(0, min(h.BootSeconds, maxCount))
	for _, list := range []*[]string{&h.Mounted, &h.Modules} {
		*list = slices.Clone((*list)[:min(len(*list), maxItems)])
		for i := range *list {
			(*list)[i] = printable.Line((*list)[i], maxItem)
		}
	}
	for _, m := range []*map[string]string{&h.Refused, &h.ModuleErrors} {
		clean := map[string]string{}
		for k, v := range *m {
			if len(clean) < maxItems {
				clean[printable.Line(k, maxItem)] = printable.Line(v, maxItem)
			}
		}
		*m = clean
	}
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

// Terminal is the user's side of a shell.
type Terminal struct {
	In            io.Reader
	Out, Err      io.Writer
	Name          string
	Width, Height int
	// Resized receives width and height when they change; may be nil.
	Resized <-chan [2]int
}

// Shell runs an interactive shell to its end.
func (g *Guest) Shell(ctx context.Context, t Terminal) error {
	call, stop := g.until(ctx)
	defer stop()
	if err := g.attach(call, t); err != nil {
		return fmt.Errorf("shell: %w", errors.Join(ctx.Err(), err))
	}
	return nil
}

func (g *Guest) attach(call *call, t Terminal) error {
	ch, err := call.open(g.client)
	if err != nil {
		return err
	}
	if t.Width > 0 {
		pty := struct {
			Term                                  string
			Columns, Rows, WidthPixels, RowPixels uint32
			Modes                                 string
		}{Term: t.Name, Columns: uint32(t.Width), Rows: uint32(t.Height)}
		if ok, err := ch.SendRequest("pty-req", true, ssh.Marshal(pty)); err != nil || !ok {
			return errors.Join(errors.New("the agent gives no terminal"), err)
		}
	}
	if err := call.start(ch, wire.CommandShell, t.In); err != nil {
		return err
	}
	var copied sync.WaitGroup
	copied.Go(func() { _, _ = io.Copy(t.Out, ch) }) // as far as it is wanted
	copied.Go(func() { _, _ = io.Copy(t.Err, ch.Stderr()) })
	for {
		select {
		case size := <-t.Resized:
			window := struct{ Columns, Rows, WidthPixels, RowPixels uint32 }{Columns: uint32(size[0]), Rows: uint32(size[1])}
			if _, err := ch.SendRequest("window-change", false, ssh.Marshal(window)); err != nil {
				return err
			}
		case <-call.ended:
			copied.Wait()
			var status *exitError
			if err := call.wait(); !errors.As(err, &status) {
				return err
			}
			return nil // the shell's last command failed, the shell did not
		}
	}
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
