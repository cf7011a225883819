package source

import (
	"bytes"

	"kmatrix/matrix"
)

// Readings counts two readings of the same data, n bytes from off on of a file
// that others write to all the while: one taken as soon as the call had
// returned, one later.
//
// At any time a byte may be the old or the new one of its offset, or zero where
// zeros reports whether somebody makes them; whatever else is read, early or late,
// is torn and counts as other. A byte that both readings show alike counts as
// old, whichever version it is, and one that does not, by what the later one
// shows: new for either pattern, or zero.
func Readings(early, late []byte, off int64, zeros bool) matrix.Observation {
	n := min(len(early), len(late))
	o := matrix.Observation{Bytes: int64(n), FirstOffset: -1}
	old := Old()[off:]
	for at := 0; at < n; at += pageSize {
		end := min(at+pageSize, n)
		same := bytes.Equal(early[at:end], late[at:end])
		if same && (bytes.Equal(late[at:end], old[at:end]) || zeros && isZero(late[at:end])) {
			o.Old += int64(end - at)
			continue
		}
		for i := at; i < end; i++ {
			switch {
			case !written(early[i], old[i], zeros) || !written(late[i], old[i], zeros):
				o.Other++
			case early[i] == late[i]:
				o.Old++
				continue
			case late[i] == 0:
				o.Zero++
			default:
				o.New++
			}
			if o.FirstOffset < 0 {
				o.FirstOffset = off + int64(i)
			}
		}
	}
	return o
}

// written reports whether b was ever written where the old byte is old.
func written(b, old byte, zeros bool) bool {
	return b == old || b == old|newBit || zeros && b == 0
}

var zeroPage [pageSize]byte

func isZero(b []byte) bool { return bytes.Equal(b, zeroPage[:len(b)]) }
