package source

import (
	"fmt"
	"slices"
)

// Operation is what an [Edit] does to a file's bytes.
type Operation int

const (
	// Write puts the new pattern into the range.
	Write Operation = iota
	// Zero makes the range zeros: a hole, or an allocated range of zeros.
	Zero
	// Cut ends the file where the range begins, and makes it as long as before.
	Cut
	// Collapse takes the range out: what is behind it moves down, and the file becomes
	// shorter.
	Collapse
	// Insert puts zeros before what is in the range and behind it, which moves up: the
	// file becomes longer.
	Insert
)

// Edit is what a mutation does to a file of the old pattern, whatever the call is that
// does it: an operation on Len bytes from Off on, inside the file.
type Edit struct {
	Operation
	Off, Len int64
}

// After returns what a file of size bytes of the old pattern holds from off to its end
// once the edit is made: the model that the probes hold the kernel to.
func (e Edit) After(size, off int64) []byte {
	old := Old()[:size]
	at := max(off, e.Off) // where the edit begins, of what is asked
	end := min(e.Off+e.Len, size)
	head := old[off:min(at, size)]
	switch e.Operation {
	case Write:
		if end <= at {
			break
		}
		return slices.Concat(head, New(at, end-at), old[end:])
	case Zero:
		if end <= at {
			break
		}
		return slices.Concat(head, make([]byte, end-at), old[end:])
	case Cut:
		return slices.Concat(head, make([]byte, size-min(at, size)))
	case Collapse:
		return slices.Concat(head, old[min(at+e.Len, size):])
	case Insert:
		if off >= end {
			return slices.Clone(old[off-e.Len:])
		}
		return slices.Concat(head, make([]byte, end-at), old[e.Off:])
	}
	return slices.Clone(old[off:])
}

// Size returns how long a file of size bytes is once the edit is made.
func (e Edit) Size(size int64) int64 {
	switch e.Operation {
	case Collapse:
		return size - e.Len
	case Insert:
		return size + e.Len
	}
	return size
}

// Describe returns what a file of size bytes holds after the edit: a part of a sentence.
func (e Edit) Describe(size int64) string {
	where := fmt.Sprintf("in the %d bytes from %d on, and the old bytes elsewhere", e.Len, e.Off)
	if e.Off == 0 && e.Len >= size {
		where = fmt.Sprintf("in all of its %d bytes", size)
	}
	switch e.Operation {
	case Write:
		return "the new pattern " + where
	case Zero:
		return "zeros " + where
	case Cut:
		return fmt.Sprintf("the old bytes before %d, and zeros from there on to its end, which was there meanwhile", e.Off)
	case Collapse:
		return fmt.Sprintf("the old bytes before %d, and from there on those that were %d bytes further back; it ends %d bytes earlier, and beyond its end zeros count as its bytes", e.Off, e.Len, e.Len)
	case Insert:
		return fmt.Sprintf("the old bytes before %d, zeros in the %d bytes from there on, and then the old bytes that began at %d; it ends %d bytes later", e.Off, e.Len, e.Off, e.Len)
	}
	return ""
}
