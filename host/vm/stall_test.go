package vm

import (
	"bufio"
	"fmt"
	"net"
	"testing"
	"time"
)

// TestAFullDiskOfTheHostsIsNotTheGuests has a control channel tell that QEMU stopped
// the guest whose disk it cannot write, after an error that it left to the guest.
func TestAFullDiskOfTheHostsIsNotTheGuests(t *testing.T) {
	m, listening, err := newMonitor(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.FileListener(listening)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	listening.Close()
	stalled := make(chan string, 2)
	m.onStall = func() { stalled <- m.stall() }
	m.serve()
	conn, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprintln(conn, `{"QMP": {"version": {"qemu": {"micro": 22, "minor": 2, "major": 7}, "package": ""}, "capabilities": []}}`)
	if !bufio.NewScanner(conn).Scan() {
		t.Fatal("no capabilities are negotiated")
	}
	fmt.Fprintln(conn, `{"return": {}}`)
	tell := func(action string) {
		fmt.Fprintf(conn, `{"timestamp": {"seconds": 1, "microseconds": 0}, "event": "BLOCK_IO_ERROR", "data": {"device": "disk0", "operation": "write", "action": %q, "nospace": true, "reason": "No space left on device"}}`+"\n", action)
	}
	why := ""
	for why == "" { // an event that nobody listens for yet is lost
		tell("report")
		tell("stop")
		select {
		case why = <-stalled:
		case <-time.After(10 * time.Millisecond):
		}
	}
	if why != "No space left on device" {
		t.Errorf("it was stopped for %q", why)
	}
	conn.Close()
	events := m.close()
	if len(events) == 0 || events[0].Name != eventDisk || len(stalled) > 0 {
		t.Errorf("it told %d times more, of the events %v", len(stalled), events)
	}
}
