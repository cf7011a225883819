package sys

import (
	"encoding/binary"
	"errors"
	"fmt"
	"sync/atomic"
	"unsafe"

	"golang.org/x/sys/unix"

	"kmatrix/guest/probe"
)

// Ring is an io_uring for one request at a time (io_uring(7)).
type Ring struct {
	fd int
	// rings holds both queues, since Linux 5.4 (IORING_FEAT_SINGLE_MMAP), and
	// entries the submission entries.
	rings, entries []byte
	params         ringParams
}

// ringParams is struct io_uring_params of linux/io_uring.h.
type ringParams struct {
	sqEntries, cqEntries, flags, sqThreadCPU, sqThreadIdle, features, wqFD uint32
	_                                                                      [3]uint32
	sq                                                                     struct {
		head, tail, ringMask, ringEntries, flags, dropped, array, _ uint32
		_                                                           uint64
	}
	cq struct {
		head, tail, ringMask, ringEntries, overflow, cqes, flags, _ uint32
		_                                                           uint64
	}
}

// From linux/io_uring.h.
const (
	opSplice, opTee = 30, 33
	entrySize       = 64
	entriesOffset   = 0x10000000
	enterGetEvents  = 1
)

// NewRing makes a ring. A kernel without io_uring, or one that forbids it, is
// unsupported.
func NewRing() (*Ring, error) {
	r := &Ring{fd: -1}
	fd, _, errno := unix.Syscall(unix.SYS_IO_URING_SETUP, 1, uintptr(unsafe.Pointer(&r.params)), 0)
	if errors.Is(errno, unix.ENOSYS) || errors.Is(errno, unix.EPERM) {
		return nil, &probe.UnsupportedError{Reason: "io_uring_setup: " + unix.ErrnoName(errno)}
	}
	if errno != 0 {
		return nil, fmt.Errorf("io_uring_setup: %w", errno)
	}
	r.fd = int(fd)
	p := r.params
	size := max(p.sq.array+4*p.sqEntries, p.cq.cqes+16*p.cqEntries)
	var err error
	if r.rings, err = unix.Mmap(r.fd, 0, int(size), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED|unix.MAP_POPULATE); err == nil {
		r.entries, err = unix.Mmap(r.fd, entriesOffset, int(p.sqEntries)*entrySize, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED|unix.MAP_POPULATE)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("map the ring: %w", err), r.Close())
	}
	return r, nil
}

// Close frees the ring.
func (r *Ring) Close() error {
	var errs []error
	for _, m := range [][]byte{r.rings, r.entries} {
		if m != nil {
			errs = append(errs, unix.Munmap(m))
		}
	}
	return errors.Join(append(errs, unix.Close(r.fd))...)
}

// Splice has the ring splice n bytes of the file in, from off on, into a pipe.
func (r *Ring) Splice(in int, off int64, out, n int) (int64, error) {
	return r.do(opSplice, in, off, out, n)
}

// Tee has the ring duplicate n bytes of the pipe in into the pipe out.
func (r *Ring) Tee(in, out, n int) (int64, error) { return r.do(opTee, in, 0, out, n) }

// word returns a field of the rings, which the kernel shares.
func (r *Ring) word(off uint32) *uint32 { return (*uint32)(unsafe.Pointer(&r.rings[off])) }

// do submits a request and waits for its completion.
func (r *Ring) do(op byte, in int, off int64, out, n int) (int64, error) {
	p := r.params
	tail := atomic.LoadUint32(r.word(p.sq.tail))
	slot := tail & *r.word(p.sq.ringMask)
	// struct io_uring_sqe.
	e := r.entries[slot*entrySize : (slot+1)*entrySize]
	clear(e)
	e[0] = op
	binary.NativeEndian.PutUint32(e[4:], uint32(out))
	if op == opSplice {
		binary.NativeEndian.PutUint64(e[8:], ^uint64(0)) // a pipe has no offset
	}
	binary.NativeEndian.PutUint64(e[16:], uint64(off))
	binary.NativeEndian.PutUint32(e[24:], uint32(n))
	binary.NativeEndian.PutUint32(e[44:], uint32(in))
	*r.word(p.sq.array + 4*slot) = slot
	atomic.StoreUint32(r.word(p.sq.tail), tail+1)
	for submit := uintptr(1); ; {
		head := atomic.LoadUint32(r.word(p.cq.head))
		if head != atomic.LoadUint32(r.word(p.cq.tail)) {
			// struct io_uring_cqe: user_data, res, flags.
			res := int32(*r.word(p.cq.cqes + 16*(head&*r.word(p.cq.ringMask)) + 8))
			atomic.StoreUint32(r.word(p.cq.head), head+1)
			if res < 0 {
				return -1, unix.Errno(-res)
			}
			return int64(res), nil
		}
		done, _, errno := unix.Syscall6(unix.SYS_IO_URING_ENTER, uintptr(r.fd), submit, 1, enterGetEvents, 0, 0)
		switch {
		case errno == 0:
			submit -= min(done, submit)
		case !errors.Is(errno, unix.EINTR):
			return -1, errno
		}
	}
}
