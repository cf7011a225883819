package fuse

import (
	"errors"
	"fmt"
	"unsafe"

	gofuse "github.com/hanwen/go-fuse/v2/fuse"
	"golang.org/x/sys/unix"

	"kmatrix/guest/probe/sys"
)

// read answers a read by splice: the header is written into a pipe, the file's
// pages are spliced behind it, and both are spliced to the kernel, which may
// take the pages for its own.
func (s *server) read(in *gofuse.ReadIn, file int) error {
	var st unix.Stat_t
	if err := unix.Fstat(file, &st); err != nil {
		return err
	}
	off, n := int64(in.Offset), int64(min(in.Size, maxData))
	n = max(0, min(n, st.Size-off))
	h := gofuse.OutHeader{Unique: in.Unique}
	total := int64(unsafe.Sizeof(h)) + n
	h.Length = uint32(total)
	if _, err := unix.Write(s.out.W, wire(&h)); err != nil {
		return err
	}
	err := moveAll(file, &off, s.out.W, nil, n)
	if err == nil {
		// The kernel takes an answer whole or not at all.
		_, err = unix.Splice(s.out.R, nil, s.dev, nil, int(total), unix.SPLICE_F_MOVE)
	}
	if err != nil {
		return errors.Join(err, discard(s.out))
	}
	return errAnswered
}

// discard empties a pipe.
func discard(p sys.Pipe) error {
	for b := make([]byte, sys.PageSize); ; {
		if got, err := p.Drain(b); err != nil || len(got) < len(b) {
			return err
		}
	}
}

// write takes what a write brought. What is held stays in a pipe, as it came,
// after the answer; all else is stored.
func (s *server) write(in *gofuse.WriteIn, file int) error {
	out := gofuse.WriteOut{Size: in.Size}
	off, n := int64(in.Offset), int64(in.Size)
	if !s.holding {
		if err := moveAll(s.in.R, nil, file, &off, n); err != nil {
			return err
		}
		return s.answer(in, out)
	}
	// The file is as large as if it had been written.
	var st unix.Stat_t
	if err := unix.Fstat(file, &st); err != nil {
		return err
	}
	if st.Size < off+n {
		if err := unix.Ftruncate(file, off+n); err != nil {
			return err
		}
	}
	if err := s.answer(in, out); err != errAnswered { //nolint:errorlint // it is never wrapped
		return err
	}
	if err := moveAll(s.in.R, nil, s.held.W, nil, n); err != nil {
		s.failure = fmt.Errorf("hold what was written: %w", err)
	}
	return errAnswered
}

func (s *server) answer(in *gofuse.WriteIn, out gofuse.WriteOut) error {
	if err := s.reply(&in.InHeader, 0, wire(&out)); err != nil {
		return err
	}
	return errAnswered
}

// moveAll splices n bytes.
func moveAll(in int, inOff *int64, out int, outOff *int64, n int64) error {
	for n > 0 {
		moved, err := unix.Splice(in, inOff, out, outOff, int(n), unix.SPLICE_F_MOVE)
		if err != nil {
			return err
		}
		if moved == 0 {
			return fmt.Errorf("%d bytes are missing", n)
		}
		n -= moved
	}
	return nil
}
