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
	modules   *modules
	// ready is the uptime in seconds when the agent was ready.
	ready float64
}

// fileSystems mounts them at the first call.
func (a *agent) fileSystems() fileSystems {
	a.mounted.Do(func() { a.files = a.mount() })
	return a.files
}

// hello prints what the guest is.
func (a *agent) hello(w io.Writer) error {
	files := a.fileSystems()
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
		Modules:      a.facts.modules.loaded,
		ModuleErrors: a.facts.modules.errors,
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
