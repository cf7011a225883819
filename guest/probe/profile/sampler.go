package profile

import (
	"errors"
	"fmt"
	"os"
	"sync/atomic"
	"unsafe"

	"golang.org/x/sys/unix"

	"kmatrix/guest/probe"
)

// ringPages is how many pages the kernel may fill before they are read: 64 have
// space for 10,000 samples, a tenth of a second and more. A power of two.
const ringPages = 64

// Sampler samples the thread that opened it, from [Open] to [Sampler.Close]. The
// goroutine must stay locked to it.
type Sampler struct {
	fd    int
	ring  []byte
	read  records
	phase *phase
}

// period is how long it is from one sample to the next, in nanoseconds. Less than
// 10000 is none for the kernel's software clocks, and more than 400 samples in a
// tick of 4 ms throttle them.
const period = 13_007

// Open begins to sample the calling thread. A kernel without perf events, or
// without their software clock, is a [*probe.UnsupportedError].
func Open() (*Sampler, error) {
	phase, err := newPhase()
	if err != nil {
		return nil, err
	}
	fd, err := unix.PerfEventOpen(&unix.PerfEventAttr{
		Type: unix.PERF_TYPE_SOFTWARE, Config: unix.PERF_COUNT_SW_CPU_CLOCK, Size: uint32(unsafe.Sizeof(unix.PerfEventAttr{})),
		Sample: period, Sample_type: sampleFormat, Bits: unix.PerfBitUseClockID, Clockid: unix.CLOCK_MONOTONIC_RAW,
	}, 0, -1, -1, unix.PERF_FLAG_FD_CLOEXEC)
	for _, lacking := range []error{unix.ENOSYS, unix.ENOENT, unix.EOPNOTSUPP, unix.ENODEV} {
		if errors.Is(err, lacking) {
			return nil, &probe.UnsupportedError{Reason: fmt.Sprintf("the kernel has no perf event cpu-clock: %v", err)}
		}
	}
	if err != nil {
		return nil, fmt.Errorf("open the perf event cpu-clock: %w", err)
	}
	ring, err := unix.Mmap(fd, 0, (1+ringPages)*os.Getpagesize(), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("map the perf event's samples: %w", err), unix.Close(fd))
	}
	return &Sampler{fd: fd, ring: ring, phase: phase}, nil
}

// Shift passes time, so that what comes next begins anywhere in a period.
func (s *Sampler) Shift() { s.phase.shift() }

// Take returns the samples since the last call, in their order, and frees their space.
func (s *Sampler) Take() ([]Sample, error) {
	page := (*unix.PerfEventMmapPage)(unsafe.Pointer(&s.ring[0]))
	head, tail := atomic.LoadUint64(&page.Data_head), page.Data_tail
	s.read.samples = s.read.samples[:0]
	if err := s.read.take(s.ring[os.Getpagesize():], tail, head); err != nil {
		return nil, err
	}
	atomic.StoreUint64(&page.Data_tail, head)
	return s.read.samples, nil
}

// Lost returns how many samples the ring had no space for.
func (s *Sampler) Lost() int64 { return s.read.lost }

// Close ends the sampling.
func (s *Sampler) Close() error {
	return errors.Join(unix.Munmap(s.ring), unix.Close(s.fd))
}
