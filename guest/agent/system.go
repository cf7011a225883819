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

// modules is what became of the modules.
type modules struct {
	loaded []string
	errors map[string]string
}

// loadModules loads the modules that the list names, a path a line, in its
// order. One that does not load is noted, and the rest goes on.
func loadModules(list string) *modules {
	m := &modules{errors: map[string]string{}}
	f, err := os.Open(list)
	if err != nil {
		return m // a kernel without modules has no list
	}
	defer f.Close() //nolint:errcheck // it was only read
	for s := bufio.NewScanner(f); s.Scan(); {
		file := strings.TrimSpace(s.Text())
		if file == "" {
			continue
		}
		name := strings.TrimSuffix(path.Base(file), ".ko")
		if err := loadModule(file); err != nil {
			m.errors[name] = err.Error()
			continue
		}
		m.loaded = append(m.loaded, name)
	}
	return m
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

// uptime is the time since the kernel's start, in seconds.
func uptime() float64 {
	var ts unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &ts); err != nil {
		return 0
	}
	return float64(ts.Nano()) / 1e9
}
