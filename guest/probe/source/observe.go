package source

import (
	"bytes"

	"kmatrix/matrix"
)

// Observe counts what arrived of the source's bytes from off on, want of them. A byte
// that is not the old one of its offset is held against after, what the source holds
// from off on by now: new or zero is what stands there, clobbered are zeros and bytes of
// the new pattern that do not, and whatever else arrives is other, written by nobody.
// Beyond its end a source holds zeros, which it reads as when it is as long again.
func Observe(got, after []byte, off, want int64) matrix.Observation {
	return observe(got, off, want, func(i int, _, _ byte) byte {
		if i < len(after) {
			return after[i]
		}
		return 0
	})
}

// ObserveAlone is [Observe] where nobody knows what the source holds: zeros and bytes of
// the new pattern may stand there, so that none is clobbered.
func ObserveAlone(got []byte, off, want int64) matrix.Observation {
	return observe(got, off, want, func(_ int, b, old byte) byte {
		if written(b, old, true) {
			return b
		}
		return 0
	})
}

// observe counts; held returns what the source holds where b has arrived in the place of
// old, at an index of got. Whole pages of old bytes, nearly all there are, are told by one
// comparison.
func observe(got []byte, off, want int64, held func(i int, b, old byte) byte) matrix.Observation {
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
			if !count(&o, got[i], old[i], held(i, got[i], old[i])) && o.FirstOffset < 0 {
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

// count counts the byte b where the source held old and holds held by now. It reports
// whether it is the old one.
func count(o *matrix.Observation, b, old, held byte) bool {
	switch {
	case b == old:
		o.Old++
		return true
	case b == held && b == 0:
		o.Zero++
	case b == held:
		o.New++
	case written(b, old, true):
		o.Clobbered++
	default:
		o.Other++
	}
	return false
}

// addPages adds pages behind those of the list.
func addPages(list []matrix.PageRange, first, last int64) []matrix.PageRange {
	if n := len(list) - 1; n >= 0 && list[n].Last >= first-1 {
		list[n].Last = last
		return list
	}
	return append(list, matrix.PageRange{First: first, Last: last})
}

// Classify names the worst of what the counts say, of which want bytes were to arrive.
func Classify(o matrix.Observation, want int64) matrix.Class {
	switch {
	case o.Other > 0 || o.Bytes != want:
		return matrix.Torn
	case o.Clobbered > 0:
		return matrix.Clobbered
	case o.New > 0 && o.Zero > 0:
		return matrix.Mixed
	case o.Zero > 0:
		return matrix.Zeroed
	case o.New > 0:
		return matrix.Changed
	}
	return matrix.Stable
}
