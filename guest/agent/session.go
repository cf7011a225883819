package main

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"kmatrix/guest/wire"
)

// prepare starts a worker before the guest is saved, so that its clones need not. A
// worker that has answered once waits for its next task, at the same point in every
// boot.
func (a *agent) prepare() error {
	if err := a.startWorker(); err != nil {
		return err
	}
	if answer, _ := a.worker.ask(context.Background(), task{Probe: nothing}, nil); answer.Status != wire.StatusOK {
		return fmt.Errorf("start a worker: it %s: %s", answer.Status, answer.Detail)
	}
	return nil
}

// receiveSession waits for a frame of the host, which must be for a guest of this
// boot: the session that begins, or preparations before it.
func receiveSession(r io.Reader, boot string) (wire.Session, error) {
	var session wire.Session
	if err := wire.ReadFrame(r, &session); err != nil {
		return session, fmt.Errorf("wait for the host: %w", err)
	}
	if session.Protocol != wire.Protocol {
		return session, fmt.Errorf("the host speaks protocol %d, this agent %d", session.Protocol, wire.Protocol)
	}
	if session.Boot != boot {
		return session, fmt.Errorf("the host speaks to a guest of the boot %q, this is %q", session.Boot, boot)
	}
	if session.Prepare == nil && len(session.Entropy) < wire.EntropyBytes {
		return session, fmt.Errorf("the host sent %d bytes of entropy, want %d", len(session.Entropy), wire.EntropyBytes)
	}
	return session, nil
}

func setClock(t time.Time) error {
	ts := unix.NsecToTimespec(t.UnixNano())
	if err := unix.ClockSettime(unix.CLOCK_REALTIME, &ts); err != nil {
		return fmt.Errorf("set the clock: %w", err)
	}
	return nil
}

// addEntropy credits the bytes to the kernel's pool and has its generator take
// them up at once, so that two restores of one snapshot do not share their
// random numbers. Layouts and numbers: include/uapi/linux/random.h.
func addEntropy(b []byte) error {
	f, err := os.OpenFile("/dev/urandom", os.O_WRONLY, 0)
	if err != nil {
		return fmt.Errorf("add entropy: %w", err)
	}
	defer f.Close() //nolint:errcheck // nothing is buffered
	info := binary.NativeEndian.AppendUint32(nil, uint32(len(b)*8))
	info = binary.NativeEndian.AppendUint32(info, uint32(len(b)))
	info = append(info, b...)
	if _, _, errno := unix.Syscall(unix.SYS_IOCTL, f.Fd(), unix.RNDADDENTROPY, uintptr(unsafe.Pointer(&info[0]))); errno != 0 {
		return fmt.Errorf("add entropy: %w", errno)
	}
	const rndReseedCRNG = 0x5207
	if _, _, errno := unix.Syscall(unix.SYS_IOCTL, f.Fd(), rndReseedCRNG, 0); errno != 0 {
		return fmt.Errorf("reseed the generator: %w", errno)
	}
	return nil
}
