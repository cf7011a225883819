package client

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"kmatrix/guest/wire"
)

// hostileAgent does SSH's handshake as it should, and then as serve likes.
func hostileAgent(t *testing.T, line net.Conn, serve func(<-chan ssh.NewChannel)) {
	var session wire.Session
	if err := wire.ReadFrame(line, &session); err != nil {
		t.Error(err)
		return
	}
	key, err := ssh.ParsePrivateKey(session.HostKey)
	if err != nil {
		t.Error(err)
		return
	}
	config := &ssh.ServerConfig{NoClientAuth: true}
	config.AddHostKey(key)
	_, channels, requests, err := ssh.NewServerConn(line, config)
	if err != nil {
		t.Error(err)
		return
	}
	go ssh.DiscardRequests(requests)
	serve(channels)
}

// TestNoGuestHoldsACall has guests that stop answering at each point of a call: the
// call ends with its context all the same, and nothing of it is left.
func TestNoGuestHoldsACall(t *testing.T) {
	forever := make(chan struct{})
	t.Cleanup(func() { close(forever) })
	accept := func(c <-chan ssh.NewChannel, then func(ssh.Channel, <-chan *ssh.Request)) {
		for one := range c {
			channel, requests, err := one.Accept()
			if err != nil {
				return
			}
			then(channel, requests)
		}
	}
	for name, serve := range map[string]func(<-chan ssh.NewChannel){
		"no channel is confirmed": func(<-chan ssh.NewChannel) { <-forever },
		"no request is answered": func(c <-chan ssh.NewChannel) {
			accept(c, func(ssh.Channel, <-chan *ssh.Request) { <-forever })
		},
		"silence": func(c <-chan ssh.NewChannel) {
			accept(c, func(_ ssh.Channel, requests <-chan *ssh.Request) {
				(<-requests).Reply(true, nil)
				<-forever
			})
		},
		"it never stops": func(c <-chan ssh.NewChannel) {
			accept(c, func(channel ssh.Channel, requests <-chan *ssh.Request) {
				(<-requests).Reply(true, nil)
				for {
					if _, err := io.WriteString(channel, `{"type":"start","probe":"other"}`+"\n"); err != nil {
						return
					}
					if _, err := channel.SendRequest("flood", false, make([]byte, 1000)); err != nil {
						return
					}
				}
			})
		},
		"a request that cannot be": func(c <-chan ssh.NewChannel) {
			accept(c, func(channel ssh.Channel, requests <-chan *ssh.Request) {
				(<-requests).Reply(true, nil)
				for {
					if _, err := channel.SendRequest("exit-status", false, nil); err != nil {
						return
					}
				}
			})
		},
	} {
		t.Run(name, func(t *testing.T) {
			ours, line := connPair(t)
			go hostileAgent(t, line, serve)
			g, err := Login(t.Context(), ours, "b")
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
			defer cancel()
			if err := g.Run(ctx, wire.Request{Probes: []string{"p"}}, func(wire.Event) {}); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("Run() = %v", err)
			}
			// The next one, on whatever is left of the connection.
			if _, err := g.Hello(ctx); err == nil {
				t.Error("Hello() has an answer")
			}
		})
	}
}

// TestNoGuestHoldsTheLogin has guests that stall before and in SSH's handshake.
func TestNoGuestHoldsTheLogin(t *testing.T) {
	for name, serve := range map[string]func(net.Conn){
		"it reads nothing": func(net.Conn) {},
		"a version and no more": func(p net.Conn) {
			io.WriteString(p, "SSH-2.0-x\r\n")
		},
		"banners without an end": func(p net.Conn) {
			for {
				if _, err := io.WriteString(p, "noise\r\n"); err != nil {
					return
				}
			}
		},
		"a huge packet": func(p net.Conn) {
			io.WriteString(p, "SSH-2.0-x\r\n\xff\xff\xff\xff\x04\x14")
		},
	} {
		t.Run(name, func(t *testing.T) {
			ours, line := connPair(t)
			go serve(line)
			ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
			defer cancel()
			if _, err := Login(ctx, ours, "b"); err == nil {
				t.Error("it is logged in")
			}
		})
	}
}

// TestAnAnswerThatCannotBeEndsTheCall has a guest that goes on after one.
func TestAnAnswerThatCannotBeEndsTheCall(t *testing.T) {
	ours, line := connPair(t)
	go hostileAgent(t, line, func(c <-chan ssh.NewChannel) {
		channel, requests, err := (<-c).Accept()
		if err != nil {
			return
		}
		(<-requests).Reply(true, nil)
		for {
			if _, err := io.WriteString(channel, "no event\n"); err != nil {
				return
			}
		}
	})
	g, err := Login(t.Context(), ours, "b")
	if err != nil {
		t.Fatal(err)
	}
	if err := g.Run(t.Context(), wire.Request{Probes: []string{"p"}}, func(wire.Event) {}); err == nil || !strings.Contains(err.Error(), "decode event") {
		t.Errorf("Run() = %v", err)
	}
}
