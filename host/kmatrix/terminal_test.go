package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// pseudoTerminal returns a terminal of that size, and its other side, which reads what is
// written to it.
func pseudoTerminal(t *testing.T, width, height uint16) (tty, screen *os.File) {
	t.Helper()
	screen, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { screen.Close() })
	fd := int(screen.Fd())
	number, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err == nil {
		err = unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0)
	}
	if err == nil {
		err = unix.IoctlSetWinsize(fd, unix.TIOCSWINSZ, &unix.Winsize{Row: height, Col: width})
	}
	if err == nil {
		tty, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|unix.O_NOCTTY, 0)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { tty.Close() })
	return tty, screen
}

// TestARunOnATerminal has a run tell of itself on one: of a kernel that cannot be had, so
// that nothing boots.
func TestARunOnATerminal(t *testing.T) {
	_, initramfs := ownCache(t)
	file := write(t, one+"machines:\n  - {name: m, probes: [cost/read-write/64k]}\n")
	tty, screen := pseudoTerminal(t, 100, 30)
	shown := make(chan string, 1)
	go func() {
		var b bytes.Buffer
		io.Copy(&b, screen) // the other side's end is an error (EIO)
		shown <- b.String()
	}()
	var out bytes.Buffer
	code := run(t.Context(), strings.NewReader(""), &out, tty, []string{"run", "-f", file, "--dir", t.TempDir(), "--offline", "--initramfs", initramfs})
	tty.Close()
	text := <-shown
	if code != exitInfra || !strings.Contains(text, "unavailable") || !strings.Contains(text, "no kernel could be had") {
		t.Errorf("exit code %d; the terminal shows %q", code, text)
	}
}
