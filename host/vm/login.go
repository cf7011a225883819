package vm

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"golang.org/x/crypto/ssh"

	"kmatrix/guest/wire"
)

// port is the line to the agent: two virtio ports, one for each direction, or
// one serial line for both. It is the connection that SSH runs over.
type port struct{ r, w net.Conn }

func (p *port) Read(b []byte) (int, error)         { return p.r.Read(b) }
func (p *port) Write(b []byte) (int, error)        { return p.w.Write(b) }
func (p *port) Close() error                       { return errors.Join(p.r.Close(), p.w.Close()) }
func (p *port) LocalAddr() net.Addr                { return p.r.LocalAddr() }
func (p *port) RemoteAddr() net.Addr               { return p.r.RemoteAddr() }
func (p *port) SetReadDeadline(t time.Time) error  { return p.r.SetReadDeadline(t) }
func (p *port) SetWriteDeadline(t time.Time) error { return p.w.SetWriteDeadline(t) }
func (p *port) SetDeadline(t time.Time) error {
	return errors.Join(p.SetReadDeadline(t), p.SetWriteDeadline(t))
}

// keyPair is made for one life of a guest.
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

// Login gives the guest what is this life's own, keys, time and entropy, and
// opens the SSH connection: the host takes the one host key that it has just
// sent, and the guest the one client key. [VM.Ready] must have returned.
func (v *VM) Login(ctx context.Context) (*Guest, error) {
	return login(ctx, v.port, v.ready.Boot)
}

func login(ctx context.Context, p *port, boot string) (*Guest, error) {
	hostKey, err := newKeyPair()
	if err != nil {
		return nil, err
	}
	clientKey, err := newKeyPair()
	if err != nil {
		return nil, err
	}
	life := wire.Life{
		Protocol: wire.Protocol, Boot: boot, HostKey: hostKey.private, ClientKey: clientKey.signer.PublicKey().Marshal(),
		Entropy: make([]byte, wire.EntropyBytes),
	}
	if _, err := io.ReadFull(rand.Reader, life.Entropy); err != nil {
		return nil, fmt.Errorf("gather entropy: %w", err)
	}
	stop := context.AfterFunc(ctx, func() { _ = p.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	life.Time = time.Now()
	if err := wire.WriteFrame(p, life); err != nil {
		return nil, fmt.Errorf("log in: %w", err)
	}
	return dial(ctx, p, hostKey.signer.PublicKey(), clientKey.signer)
}

// dial does SSH's handshake over the port.
func dial(ctx context.Context, p *port, want ssh.PublicKey, client ssh.Signer) (*Guest, error) {
	config := &ssh.ClientConfig{
		User:            wire.User,
		Auth:            []ssh.AuthMethod{ssh.PublicKeys(client)},
		HostKeyCallback: ssh.FixedHostKey(want),
		// The guest's CPU is emulated: the cheapest of the good ones.
		Config: ssh.Config{KeyExchanges: []string{ssh.KeyExchangeCurve25519}, Ciphers: []string{ssh.CipherAES128GCM}},
	}
	conn, channels, requests, err := ssh.NewClientConn(p, "guest", config)
	if err != nil {
		if ctx.Err() != nil {
			err = ctx.Err()
		}
		return nil, fmt.Errorf("log in: %w", err)
	}
	return &Guest{client: ssh.NewClient(conn, channels, requests)}, nil
}

// prepare has the agent do what clones of the guest need not do then, and waits
// for its Ready.
func (v *VM) prepare(ctx context.Context, needs []string) error {
	stop := context.AfterFunc(ctx, func() { _ = v.port.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	frame := wire.Life{Protocol: wire.Protocol, Boot: v.ready.Boot, Prepare: &wire.Preparation{Needs: needs}}
	if err := wire.WriteFrame(v.port, frame); err != nil {
		return fmt.Errorf("prepare it: %w", err)
	}
	again, err := wire.ReadReady(v.port)
	if err == nil && again.Boot != v.ready.Boot {
		err = fmt.Errorf("it was the boot %q and is %q", v.ready.Boot, again.Boot)
	}
	if ctx.Err() != nil {
		err = ctx.Err()
	}
	if err != nil {
		return fmt.Errorf("prepare it: %w", err)
	}
	return nil
}
