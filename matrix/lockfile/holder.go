package lockfile

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/user"
	"strings"
	"syscall"
	"time"

	"kmatrix/matrix/printable"
)

// Holder is who has a lock.
type Holder struct {
	User    string    `json:"user"`
	Host    string    `json:"host"`
	PID     int       `json:"pid"`
	Command string    `json:"command"`
	Since   time.Time `json:"since"`
}

// maxHolder is more than a holder's line has, and maxCommand more than a command
// that somebody typed.
const (
	maxHolder  = 4 << 10
	maxCommand = 300
)

// self returns this process.
func self() Holder {
	h := Holder{PID: os.Getpid(), Command: strings.Join(os.Args, " "), Since: time.Now().Truncate(time.Second)}
	if len(h.Command) > maxCommand {
		h.Command = h.Command[:maxCommand] + "…"
	}
	h.Host, _ = os.Hostname() // "" is as good as any other
	h.User = fmt.Sprint(os.Getuid())
	if u, err := user.Current(); err == nil {
		h.User = u.Username
	}
	return h
}

// write puts the holder into the file.
func (h Holder) write(path string) error {
	text, err := json.Marshal(h)
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(text, '\n'), 0o644)
}

// read returns who has written into the file; the zero value where that cannot
// be told. A shared lock names the last who took it, who may have gone.
func read(path string) Holder {
	text, err := os.ReadFile(path)
	var h Holder
	if err != nil || len(text) > maxHolder || json.Unmarshal(text, &h) != nil {
		return Holder{}
	}
	here, err := os.Hostname()
	if err == nil && h.Host == here && errors.Is(syscall.Kill(h.PID, 0), syscall.ESRCH) {
		return Holder{}
	}
	return h
}

// String names the holder in a few words.
func (h Holder) String() string {
	if h.PID == 0 {
		return "another process"
	}
	text := fmt.Sprintf("process %d of %s on %s since %s: %s", h.PID, h.User, h.Host, h.Since.Format("2006-01-02 15:04:05"), h.Command)
	return printable.Line(text, len(text))
}
