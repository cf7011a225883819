package host

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"kmatrix/matrix"
)

const (
	// roomPoll is how often a guest that waits for memory looks again, and
	// roomPatience how long it waits when no guest of ours is there to end.
	roomPoll     = 500 * time.Millisecond
	roomPatience = 2 * time.Minute
)

// room lets guests start when there is memory for them: builds, and whatever else
// runs on the host, take some after a run has begun. A guest takes its memory bit by
// bit, so that what the running ones have not taken yet counts as gone.
type room struct {
	read func() (Capacity, error)
	// resident is how much of the memory a process has by now, in MiB.
	resident       func(pid int) int
	poll, patience time.Duration

	mu     sync.Mutex
	places map[*place]bool
}

// place is one guest's. A nil one is that of a guest nobody counts.
type place struct {
	room    *room
	needMiB int
	pid     int
}

func newRoom() *room {
	return &room{
		read: func() (Capacity, error) { return ReadCapacity("/") }, resident: residentMiB,
		poll: roomPoll, patience: roomPatience, places: map[*place]bool{},
	}
}

// take waits for room for a guest of the machine; tell hears that it has to. The
// error is ctx's, or a [*RoomError].
func (r *room) take(ctx context.Context, m matrix.Machine, tell func(string)) (*place, error) {
	if r == nil {
		return nil, nil
	}
	alone := time.Duration(0)
	for waited := false; ; waited = true {
		p, has, others, err := r.try(needMiB(m))
		if p != nil || err != nil {
			return p, err
		}
		if others {
			alone = 0
		} else if alone += r.poll; alone > r.patience {
			return nil, &RoomError{needMiB(m), has}
		}
		if !waited {
			tell(fmt.Sprintf("a guest waits for memory: it needs %d MiB, and %d MiB are available beside what runs", needMiB(m), has.AvailableMiB))
		}
		select {
		case <-time.After(r.poll):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// try takes a place if there is room for it by now.
func (r *room) try(need int) (p *place, has Capacity, others bool, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if has, err = r.read(); err != nil {
		return nil, has, false, err
	}
	for p := range r.places {
		got := 0
		if p.pid > 0 {
			got = r.resident(p.pid)
		}
		has.AvailableMiB -= max(0, p.needMiB-got)
	}
	if has.usable() < need {
		return nil, has, len(r.places) > 0, nil
	}
	p = &place{room: r, needMiB: need}
	r.places[p] = true
	return p, has, false, nil
}

// of names the process that takes the memory.
func (p *place) of(pid int) {
	if p != nil {
		p.room.mu.Lock()
		defer p.room.mu.Unlock()
		p.pid = pid
	}
}

// free gives the place back.
func (p *place) free() {
	if p != nil {
		p.room.mu.Lock()
		defer p.room.mu.Unlock()
		delete(p.room.places, p)
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

// admit waits for room for a guest.
func (r *Runner) admit(ctx context.Context, m matrix.Machine) (*place, error) {
	p, err := r.room.take(ctx, m, func(text string) { r.once("waits for memory", text) })
	var none *RoomError
	if err != nil && !errors.As(err, &none) && ctx.Err() == nil {
		err = fmt.Errorf("look for room for a guest: %w", err)
	}
	return p, err
}
