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

// Vmsplice moves memory into the pipe, as much as there is room for, and returns
// how many bytes.
func (p Pipe) Vmsplice(b []byte, flags int) (int, error) {
	v := unix.Iovec{Base: &b[0]}
	v.SetLen(len(b))
	return unix.Vmsplice(p.W, []unix.Iovec{v}, flags)
}
