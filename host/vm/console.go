package vm

import (
	"fmt"
	"io"
	"sync"
)

const (
	// MaxConsole is how many bytes of a console are written to its log.
	MaxConsole = 4 << 20
	// MaxTail is how many of a console's last bytes are kept at hand.
	MaxTail = 64 << 10
)

// LastWords as a [Config.Console] logs the last [MaxTail] bytes and no others.
const LastWords = -1

// console takes what a guest prints: into a capped log and, whatever it has
// printed before, the last of it into memory.
type console struct {
	// reading is held while bytes are taken from the socket, into buffer.
	reading sync.Mutex
	buffer  []byte
	mu      sync.Mutex
	log     io.Writer
	// limit is a [Config.Console].
	limit   int64
	written int64
	dropped int64
	tail    []byte
	// printed counts all bytes.
	printed int64
	err     error
}

// Write never fails, so that a full disk does not stall the guest; close
// returns the log's first error.
func (c *console) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.printed += int64(len(p))
	c.tail = append(c.tail, p...)
	if n := len(c.tail) - MaxTail; n > 0 {
		c.tail = append(c.tail[:0], c.tail[n:]...)
	}
	keep := p[:max(0, min(int64(len(p)), c.most()-c.written))]
	if c.log == nil || c.err != nil {
		keep = nil
	}
	if len(keep) > 0 {
		_, c.err = c.log.Write(keep)
		c.written += int64(len(keep))
	}
	if c.log != nil {
		c.dropped += int64(len(p) - len(keep))
	}
	return len(p), nil
}

// most is how many bytes are logged before the end.
func (c *console) most() int64 {
	switch {
	case c.limit < 0:
		return 0
	case c.limit == 0:
		return MaxConsole
	}
	return min(c.limit, MaxConsole)
}

// close says in the log what was dropped: all but the last of it stands in no
// file.
func (c *console) close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.dropped == 0 || c.err != nil {
		return c.err
	}
	last := c.tail[max(0, int64(len(c.tail))-c.dropped):]
	_, err := fmt.Fprintf(c.log, "\n[kmatrix: the console's cap of %d bytes was reached; %d bytes are left out here, the last follow]\n%s", c.most(), c.dropped-int64(len(last)), last)
	return err
}

// Tail returns the last bytes printed.
func (c *console) Tail() string {
	tail, _ := c.Printed()
	return tail
}

// Printed returns the last bytes printed, and how many there were in all.
func (c *console) Printed() (tail string, printed int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return string(c.tail), c.printed
}
