package client

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"kmatrix/guest/wire"
)

// connPair returns both ends of a connection to a guest.
func connPair(t *testing.T) (ours, theirs net.Conn) {
	t.Helper()
	fds, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	var ends [2]net.Conn
	for i, fd := range fds {
		file := os.NewFile(uintptr(fd), "socketpair")
		if ends[i], err = net.FileConn(file); err != nil {
			t.Fatal(err)
		}
		file.Close()
		t.Cleanup(func() { ends[i].Close() })
	}
	return ends[0], ends[1]
}

// fakeAgent answers a login and one command as the real one does; key may
// replace the host key that it was sent.
func fakeAgent(t *testing.T, line net.Conn, key ssh.Signer, serve func(command string, c ssh.Channel)) {
	var session wire.Session
	if err := wire.ReadFrame(line, &session); err != nil {
		t.Error(err)
		return
	}
	if len(session.Entropy) < wire.EntropyBytes || time.Since(session.Time) > time.Minute {
		t.Errorf("a session with %d bytes of entropy at %s", len(session.Entropy), session.Time)
	}
	config := &ssh.ServerConfig{PublicKeyCallback: func(c ssh.ConnMetadata, k ssh.PublicKey) (*ssh.Permissions, error) {
		if c.User() != wire.User || !bytes.Equal(k.Marshal(), session.ClientKey) {
			return nil, errors.New("refused")
		}
		return nil, nil
	}}
	if key == nil {
		var err error
		if key, err = ssh.ParsePrivateKey(session.HostKey); err != nil {
			t.Error(err)
			return
		}
	}
	config.AddHostKey(key)
	_, channels, reqs, err := ssh.NewServerConn(line, config)
	if err != nil {
		return // the host's side of it is asserted
	}
	go ssh.DiscardRequests(reqs)
	for c := range channels {
		channel, reqs, err := c.Accept()
		if err != nil {
			return
		}
		for req := range reqs {
			var command struct{ Text string }
			if ssh.Unmarshal(req.Payload, &command) != nil || req.Type != "exec" {
				req.Reply(false, nil)
				continue
			}
			req.Reply(true, nil)
			serve(command.Text, channel)
			channel.SendRequest("exit-status", false, []byte{0, 0, 0, 0})
			channel.Close()
		}
	}
}

func TestLoginAndHello(t *testing.T) {
	ours, line := connPair(t)
	go fakeAgent(t, line, nil, func(_ string, c ssh.Channel) {
		io.WriteString(c, `{"version":"Linux \u001b[31m","release":"6.1","mounted":["xfs"]}`)
	})
	g, err := Login(t.Context(), ours, "b")
	if err != nil {
		t.Fatal(err)
	}
	hello, err := g.Hello(t.Context())
	if err != nil || hello.Version != "Linux ·[31m" || hello.Release != "6.1" {
		t.Errorf("Hello() = %+v, %v", hello, err)
	}
}

func TestAnotherHostKeyIsRefused(t *testing.T) {
	other, err := newKeyPair()
	if err != nil {
		t.Fatal(err)
	}
	ours, line := connPair(t)
	go fakeAgent(t, line, other.signer, nil)
	if _, err := Login(t.Context(), ours, "b"); err == nil || !strings.Contains(err.Error(), "host key mismatch") {
		t.Errorf("Login() = %v", err)
	}
}

func TestRunNeedsDone(t *testing.T) {
	for name, test := range map[string]struct {
		stream string
		want   error
	}{
		"whole":   {`{"type":"start","probe":"p"}` + "\n" + `{"type":"done"}` + "\n", nil},
		"no done": {`{"type":"start","probe":"p"}` + "\n", wire.ErrNoDone},
	} {
		ours, line := connPair(t)
		go fakeAgent(t, line, nil, func(_ string, c ssh.Channel) {
			io.Copy(io.Discard, c)
			io.WriteString(c, test.stream)
		})
		g, err := Login(t.Context(), ours, "b")
		if err != nil {
			t.Fatal(err)
		}
		events := 0
		err = g.Run(t.Context(), wire.Request{Probes: []string{"p"}}, func(wire.Event) { events++ })
		if !errors.Is(err, test.want) || events == 0 {
			t.Errorf("%s: Run() = %v after %d events, want %v", name, err, events, test.want)
		}
	}
}

// TestAGuestThatIsSilentHoldsNobodyUp logs in, and then answers nothing.
func TestAGuestThatIsSilentHoldsNobodyUp(t *testing.T) {
	silent := make(chan struct{})
	t.Cleanup(func() { close(silent) })
	ours, line := connPair(t)
	go fakeAgent(t, line, nil, func(string, ssh.Channel) { <-silent })
	g, err := Login(t.Context(), ours, "b")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := g.Hello(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Hello() = %v", err)
	}
}

// TestPrepareTakesTheSameBootsReadyAlone has agents that answer to it in each way.
func TestPrepareTakesTheSameBootsReadyAlone(t *testing.T) {
	for name, test := range map[string]struct {
		answer func(net.Conn)
		want   string
	}{
		"the same boot": {func(c net.Conn) { wire.WriteReady(c, wire.Ready{Protocol: wire.Protocol, Boot: "b"}) }, ""},
		"another boot":  {func(c net.Conn) { wire.WriteReady(c, wire.Ready{Protocol: wire.Protocol, Boot: "c"}) }, `it was the boot "b" and is "c"`},
		"its end":       {func(c net.Conn) { c.Close() }, "prepare it: "},
		"silence":       {func(net.Conn) {}, context.DeadlineExceeded.Error()},
	} {
		t.Run(name, func(t *testing.T) {
			ours, line := connPair(t)
			got := make(chan wire.Session, 1)
			go func() {
				var session wire.Session
				if err := wire.ReadFrame(line, &session); err != nil {
					t.Error(err)
				}
				got <- session
				test.answer(line)
			}()
			ctx := t.Context()
			if name == "silence" {
				limited, cancel := context.WithTimeout(ctx, 50*time.Millisecond)
				defer cancel()
				ctx = limited
			}
			err := Prepare(ctx, ours, "b", []string{"xfs"})
			if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
				t.Errorf("Prepare() = %v, want %q", err, test.want)
			}
			session := <-got
			if session.Boot != "b" || session.Prepare == nil || strings.Join(session.Prepare.Needs, " ") != "xfs" || len(session.HostKey) > 0 || len(session.Entropy) > 0 {
				t.Errorf("the agent was sent %+v", session)
			}
		})
	}
}
