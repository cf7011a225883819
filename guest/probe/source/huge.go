package source

import (
	"fmt"
	"os"
	"strings"

	"kmatrix/guest/probe"
	"kmatrix/guest/probe/sys"
)

// HugePages reads how much memory the tmpfs have in huge pages, in KiB.
func HugePages() (int, error) {
	// 5.10 would report two huge pages as none for up to a second.
	if err := sys.RefreshCounters(); err != nil {
		return 0, err
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
