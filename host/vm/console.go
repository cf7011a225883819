package vm

import (
	"bytes"
	"fmt"
	"io"
	"sync"
)

const (
	// MaxConsole is how many bytes of a console are written to its log.
	MaxConsole = 4 << 20
	// MaxTail is how many of a console's last bytes are kept at hand.
	MaxTail = 64 << 10
	// MaxProvoked is how many bytes of an answer to an examination are kept, the
	// first ones.
	MaxProvoked = 512 << 10
)

// LastWords as a [Config.Console] logs the last [MaxTail] bytes and no others.
const LastWords = -1

// console takes what a guest prints: into a capped log and, whatever it has
// printed before, the last of it into memory. What an examination made it print
// is in the log, but none of its own words.
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
	// last are the last bytes, tail those that nobody asked for, and printed counts
	// all of the latter.
	last, tail []byte
	printed    int64
	// provoked tells that an examination is under way, and answer is what was
	// printed meanwhile.
	provoked bool
	answer   []byte
	err      error
	// halted is closed when the kernel has printed that it panicked and stands still.
	halted chan struct{}
	stands bool
}

// haltMark is what a kernel prints when it has panicked and is to do nothing more
// (kernel/panic.c, with panic=0): there it neither reboots nor runs a crash kernel.
const haltMark = "---[ end Kernel panic"

// Write never fails, so that a full disk does not stall the guest; close
// returns the log's first error.
func (c *console) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.last = keepLast(c.last, p)
	if !c.stands && bytes.Contains(c.last[max(0, len(c.last)-len(p)-len(haltMark)):], []byte(haltMark)) {
		c.stands = true
		close(c.halted)
	}
	if c.provoked {
		c.answer = append(c.answer, p[:min(len(p), MaxProvoked-len(c.answer))]...)
	} else {
		c.tail = keepLast(c.tail, p)
		c.printed += int64(len(p))
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

// keepLast appends to what holds at most [MaxTail] bytes.
func keepLast(b, p []byte) []byte {
	b = append(b, p...)
	if n := len(b) - MaxTail; n > 0 {
		b = append(b[:0], b[n:]...)
	}
	return b
}

// provoke begins or ends a time in which the guest prints what it is asked for.
func (c *console) provoke(on bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.provoked = on
	if on {
		c.answer = nil
	}
}

// answered returns what was printed since provoke began.
func (c *console) answered() []byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.answer
}

// close says in the log what was dropped: all but the last of it stands in no
// file.
func (c *console) close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.dropped == 0 || c.err != nil {
		return c.err
	}
	last := c.last[max(0, int64(len(c.last))-c.dropped):]
	_, err := fmt.Fprintf(c.log, "\n[kmatrix: the console's cap of %d bytes was reached; %d bytes are left out here, the last follow]\n%s", c.most(), c.dropped-int64(len(last)), last)
	return err
}

// Tail returns the last bytes that the guest printed by itself.
func (c *console) Tail() string {
	tail, _ := c.Printed()
	return tail
}

// Printed returns the last bytes that the guest printed by itself, and how many there
// were in all.
func (c *console) Printed() (tail string, printed int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return string(c.tail), c.printed
}
