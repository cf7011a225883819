package main

import (
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"kmatrix/guest/wire"
)

// receiveLife waits for the host's first frame, which must be for a guest of
// this boot.
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
	if len(own.Entropy) < wire.EntropyBytes {
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
