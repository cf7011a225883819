package sys

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// Anonymous maps n bytes of private memory.
func Anonymous(n int64) ([]byte, error) {
	m, err := unix.Mmap(-1, 0, int(n), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANONYMOUS)
	if err != nil {
		return nil, fmt.Errorf("map memory: %w", err)
	}
	return m, nil
}
