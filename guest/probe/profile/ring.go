package profile

import (
	"encoding/binary"
	"errors"

	"golang.org/x/sys/unix"
)

// sampleFormat is what the kernel writes of a sample: address and time, eight
// bytes each behind the header.
const sampleFormat = unix.PERF_SAMPLE_IP | unix.PERF_SAMPLE_TIME

// recordHeader is how long the header of a record is: type (4 bytes), misc (2),
// size of all (2); see perf_event_open(2).
const recordHeader = 8

// errRecord tells of a record that is none; the ring is the kernel's.
var errRecord = errors.New("the kernel wrote a sample that is none")

// records are what was read out of a ring.
type records struct {
	samples []Sample
	lost    int64
}

// take reads the records between tail and head, which count bytes for ever, from
// the ring, whose length is a power of two.
func (r *records) take(ring []byte, tail, head uint64) error {
	mask := uint64(len(ring) - 1)
	if head-tail > uint64(len(ring)) {
		return errRecord
	}
	at := func(pos uint64, n int) []byte {
		b := make([]byte, n)
		for i := range b {
			b[i] = ring[(pos+uint64(i))&mask]
		}
		return b
	}
	for tail < head {
		h := at(tail, recordHeader)
		kind, misc, size := binary.NativeEndian.Uint32(h), binary.NativeEndian.Uint16(h[4:]), uint64(binary.NativeEndian.Uint16(h[6:]))
		if size < recordHeader || size > head-tail {
			return errRecord
		}
		body := at(tail+recordHeader, int(size-recordHeader))
		switch kind {
		case unix.PERF_RECORD_SAMPLE:
			if len(body) < 16 {
				return errRecord
			}
			r.samples = append(r.samples, Sample{
				Address: binary.NativeEndian.Uint64(body), Time: binary.NativeEndian.Uint64(body[8:]),
				Kernel: misc&unix.PERF_RECORD_MISC_CPUMODE_MASK == unix.PERF_RECORD_MISC_KERNEL,
			})
		case unix.PERF_RECORD_LOST:
			if len(body) < 16 {
				return errRecord
			}
			r.lost += int64(binary.NativeEndian.Uint64(body[8:]))
		}
		tail += size
	}
	return nil
}
