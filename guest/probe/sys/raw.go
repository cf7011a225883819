package sys

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// The calls of this file keep Go's scheduler out of the way: to the others it
// listens from a thread of its own, which on one CPU preempts the caller at
// nearly every call that takes some microseconds. That is what a measurement
// cannot have. They must not block for long, since nothing else runs meanwhile.

// result returns a raw call's number or error.
func result(n uintptr, errno unix.Errno) (int, error) {
	if errno != 0 {
		return -1, errno
	}
	return int(n), nil
}

// RawSplice is splice(2) from off on, or from a pipe, with off nil.
func RawSplice(in int, off *int64, out, n, flags int) (int, error) {
	moved, _, errno := unix.RawSyscall6(unix.SYS_SPLICE, uintptr(in), uintptr(unsafe.Pointer(off)), uintptr(out), 0, uintptr(n), uintptr(flags))
	return result(moved, errno)
}

// RawTee is tee(2).
func RawTee(in, out, n, flags int) (int, error) {
	got, _, errno := unix.RawSyscall6(unix.SYS_TEE, uintptr(in), uintptr(out), uintptr(n), uintptr(flags), 0, 0)
	return result(got, errno)
}

// RawVmsplice is vmsplice(2) of memory into a pipe.
func RawVmsplice(pipe int, b []byte, flags int) (int, error) {
	v := unix.Iovec{Base: &b[0]}
	v.SetLen(len(b))
	moved, _, errno := unix.RawSyscall6(unix.SYS_VMSPLICE, uintptr(pipe), uintptr(unsafe.Pointer(&v)), 1, uintptr(flags), 0, 0)
	return result(moved, errno)
}

// RawSendfile is sendfile(2) from off on.
func RawSendfile(out, in int, off *int64, n int) (int, error) {
	moved, _, errno := unix.RawSyscall6(unix.SYS_SENDFILE, uintptr(out), uintptr(in), uintptr(unsafe.Pointer(off)), uintptr(n), 0, 0)
	return result(moved, errno)
}

// RawCopyFileRange is copy_file_range(2).
func RawCopyFileRange(in int, from *int64, out int, to *int64, n int) (int, error) {
	moved, _, errno := unix.RawSyscall6(unix.SYS_COPY_FILE_RANGE, uintptr(in), uintptr(unsafe.Pointer(from)), uintptr(out), uintptr(unsafe.Pointer(to)), uintptr(n), 0)
	return result(moved, errno)
}

// RawPread is pread(2).
func RawPread(fd int, b []byte, off int64) (int, error) {
	got, _, errno := unix.RawSyscall6(unix.SYS_PREAD64, uintptr(fd), uintptr(unsafe.Pointer(&b[0])), uintptr(len(b)), uintptr(off), 0, 0)
	return result(got, errno)
}

// RawWrite is write(2).
func RawWrite(fd int, b []byte) (int, error) {
	put, _, errno := unix.RawSyscall(unix.SYS_WRITE, uintptr(fd), uintptr(unsafe.Pointer(&b[0])), uintptr(len(b)))
	return result(put, errno)
}

// RawRecv is recv(2) without flags.
func RawRecv(fd int, b []byte) (int, error) {
	got, _, errno := unix.RawSyscall6(unix.SYS_RECVFROM, uintptr(fd), uintptr(unsafe.Pointer(&b[0])), uintptr(len(b)), 0, 0, 0)
	return result(got, errno)
}

// RawDiscard receives up to n bytes of a TCP connection without copying them
// anywhere (MSG_TRUNC, tcp(7)).
func RawDiscard(fd, n int) (int, error) {
	got, _, errno := unix.RawSyscall6(unix.SYS_RECVFROM, uintptr(fd), 0, uintptr(n), unix.MSG_TRUNC, 0, 0)
	return result(got, errno)
}

// RawAnonymous maps n bytes of private memory, none of which are there before they are
// touched (mmap(2)). [RawUnmap] frees them.
func RawAnonymous(n int) ([]byte, error) {
	at, _, errno := unix.RawSyscall6(unix.SYS_MMAP, 0, uintptr(n), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANONYMOUS, ^uintptr(0), 0)
	if errno != 0 {
		return nil, errno
	}
	// It is no memory of Go's, which the collector knows nothing of.
	return unsafe.Slice((*byte)(*(*unsafe.Pointer)(unsafe.Pointer(&at))), n), nil
}

// RawUnmap is munmap(2) of what [RawAnonymous] has mapped.
func RawUnmap(b []byte) error {
	_, _, errno := unix.RawSyscall(unix.SYS_MUNMAP, uintptr(unsafe.Pointer(&b[0])), uintptr(len(b)), 0)
	if errno != 0 {
		return errno
	}
	return nil
}
