package program

import (
	"errors"
	"fmt"
	"io"

	"golang.org/x/sys/unix"
)

// keepEach is how much of a stream's beginning is kept, and of its end, in
// bytes.
const keepEach = 64 << 10

// stream is one pipe that a program prints into.
//
// It is read when it is full, and when the program has ended, but not before:
// what is read later than it was spliced is what the kernel then makes of it,
// and a small test sees the same every time. All is plain read and write.
type stream struct {
	name string
	// r does not block; w, which the program inherits, does.
	r, w int
	text headTail
	// also takes all that is read; may be nil.
	also io.Writer
}

func newStream(name string) (*stream, error) {
	fds := make([]int, 2)
	if err := unix.Pipe2(fds, unix.O_CLOEXEC); err != nil {
		return nil, fmt.Errorf("make a pipe: %w", err)
	}
	s := &stream{name: name, r: fds[0], w: fds[1]}
	if err := unix.SetNonblock(s.r, true); err != nil {
		s.close()
		return nil, fmt.Errorf("make a pipe: %w", err)
	}
	return s, nil
}

// full reports whether the program must wait to print more.
func (s *stream) full() bool {
	poll := []unix.PollFd{{Fd: int32(s.w), Events: unix.POLLOUT}}
	n, err := unix.Poll(poll, 0)
	return err == nil && n == 0
}

// drain reads what is there; it reports whether there was anything.
func (s *stream) drain() bool {
	b := make([]byte, 64<<10)
	for any := false; ; any = true {
		n, err := unix.Read(s.r, b)
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if n <= 0 {
			return any
		}
		_, _ = s.text.Write(b[:n]) // documented to return no error
		if s.also != nil {
			_, _ = s.also.Write(b[:n]) // a parser: what it cannot take is in the text
		}
	}
}

func (s *stream) close() {
	_, _ = unix.Close(s.r), unix.Close(s.w) // nothing is buffered
}

// headTail keeps the beginning and the end of what is written.
type headTail struct {
	head, tail []byte
	total      int64
}

// Write never fails.
func (h *headTail) Write(b []byte) (int, error) {
	n := len(b)
	h.total += int64(n)
	first := min(len(b), keepEach-len(h.head))
	h.head = append(h.head, b[:first]...)
	h.tail = append(h.tail, b[first:]...)
	if over := len(h.tail) - keepEach; over > 0 {
		h.tail = append(h.tail[:0], h.tail[over:]...)
	}
	return n, nil
}

// Bytes returns what is kept, and says what is not.
func (h *headTail) Bytes() []byte {
	out := append([]byte(nil), h.head...)
	if dropped := h.total - int64(len(h.head)+len(h.tail)); dropped > 0 {
		out = append(out, fmt.Sprintf("\n[… %d bytes left out …]\n", dropped)...)
	}
	return append(out, h.tail...)
}
