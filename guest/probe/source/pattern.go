// Package source makes the files that probes read from: full of a pattern that
// tells for every byte where it comes from, and in a state of caching.
package source

import (
	"bytes"
	"encoding/binary"
	"sync"

	"kmatrix/guest/probe/sys"
	"kmatrix/matrix"
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

// Observe counts what arrived of the file's bytes from off on, want of them.
// Whole pages of old bytes, nearly all there are, are told by one comparison.
func Observe(got []byte, off, want int64) matrix.Observation {
	o := matrix.Observation{Bytes: int64(len(got)), FirstOffset: -1}
	old := Old()[off:]
	for at := 0; at < len(got); at += pageSize {
		end := min(at+pageSize, len(got))
		if bytes.Equal(got[at:end], old[at:end]) {
			o.Old += int64(end - at)
			continue
		}
		before := o.Old
		for i := at; i < end; i++ {
			switch got[i] {
			case old[i]:
				o.Old++
				continue
			case old[i] | newBit:
				o.New++
			case 0:
				o.Zero++
			default:
				o.Other++
			}
			if o.FirstOffset < 0 {
				o.FirstOffset = off + int64(i)
			}
		}
		if o.Old-before < int64(end-at) {
			o.Pages = addPages(o.Pages, (off+int64(at))/pageSize, (off+int64(end)-1)/pageSize)
		}
	}
	o.Class = Classify(o, want)
	return o
}

// addPages adds pages behind those of the list.
func addPages(list []matrix.PageRange, first, last int64) []matrix.PageRange {
	if n := len(list) - 1; n >= 0 && list[n].Last >= first-1 {
		list[n].Last = last
		return list
	}
	return append(list, matrix.PageRange{First: first, Last: last})
}

// Classify names what the counts say, of which want bytes were to arrive.
func Classify(o matrix.Observation, want int64) matrix.Class {
	switch {
	case o.Other > 0 || o.Bytes != want:
		return matrix.Torn
	case o.New > 0 && o.Zero > 0:
		return matrix.Mixed
	case o.New > 0:
		return matrix.Changed
	case o.Zero > 0:
		return matrix.Zeroed
	}
	return matrix.Stable
}
