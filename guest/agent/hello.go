package main

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"runtime"
	"slices"
	"strings"

	"kmatrix/matrix"
)

// facts are what the agent knows of its guest since the boot.
type facts struct {
	transport string
	// ready is the uptime in seconds when the agent was ready.
	ready float64
}

// everything is needed by who wants to know what the guest is, and by programs
// that do not say what they need.
func everything(string) bool { return true }

// hello prints what the guest is.
func (a *agent) hello(w io.Writer) error {
	files := a.mount(everything)
	loaded, failed := a.modules()
	h := matrix.Hello{
		Version:      readLine("/proc/version"),
		Release:      readLine("/proc/sys/kernel/osrelease"),
		Clocksource:  readLine("/sys/devices/system/clocksource/clocksource0/current_clocksource"),
		MemoryMiB:    memoryMiB(readLine("/proc/meminfo")),
		CPUs:         runtime.NumCPU(),
		Cmdline:      readLine("/proc/cmdline"),
		Transport:    a.facts.transport,
		Mounted:      slices.Sorted(maps.Keys(files.Dirs)),
		Refused:      files.Refused,
		Modules:      loaded,
		ModuleErrors: failed,
		BootSeconds:  a.facts.ready,
	}
	return json.NewEncoder(w).Encode(h)
}

// readLine returns a file's first line, "" when it cannot be read: a kernel
// need not have it.
func readLine(file string) string {
	text, err := os.ReadFile(file)
	if err != nil {
		return ""
	}
	line, _, _ := strings.Cut(string(text), "\n")
	return strings.TrimSpace(line)
}

// memoryMiB reads the first line of /proc/meminfo.
func memoryMiB(line string) int {
	kib := 0
	if _, err := fmt.Sscanf(line, "MemTotal: %d kB", &kib); err != nil {
		return 0
	}
	return kib / 1024
}
