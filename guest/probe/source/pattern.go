// Package source makes the files that probes read from: full of a pattern that
// tells for every byte where it comes from, and in a state of caching.
package source

import (
	"bytes"
	"encoding/binary"
	"sync"

	"kmatrix/guest/probe/sys"
)

const pageSize = sys.PageSize

// MaxFile is the size of the largest file that a probe uses.
const MaxFile = 8 << 20

// The patterns: a byte of either depends on its offset in the file, so that a
// byte that stands in the wrong place counts as neither. Old bytes are odd and
// below 0x80, new ones have the top bit set as well: the two differ at every
// offset, and neither is ever zero.
const (
	oldMask = 0x7f7f7f7f7f7f7f7f
	oldBits = 0x0101010101010101
	newBit  = 0x80
)

// Old returns the bytes of the first MaxFile offsets; it must not be
// written to.
var Old = sync.OnceValue(func() []byte {
	b := make([]byte, MaxFile)
	for i := 0; i < len(b); i += 8 {
		// splitmix64's finalizer: any two words differ.
		x := uint64(i) * 0x9e3779b97f4a7c15
		x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
		x ^= x >> 27
		binary.LittleEndian.PutUint64(b[i:], x&oldMask|oldBits)
	}
	return b
})

// New returns what a mutation writes at off, n bytes.
func New(off, n int64) []byte {
	b := bytes.Clone(Old()[off : off+n])
	for i := range b {
		b[i] |= newBit
	}
	return b
}
