package vm

import (
	"bytes"
	"io"
	"net"
	"testing"
	"time"

	"kmatrix/guest/wire"
)

// echoPorts serves two ports; guest's ends are returned. ended is closed when
// they are served no more.
func echoPorts(t *testing.T) (data, control net.Conn, ended <-chan struct{}) {
	t.Helper()
	var ours, theirs [2]net.Conn
	for i := range ours {
		conn, file, err := socketPair()
		if err != nil {
			t.Fatal(err)
		}
		if i == 0 {
			if err := shrink(file); err != nil {
				t.Fatal(err)
			}
		}
		ours[i] = conn
		if theirs[i], err = net.FileConn(file); err != nil {
			t.Fatal(err)
		}
		file.Close()
		t.Cleanup(func() { ours[i].Close(); theirs[i].Close() })
	}
	done := make(chan struct{})
	go func() { defer close(done); serveEcho(ours[0], ours[1]) }()
	return theirs[0], theirs[1], done
}

// ask sends a request and reads its answer.
func ask(t *testing.T, control net.Conn, number, size uint64) []byte {
	t.Helper()
	if _, err := control.Write(wire.EchoHeader{Number: number, Size: size}.Append(nil)); err != nil {
		t.Fatal(err)
	}
	h, err := wire.ReadEchoHeader(control)
	if err != nil || h.Number != number {
		t.Fatalf("answered %+v to %d (%v)", h, number, err)
	}
	if h.Left > 8<<10 {
		t.Errorf("%d bytes had come before they were asked for", h.Left)
	}
	b := make([]byte, h.Size)
	if _, err := io.ReadFull(control, b); err != nil {
		t.Fatal(err)
	}
	return b
}

func TestTheProbesPortIsReadWhenTheGuestAsks(t *testing.T) {
	data, control, _ := echoPorts(t)
	sent := bytes.Repeat([]byte("0123456789abcdef"), 4<<10)
	// Nobody reads: of 64 KiB a buffer's worth goes, the rest waits here.
	if err := data.SetWriteDeadline(time.Now().Add(100 * time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	n, err := data.Write(sent)
	if err == nil || n > len(sent)/4 {
		t.Fatalf("%d of %d bytes went before the guest asked (%v)", n, len(sent), err)
	}
	if err := data.SetWriteDeadline(time.Time{}); err != nil {
		t.Fatal(err)
	}
	go data.Write(sent[n:])
	if got := ask(t, control, 7, uint64(len(sent))); !bytes.Equal(got, sent) {
		t.Errorf("%d bytes came back of %d, or others", len(got), len(sent))
	}
	// What nobody asked for goes.
	if _, err := data.Write([]byte("stale")); err != nil {
		t.Fatal(err)
	}
	if got := ask(t, control, 8, 0); len(got) != 0 {
		t.Errorf("%q came back of what was to be dropped", got)
	}
	go data.Write([]byte("fresh"))
	if got := ask(t, control, 9, 5); string(got) != "fresh" {
		t.Errorf("%q came back, want fresh", got)
	}
}

func TestAGuestThatAsksForTooMuchIsServedNoMore(t *testing.T) {
	_, control, ended := echoPorts(t)
	if _, err := control.Write(wire.EchoHeader{Number: 1, Size: wire.MaxEcho + 1}.Append(nil)); err != nil {
		t.Fatal(err)
	}
	select {
	case <-ended:
	case <-time.After(5 * time.Second):
		t.Error("it is still served")
	}
}
