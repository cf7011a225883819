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

// prepare does what the clones of this guest need not do then. A worker that has
// answered once waits for its next task, at the same point in every boot.
func (a *agent) prepare() error {
	if err := a.startWorker(); err != nil {
		return err
	}
	if answer, _ := a.worker.ask(context.Background(), task{Probe: nothing}, nil); answer.Status != wire.StatusOK {
		return fmt.Errorf("start a worker: it %s: %s", answer.Status, answer.Detail)
	}
	return nil
}

// receiveLife waits for a frame of the host's, which must be for a guest of
// this boot: its life, or what to do before.
func receiveLife(r io.Reader, boot string) (wire.Life, error) {
	var own wire.Life
	if err := wire.ReadFrame(r, &own); err != nil {
		return own, fmt.Errorf("wait for the host: %w", err)
	}
	if own.Protocol != wire.Protocol {
		return own, fmt.Errorf("the host speaks protocol %d, this agent %d", own.Protocol, wire.Protocol)
	}
	if own.Boot != boot {
		return own, fmt.Errorf("the host speaks to a guest of the boot %q, this is %q", own.Boot, boot)
	}
	if own.Prepare == nil && len(own.Entropy) < wire.EntropyBytes {
		return own, fmt.Errorf("the host sent %d bytes of entropy, want %d", len(own.Entropy), wire.EntropyBytes)
	}
	return own, nil
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
