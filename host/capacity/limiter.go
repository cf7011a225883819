package capacity

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"sync"
	"time"

	"kmatrix/matrix"
)

// Defaults of a [Limiter]: how often a guest that waits for memory looks again, and
// how long it waits when no other guest of this process is there to end.
const (
	defaultPoll    = 500 * time.Millisecond
	defaultTimeout = 2 * time.Minute
)

// Limiter lets guests start when there is memory for them: builds, and whatever else
// runs on the host, take some after a run has begun. A guest takes its memory bit by
// bit, so memory that running guests have not taken yet counts as gone.
//
// Its zero value limits guests to the memory of this host.
type Limiter struct {
	// Read returns what the host has left; nil means [Read] of "/".
	Read func() (Host, error)
	// ResidentMiB returns how much memory a process has by now; nil means what
	// proc(5) says.
	ResidentMiB func(pid int) int
	// Poll is how often a guest that waits looks again, and Timeout how long it
	// waits while no reservation is held; 0 means 500 ms and 2 minutes.
	Poll, Timeout time.Duration

	mu   sync.Mutex
	held map[*Reservation]bool
}

// Reservation is one guest's part of the memory. Its methods may be called on nil,
// which stands for a guest that nobody counts.
type Reservation struct {
	limiter *Limiter
	needMiB int
	pid     int
}

// Acquire waits until there is memory for a guest of the machine and reserves it.
// notify is called once if the guest has to wait. The error is ctx's, a
// [*MemoryError], or one of reading the host's memory.
func (l *Limiter) Acquire(ctx context.Context, m matrix.Machine, notify func(string)) (*Reservation, error) {
	alone := time.Duration(0)
	for waited := false; ; waited = true {
		p, has, others, err := l.try(needMiB(m))
		if err != nil {
			return nil, fmt.Errorf("look for memory for a guest: %w", err)
		}
		if p != nil {
			return p, nil
		}
		if others {
			alone = 0
		} else if alone += l.poll(); alone > l.timeout() {
			return nil, &MemoryError{needMiB(m), has}
		}
		if !waited {
			notify(fmt.Sprintf("a guest waits for memory: it needs %d MiB, and %d MiB are available beside what runs", needMiB(m), has.AvailableMiB))
		}
		select {
		case <-time.After(l.poll()):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// try reserves memory if there is enough by now; others reports whether other
// reservations are held.
func (l *Limiter) try(need int) (p *Reservation, has Host, others bool, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if has, err = l.read(); err != nil {
		return nil, has, false, err
	}
	for p := range l.held {
		got := 0
		if p.pid > 0 {
			got = l.resident(p.pid)
		}
		has.AvailableMiB -= max(0, p.needMiB-got)
	}
	if has.usable() < need {
		return nil, has, len(l.held) > 0, nil
	}
	if l.held == nil {
		l.held = map[*Reservation]bool{}
	}
	p = &Reservation{limiter: l, needMiB: need}
	l.held[p] = true
	return p, has, false, nil
}

func (l *Limiter) read() (Host, error) {
	if l.Read != nil {
		return l.Read()
	}
	return Read("/")
}

func (l *Limiter) resident(pid int) int {
	if l.ResidentMiB != nil {
		return l.ResidentMiB(pid)
	}
	return residentMiB(pid)
}

func (l *Limiter) poll() time.Duration    { return cmp.Or(l.Poll, defaultPoll) }
func (l *Limiter) timeout() time.Duration { return cmp.Or(l.Timeout, defaultTimeout) }

// SetPID names the process that takes the memory.
func (p *Reservation) SetPID(pid int) {
	if p != nil {
		p.limiter.mu.Lock()
		defer p.limiter.mu.Unlock()
		p.pid = pid
	}
}

// Release gives the memory back.
func (p *Reservation) Release() {
	if p != nil {
		p.limiter.mu.Lock()
		defer p.limiter.mu.Unlock()
		delete(p.limiter.held, p)
	}
}

// residentMiB reads how much memory a process has (proc(5), statm); 0 of one that
// has ended.
func residentMiB(pid int) int {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", pid))
	if err != nil {
		return 0
	}
	var size, resident int
	if _, err := fmt.Sscan(string(text), &size, &resident); err != nil {
		return 0
	}
	return resident * os.Getpagesize() >> 20
}
