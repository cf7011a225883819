package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"sync"

	"golang.org/x/crypto/ssh"

	"kmatrix/guest/program"
	"kmatrix/guest/wire"
	"kmatrix/matrix"
)

// agent serves one connection. All fields must be set.
type agent struct {
	// runner runs the programs of external probes.
	runner program.Runner
	// workerPath is what a worker process executes.
	workerPath string
	// programs are those of external probes, by the probes' names.
	programs map[string]matrix.Installed
	facts    facts
	// mount mounts the file systems that are needed, of those that probes use.
	mount func(needed func(name string) bool) fileSystems
	// scratch makes a directory for an external probe, see [mounter.scratch].
	scratch func(wire.Scratch) (dir string, release func(), err error)
	// modules are those that are loaded, and why others are not.
	modules func() (loaded []string, failed map[string]string)

	// running is held by the command that has the worker.
	running sync.Mutex
	// waited is the probe that it runs.
	waited waited
	worker *worker
}

// errRefused is the answer to a login that is not the session's host.
var errRefused = errors.New("this guest takes one user with one key")

// serve answers the host until the connection ends or the host asks to power
// off. The end of the connection is no error.
func (a *agent) serve(conn net.Conn, session wire.Session) error {
	config := &ssh.ServerConfig{
		Config:       ssh.Config{KeyExchanges: []string{ssh.KeyExchangeCurve25519}, Ciphers: []string{ssh.CipherAES128GCM}},
		MaxAuthTries: 1,
		PublicKeyCallback: func(c ssh.ConnMetadata, key ssh.PublicKey) (*ssh.Permissions, error) {
			if c.User() != wire.User || !bytes.Equal(key.Marshal(), session.ClientKey) {
				return nil, errRefused
			}
			return nil, nil
		},
	}
	signer, err := ssh.ParsePrivateKey(session.HostKey)
	if err != nil {
		return fmt.Errorf("use the host key: %w", err)
	}
	config.AddHostKey(signer)
	server, channels, requests, err := ssh.NewServerConn(conn, config)
	if err != nil {
		return fmt.Errorf("serve SSH: %w", err)
	}
	defer server.Close() //nolint:errcheck // the host may have closed it
	go ssh.DiscardRequests(requests)
	off := make(chan struct{})
	var once sync.Once
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for c := range channels {
			if c.ChannelType() != "session" {
				_ = c.Reject(ssh.UnknownChannelType, "only sessions") // the host hears or is gone
				continue
			}
			channel, reqs, err := c.Accept()
			if err != nil {
				return
			}
			go a.session(channel, reqs, func() { once.Do(func() { close(off) }) })
		}
	}()
	select {
	case <-off:
	case <-ended:
	}
	return nil
}

// session serves one channel: at most a terminal's size, then one command.
func (a *agent) session(channel ssh.Channel, reqs <-chan *ssh.Request, off func()) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var (
		term    *terminal
		started bool
	)
	for req := range reqs {
		ok := false
		switch req.Type {
		case "pty-req":
			if t, err := parseTerminal(req.Payload); err == nil && !started {
				term, ok = t, true
			}
		case "window-change":
			if term != nil {
				ok = term.resize(req.Payload) == nil
			}
		case wire.RequestOverdue:
			var over wire.Overdue
			ok = ssh.Unmarshal(req.Payload, &over) == nil && a.waited.giveUp(over.Probe)
		case "exec":
			var command struct{ Text string }
			if !started && ssh.Unmarshal(req.Payload, &command) == nil {
				started, ok = true, true
				go func() {
					a.command(ctx, channel, command.Text, term, off)
					_ = channel.Close() // the host may have
				}()
			}
		}
		if req.WantReply {
			_ = req.Reply(ok, nil) // the host hears or is gone
		}
	}
}

// command runs one command and reports its status.
func (a *agent) command(ctx context.Context, channel ssh.Channel, text string, term *terminal, off func()) {
	var err error
	switch text {
	case wire.CommandHello:
		err = a.hello(channel)
	case wire.CommandRun:
		err = a.run(ctx, channel, channel)
	case wire.CommandShell:
		err = a.shell(ctx, channel, term)
	case wire.CommandPoweroff:
		defer off()
	default:
		err = fmt.Errorf("there is no command %q", text)
	}
	status := struct{ Code uint32 }{}
	if err != nil {
		status.Code = 1
		_, _ = fmt.Fprintf(channel.Stderr(), "%v\n", err) // the host hears or is gone
	}
	_, _ = channel.SendRequest("exit-status", false, ssh.Marshal(status)) // likewise
}
