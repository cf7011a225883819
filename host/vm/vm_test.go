package vm

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"gotest.tools/v3/golden"

	"kmatrix/guest/wire"
	"kmatrix/matrix"
)

func TestArgs(t *testing.T) {
	for name, c := range map[string]Config{
		"bare": {Kernel: "vmlinux", Initrd: "init.cpio", Bare: true},
		"full": {
			Kernel: "/k/bzImage", Initrd: "/k/initramfs.cpio", Append: []string{"slub_debug=FZP"},
			Machine: matrix.Machine{MemoryMiB: 1024, CPUs: 2, Accel: matrix.AccelKVM, CPU: "host"},
			Disks:   []Disk{{Path: "/d/a,b.img", Serial: "xfs"}, {Path: "/d/ext4.img", Serial: "ext4"}},
		},
		"restored": {Kernel: "vmlinux", Initrd: "init.cpio", Restore: &Snapshot{}},
		"icount": {
			Kernel: "vmlinux", Initrd: "init.cpio",
			Machine: matrix.Machine{CPU: "max,-erms,-fsrm", Clock: matrix.ClockIcount},
		},
	} {
		t.Run(name, func(t *testing.T) {
			got := strings.Join(Args(c), "\n") + "\n"
			golden.Assert(t, got, name+".args")
		})
	}
}

func TestConsoleIsCappedAndKeepsItsEnd(t *testing.T) {
	var log bytes.Buffer
	c := &console{log: &log}
	line := strings.Repeat("x", 1023) + "\n"
	for range MaxConsole/1024 + 200 {
		c.Write([]byte(line))
	}
	c.Write([]byte("Kernel panic - not syncing: end"))
	if err := c.close(); err != nil {
		t.Fatal(err)
	}
	if n := log.Len(); n > MaxConsole+MaxTail+1000 {
		t.Errorf("the log has %d bytes", n)
	}
	if !strings.HasSuffix(log.String(), "not syncing: end") || !strings.Contains(log.String(), "bytes are left out here") {
		t.Errorf("the log ends in %q", log.String()[log.Len()-200:])
	}
	if len(c.Tail()) != MaxTail || !strings.HasSuffix(c.Tail(), "not syncing: end") {
		t.Errorf("the tail has %d bytes", len(c.Tail()))
	}
}

func TestAConsoleOfLastWords(t *testing.T) {
	for limit, want := range map[int64]string{4: "\x1b[0m[", LastWords: "\n[kmatrix"} {
		var log bytes.Buffer
		c := &console{log: &log, limit: limit}
		c.Write([]byte("\x1b[0m[    0.0] Linux\n[    0.1] Kernel panic - not syncing: end"))
		if err := c.close(); err != nil || !strings.HasPrefix(log.String(), want[:4]) || !strings.HasSuffix(log.String(), "not syncing: end") || !strings.Contains(log.String(), "left out") {
			t.Errorf("with a limit of %d the log is %q (%v)", limit, log.String(), err)
		}
	}
}

type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, errors.New("no space left on device") }

func TestAFullDiskDoesNotStallTheConsole(t *testing.T) {
	c := &console{log: fullDisk{}}
	if n, err := c.Write([]byte("text")); n != 4 || err != nil {
		t.Errorf("Write() = %d, %v", n, err)
	}
	if err := c.close(); err == nil || c.Tail() != "text" {
		t.Errorf("close() = %v with the tail %q", err, c.Tail())
	}
}

// connPair returns both ends of a socket pair.
func connPair(t *testing.T) (ours, theirs net.Conn) {
	t.Helper()
	ours, file, err := socketPair()
	if err != nil {
		t.Fatal(err)
	}
	theirs, err = net.FileConn(file)
	if err != nil {
		t.Fatal(err)
	}
	file.Close()
	t.Cleanup(func() { ours.Close(); theirs.Close() })
	return ours, theirs
}

// pairs makes a VM without a QEMU, and returns the guest's ends.
func pairs(t *testing.T) (v *VM, virtio, serial *port) {
	v, virtio, serial = &VM{}, &port{}, &port{}
	v.toGuest, virtio.r = connPair(t)
	v.toHost, virtio.w = connPair(t)
	v.serial, serial.r = connPair(t)
	serial.w = serial.r
	return v, virtio, serial
}

func TestReadyTakesTheLineThatTheAgentUses(t *testing.T) {
	for _, transport := range []string{wire.TransportVirtio, wire.TransportISA} {
		v, virtio, serial := pairs(t)
		line := map[string]*port{wire.TransportVirtio: virtio, wire.TransportISA: serial}[transport]
		go wire.WriteReady(line, wire.Ready{Protocol: wire.Protocol, Transport: transport})
		ready, err := v.Ready(t.Context())
		if err != nil || ready.Transport != transport {
			t.Errorf("%s: Ready() = %+v, %v", transport, ready, err)
		}
		want := map[string]net.Conn{wire.TransportVirtio: v.toGuest, wire.TransportISA: v.serial}[transport]
		if v.port == nil || v.port.w != want {
			t.Errorf("%s: the host answers on another line", transport)
		}
		v.closeAll()
		v.wg.Wait()
	}
}

// TestTheDeadlineOfALineEndsBothDirections has a guest that neither sends nor reads.
func TestTheDeadlineOfALineEndsBothDirections(t *testing.T) {
	v, virtio, _ := pairs(t)
	go wire.WriteReady(virtio, wire.Ready{Protocol: wire.Protocol})
	if _, err := v.Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	line := v.Line()
	if err := line.SetDeadline(time.Now().Add(10 * time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	if _, err := line.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("Read() = %v", err)
	}
	if _, err := line.Write(make([]byte, 16<<20)); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("Write() = %v", err)
	}
	v.closeAll()
	v.wg.Wait()
}

func TestAGuestThatNeverSpeaks(t *testing.T) {
	v, _, _ := pairs(t)
	v.console.Write([]byte("[    0.000000] Linux version 6.1\n[    0.500000] waiting for root device\n"))
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	_, err := v.Ready(ctx)
	if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "waiting for root device") {
		t.Errorf("Ready() = %v", err)
	}
	v.closeAll()
	v.wg.Wait()
}

func TestNoQEMU(t *testing.T) {
	if _, err := Version(t.Context(), "kmatrix-no-such-qemu"); err == nil || !strings.Contains(err.Error(), "make setup") {
		t.Errorf("Version() = %v", err)
	}
	if _, err := Start(t.Context(), Config{QEMU: "kmatrix-no-such-qemu", Kernel: "x"}, nil); err == nil {
		t.Error("Start() found it")
	}
	if v, err := Version(t.Context(), "echo"); err == nil {
		t.Errorf("echo is QEMU %s", v)
	}
}

// TestWhatWasPrintedIsThere asks for what was printed while nobody or somebody reads.
func TestWhatWasPrintedIsThere(t *testing.T) {
	for _, read := range []bool{false, true} {
		ours, theirs, err := socketPair()
		if err != nil {
			t.Fatal(err)
		}
		v := &VM{consoleConn: ours, consoleDone: make(chan struct{})}
		if read {
			go v.readConsole()
		} else {
			close(v.consoleDone)
		}
		var want strings.Builder
		for i := range 200 {
			line := fmt.Sprintf("line %d\n", i)
			if _, err := theirs.WriteString(line); err != nil {
				t.Fatal(err)
			}
			want.WriteString(line)
			if tail, printed := v.Printed(); tail != want.String() || printed != int64(want.Len()) {
				t.Fatalf("read %v: %d bytes, %q after %q", read, printed, tail, line)
			}
		}
		theirs.Close()
		if read {
			<-v.consoleDone
		}
		ours.Close()
		if tail, _ := v.Printed(); tail != want.String() {
			t.Errorf("read %v: after its end %q", read, tail)
		}
	}
}
