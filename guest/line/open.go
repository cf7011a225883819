package line

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"kmatrix/guest/wire"
)

// portsDeadline is how long ports may take to appear once their driver is
// there: it asks the host for them.
const portsDeadline = 5 * time.Second

// Open finds the two virtio ports by their names or, in a kernel without
// virtio_console or with ports that do not appear, opens the second serial line. It
// returns the transport, see [wire.Ready]; warn is told why ports are not taken.
func Open(warn func(error)) (*Line, string, error) {
	if _, err := os.Stat("/sys/bus/virtio/drivers/virtio_console"); err == nil {
		l, err := openPorts()
		if err == nil {
			return l, wire.TransportVirtio, nil
		}
		warn(fmt.Errorf("%w; taking %s", err, wire.SerialDevice))
	}
	fd, err := openRaw(wire.SerialDevice)
	if err != nil {
		return nil, "", fmt.Errorf("the kernel has no virtio_console, and the second serial line: %w", err)
	}
	return New(fd, fd), wire.TransportISA, nil
}

func openPorts() (*Line, error) {
	fds := map[string]int{wire.PortToGuest: -1, wire.PortToHost: -1}
	for end := time.Now().Add(portsDeadline); ; time.Sleep(2 * time.Millisecond) {
		names, err := filepath.Glob("/sys/class/virtio-ports/*/name")
		if err != nil {
			return nil, fmt.Errorf("look for ports: %w", err)
		}
		missing := 0
		for want, fd := range fds {
			if fd < 0 {
				fds[want] = openPort(names, want)
			}
			if fds[want] < 0 {
				missing++
			}
		}
		if missing == 0 {
			return New(fds[wire.PortToGuest], fds[wire.PortToHost]), nil
		}
		if time.Now().After(end) {
			return nil, fmt.Errorf("no virtio ports %s and %s within %s", wire.PortToGuest, wire.PortToHost, portsDeadline)
		}
	}
}

// openPort opens the port of that name; -1 when it is not there yet.
func openPort(names []string, want string) int {
	for _, file := range names {
		name, err := os.ReadFile(file)
		if err != nil || strings.TrimSpace(string(name)) != want {
			continue
		}
		fd, err := unix.Open("/dev/"+filepath.Base(filepath.Dir(file)), unix.O_RDWR|unix.O_CLOEXEC, 0)
		if err == nil {
			return fd
		}
	}
	return -1
}

// openRaw opens a serial line that passes every byte as it is
// (cfmakeraw(3)).
func openRaw(device string) (int, error) {
	fd, err := unix.Open(device, unix.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC, 0)
	if err != nil {
		return -1, fmt.Errorf("open %s: %w", device, err)
	}
	t, err := unix.IoctlGetTermios(fd, unix.TCGETS)
	if err != nil {
		return -1, fmt.Errorf("read the settings of %s: %w", device, err)
	}
	t.Iflag &^= unix.IGNBRK | unix.BRKINT | unix.PARMRK | unix.ISTRIP | unix.INLCR | unix.IGNCR | unix.ICRNL | unix.IXON
	t.Oflag &^= unix.OPOST
	t.Lflag &^= unix.ECHO | unix.ECHONL | unix.ICANON | unix.ISIG | unix.IEXTEN
	t.Cflag = t.Cflag&^(unix.CSIZE|unix.PARENB|unix.CBAUD) | unix.CS8 | unix.CLOCAL | unix.CREAD | unix.B115200
	t.Cc[unix.VMIN], t.Cc[unix.VTIME] = 1, 0
	if err := unix.IoctlSetTermios(fd, unix.TCSETS, t); err != nil {
		return -1, fmt.Errorf("make %s raw: %w", device, err)
	}
	return fd, nil
}
