package client

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"fmt"
	"io"
	"net"
	"time"

	"golang.org/x/crypto/ssh"

	"kmatrix/guest/wire"
)

// keyPair is made for one session of a guest.
type keyPair struct {
	private []byte // in OpenSSH's PEM format
	signer  ssh.Signer
}

func newKeyPair() (keyPair, error) {
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return keyPair{}, fmt.Errorf("make a key: %w", err)
	}
	block, err := ssh.MarshalPrivateKey(private, "")
	if err != nil {
		return keyPair{}, fmt.Errorf("encode a key: %w", err)
	}
	signer, err := ssh.NewSignerFromKey(private)
	if err != nil {
		return keyPair{}, fmt.Errorf("use a key: %w", err)
	}
	return keyPair{private: pem.EncodeToMemory(block), signer: signer}, nil
}

// Login gives the guest what is this session's own, keys, time and entropy, and
// opens the SSH connection over line: the host takes the one host key that it has just
// sent, and the guest the one client key. The agent must have said on line that it is
// ready, and boot is the boot that it named. The guest's end closes line.
func Login(ctx context.Context, line net.Conn, boot string) (*Guest, error) {
	hostKey, err := newKeyPair()
	if err != nil {
		return nil, err
	}
	clientKey, err := newKeyPair()
	if err != nil {
		return nil, err
	}
	session := wire.Session{
		Protocol: wire.Protocol, Boot: boot, HostKey: hostKey.private, ClientKey: clientKey.signer.PublicKey().Marshal(),
		Entropy: make([]byte, wire.EntropyBytes),
	}
	if _, err := io.ReadFull(rand.Reader, session.Entropy); err != nil {
		return nil, fmt.Errorf("gather entropy: %w", err)
	}
	stop := context.AfterFunc(ctx, func() { _ = line.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	session.Time = time.Now()
	if err := wire.WriteFrame(line, session); err != nil {
		return nil, fmt.Errorf("log in: %w", err)
	}
	return dial(ctx, line, hostKey.signer.PublicKey(), clientKey.signer)
}

// dial does SSH's handshake over line.
func dial(ctx context.Context, line net.Conn, want ssh.PublicKey, client ssh.Signer) (*Guest, error) {
	config := &ssh.ClientConfig{
		User:            wire.User,
		Auth:            []ssh.AuthMethod{ssh.PublicKeys(client)},
		HostKeyCallback: ssh.FixedHostKey(want),
		// The guest's CPU is emulated: the cheapest of the good ones.
		Config: ssh.Config{KeyExchanges: []string{ssh.KeyExchangeCurve25519}, Ciphers: []string{ssh.CipherAES128GCM}},
	}
	conn, channels, requests, err := ssh.NewClientConn(line, "guest", config)
	if err != nil {
		if ctx.Err() != nil {
			err = ctx.Err()
		}
		return nil, fmt.Errorf("log in: %w", err)
	}
	return &Guest{client: ssh.NewClient(conn, channels, requests)}, nil
}

// Prepare has the agent do what clones of the guest need not do then, and waits
// for its Ready. needs are those of the probes that the clones will be asked; line and
// boot are as for [Login], which is for later.
func Prepare(ctx context.Context, line net.Conn, boot string, needs []string) error {
	stop := context.AfterFunc(ctx, func() { _ = line.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	frame := wire.Session{Protocol: wire.Protocol, Boot: boot, Prepare: &wire.Preparation{Needs: needs}}
	if err := wire.WriteFrame(line, frame); err != nil {
		return fmt.Errorf("prepare it: %w", err)
	}
	again, err := wire.ReadReady(line)
	if err == nil && again.Boot != boot {
		err = fmt.Errorf("it was the boot %q and is %q", boot, again.Boot)
	}
	if ctx.Err() != nil {
		err = ctx.Err()
	}
	if err != nil {
		return fmt.Errorf("prepare it: %w", err)
	}
	return nil
}
