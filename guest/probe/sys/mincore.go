package sys

import (
	"fmt"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Resident counts the pages of a mapping that are in memory (mincore(2)).
func Resident(m []byte) (int, error) {
	vec := make([]byte, (len(m)+PageSize-1)/PageSize)
	if _, _, errno := unix.Syscall(unix.SYS_MINCORE, uintptr(unsafe.Pointer(&m[0])), uintptr(len(m)), uintptr(unsafe.Pointer(&vec[0]))); errno != 0 {
		return 0, fmt.Errorf("mincore: %w", errno)
	}
	n := 0
	for _, v := range vec {
		n += int(v & 1)
	}
	return n, nil
}
