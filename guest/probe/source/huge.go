package source

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"kmatrix/guest/probe"
)

// HugePages reads how much memory the tmpfs have in huge pages, in KiB.
func HugePages() (int, error) {
	// Counters stand in a CPU's own part until there is enough to tell: 5.10
	// would report two huge pages as none for up to a second. A kernel without
	// the file has counters that are told at once.
	if err := os.WriteFile("/proc/sys/vm/stat_refresh", []byte("1"), 0); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return 0, fmt.Errorf("refresh the counters: %w", err)
	}
	text, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		return 0, fmt.Errorf("count huge pages: %w", err)
	}
	_, rest, ok := strings.Cut(string(text), "ShmemHugePages:")
	if !ok {
		return 0, &probe.UnsupportedError{Reason: "the kernel has no transparent huge pages (/proc/meminfo has no ShmemHugePages)"}
	}
	var kib int
	if _, err := fmt.Sscan(rest, &kib); err != nil {
		return 0, fmt.Errorf("count huge pages: %w", err)
	}
	return kib, nil
}
