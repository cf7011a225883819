// Command hostile is PID 1 of a guest that harms the host in whichever way it can,
// for TestAHostileGuest. It greets and logs in as the agent does; the first of the
// probes that it is asked names, by its place in the whole list, what it does then.
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"golang.org/x/crypto/ssh"
	"golang.org/x/sys/unix"

	"kmatrix/guest/wire"
	"kmatrix/matrix"
)

// Escapes and markup, which go into every text.
const poison = "\x1b[31m\u009b2J\u202e\x1b]0;owned\x07<script>alert(1)</script>\r"

func main() {
	for _, m := range []string{"devtmpfs /dev", "proc /proc", "sysfs /sys"} {
		kind, dir, _ := strings.Cut(m, " ")
		_ = unix.Mount(kind, dir, kind, 0, "")
	}
	if list, err := os.Open("/etc/kmatrix/modules"); err == nil {
		for s := bufio.NewScanner(list); s.Scan(); {
			_, file, _ := strings.Cut(s.Text(), " ")
			if fd, err := unix.Open(file, unix.O_RDONLY, 0); err == nil {
				_ = unix.FinitModule(fd, "", 0)
			}
		}
	}
	err := live()
	console(fmt.Sprintf("hostile: %v\n", err))
	_ = unix.Reboot(unix.LINUX_REBOOT_CMD_POWER_OFF)
	select {}
}

func console(text string) {
	if f, err := os.OpenFile("/dev/console", os.O_WRONLY, 0); err == nil {
		_, _ = io.WriteString(f, text)
		_ = f.Close()
	}
}

// line is the agent's two ports, with blocking calls.
type line struct{ in, out int }

func (l line) Read(b []byte) (int, error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	n, err := unix.Read(l.in, b)
	if err == nil && n == 0 {
		err = io.EOF
	}
	return max(n, 0), err
}

func (l line) Write(b []byte) (int, error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	for at := 0; at < len(b); {
		n, err := unix.Write(l.out, b[at:])
		if err != nil && err != unix.EINTR {
			return at, err
		}
		at += max(n, 0)
	}
	return len(b), nil
}

func (line) Close() error                     { return nil }
func (line) LocalAddr() net.Addr              { return &net.UnixAddr{} }
func (line) RemoteAddr() net.Addr             { return &net.UnixAddr{} }
func (line) SetDeadline(time.Time) error      { return nil }
func (line) SetReadDeadline(time.Time) error  { return nil }
func (line) SetWriteDeadline(time.Time) error { return nil }

// port opens the virtio port of a name.
func port(name string, flags int) (int, error) {
	for range 500 {
		files, _ := filepath.Glob("/sys/class/virtio-ports/*/name")
		for _, f := range files {
			if text, err := os.ReadFile(f); err == nil && strings.TrimSpace(string(text)) == name {
				return unix.Open("/dev/"+filepath.Base(filepath.Dir(f)), flags, 0)
			}
		}
		time.Sleep(10 * time.Millisecond)
	}
	return -1, fmt.Errorf("there is no port %s", name)
}

// live greets, logs in, and serves.
func live() error {
	in, err := port(wire.PortToGuest, unix.O_RDONLY)
	if err != nil {
		return err
	}
	out, err := port(wire.PortToHost, unix.O_WRONLY)
	if err != nil {
		return err
	}
	l := line{in, out}
	id, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return err
	}
	if err := wire.WriteReady(l, wire.Ready{Protocol: wire.Protocol, Transport: poison, Uptime: 1, Boot: strings.TrimSpace(string(id))}); err != nil {
		return err
	}
	var session wire.Session
	if err := wire.ReadFrame(l, &session); err != nil {
		return err
	}
	words, err := os.ReadFile("/proc/cmdline")
	if err != nil {
		return err
	}
	if bytes.Contains(words, []byte("hostile=stalls")) {
		_, _ = io.WriteString(l, "SSH-2.0-x\r\n")
		select {}
	}
	key, err := ssh.ParsePrivateKey(session.HostKey)
	if err != nil {
		return err
	}
	config := &ssh.ServerConfig{NoClientAuth: true, PublicKeyCallback: func(ssh.ConnMetadata, ssh.PublicKey) (*ssh.Permissions, error) { return nil, nil }}
	config.AddHostKey(key)
	conn, channels, requests, err := ssh.NewServerConn(l, config)
	if err != nil {
		return err
	}
	go ssh.DiscardRequests(requests)
	for one := range channels {
		ch, requests, err := one.Accept()
		if err != nil {
			return err
		}
		for r := range requests {
			var command struct{ Text string }
			if r.Type != "exec" || ssh.Unmarshal(r.Payload, &command) != nil {
				continue
			}
			_ = r.Reply(true, nil)
			if command.Text == wire.CommandHello {
				hello(ch)
				break
			}
			serve(conn, ch)
		}
	}
	return nil
}

// hello says more than fits, and all of it poisoned.
func hello(ch ssh.Channel) {
	h := matrix.Hello{Version: poison, Release: "6.1.0" + poison, Cmdline: strings.Repeat(poison, 50), MemoryMiB: -1, BootSeconds: -1e300, Refused: map[string]string{poison: poison}}
	for range 300 {
		h.Mounted, h.Modules = append(h.Mounted, poison), append(h.Modules, "../../"+poison)
	}
	_ = json.NewEncoder(ch).Encode(h)
	_, _ = ch.SendRequest("exit-status", false, make([]byte, 4))
	_ = ch.Close()
}

// serve answers a request as its first probe asks for.
func serve(conn ssh.Conn, ch ssh.Channel) {
	var req wire.Request
	if err := json.NewDecoder(ch).Decode(&req); err != nil {
		return
	}
	say := func(events ...wire.Event) {
		for _, ev := range events {
			_ = json.NewEncoder(ch).Encode(ev)
		}
	}
	own := req.Probes[0]
	say(wire.Event{Type: wire.EventStart, Probe: own})
	// Whatever follows: answers for others, which were not asked for by now.
	for _, name := range append(req.Probes[1:], "../../../etc/passwd", poison) {
		say(wire.Event{Type: wire.EventStart, Probe: name}, wire.Event{Type: wire.EventAnswer, Probe: name, Answer: &wire.Answer{Status: wire.StatusOK, Finding: matrix.Finding{Observation: &matrix.Observation{Class: matrix.Torn, Bytes: 1, Other: 1}}}})
	}
	switch own[strings.LastIndex(own, "/")+1:] {
	case "escapes":
		say(wire.Event{Type: wire.EventAnswer, Probe: own, Answer: &wire.Answer{Status: wire.StatusError, Detail: strings.Repeat(poison, 1000)}})
	case "nested":
		_, _ = io.WriteString(ch, strings.Repeat(`{"answer":[`, 50_000)+"\n")
	case "panic":
		console("[    9.000000] Kernel panic - not syncing: forged " + poison + "\n")
		time.Sleep(100 * time.Millisecond)
	case "channels":
		_, _ = ch.SendRequest("exit-status", false, nil)
		for {
			_, _ = ch.SendRequest(poison, false, make([]byte, 30_000))
			go conn.OpenChannel("session", make([]byte, 10_000))
		}
	case "floods":
		go func() {
			for {
				console(strings.Repeat(poison, 100) + "\n")
			}
		}()
		for {
			say(wire.Event{Type: wire.EventOutput, Probe: own, Output: bytes.Repeat([]byte("<\x1b"), wire.MaxPart/2)}, wire.Event{Type: wire.EventStart, Probe: own})
		}
	}
	_ = unix.Reboot(unix.LINUX_REBOOT_CMD_POWER_OFF)
}
