package main

import (
	"bufio"
	"fmt"
	"os"
	"path"
	"strings"

	"golang.org/x/sys/unix"
)

// mountSystem mounts the pseudo file systems. One that is there already, or
// that the kernel lacks, is no error here: what needs it will say so.
func mountSystem() {
	for _, m := range []struct{ kind, dir, data string }{
		{"devtmpfs", "/dev", ""},
		{"proc", "/proc", ""},
		{"sysfs", "/sys", ""},
		{"devpts", "/dev/pts", "ptmxmode=666"},
	} {
		if err := os.MkdirAll(m.dir, 0o755); err == nil {
			_ = unix.Mount(m.kind, m.dir, m.kind, unix.MS_NOSUID, m.data)
		}
	}
}

// modules are the guest's, and what became of them.
type modules struct {
	// list has for each need the files of its modules, in load order.
	list   map[string][]string
	done   map[string]bool
	loaded []string
	errors map[string]string
}

// lineModules is the need, in the list, of those that the agent's own line and
// disks take.
const lineModules = "guest"

// readModules reads the list: a need and a path a line.
func readModules(list string) *modules {
	m := &modules{list: map[string][]string{}, done: map[string]bool{}, errors: map[string]string{}}
	f, err := os.Open(list)
	if err != nil {
		return m // a kernel without modules has no list
	}
	defer f.Close() //nolint:errcheck // it was only read
	for s := bufio.NewScanner(f); s.Scan(); {
		if need, file, ok := strings.Cut(strings.TrimSpace(s.Text()), " "); ok {
			m.list[need] = append(m.list[need], file)
		}
	}
	return m
}

// load loads the modules of a need that are not loaded yet. One that does not
// load is noted, and the rest goes on.
func (m *modules) load(need string) {
	for _, file := range m.list[need] {
		if m.done[file] {
			continue
		}
		m.done[file] = true
		name := strings.TrimSuffix(path.Base(file), ".ko")
		if err := loadModule(file); err != nil {
			m.errors[name] = err.Error()
			continue
		}
		m.loaded = append(m.loaded, name)
	}
}

func loadModule(file string) error {
	fd, err := unix.Open(file, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("open %s: %w", file, err)
	}
	defer unix.Close(fd) //nolint:errcheck // it was only read
	if err := unix.FinitModule(fd, "", 0); err != nil && err != unix.EEXIST {
		return fmt.Errorf("load %s: %w", file, err)
	}
	return nil
}

// uptime returns the time since the kernel's start, in seconds.
func uptime() float64 {
	var ts unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &ts); err != nil {
		return 0
	}
	return float64(ts.Nano()) / 1e9
}
