package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"

	"golang.org/x/crypto/ssh"

	"kmatrix/guest/wire"
)

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
