package deadline

import (
	"context"
	"errors"
	"time"
)

// Watchdog watches one probe at a time, by the host's clock alone: a guest's may run fast,
// or jump. [Watchdog.Start] and [Watchdog.Stop] are called by one goroutine.
type Watchdog struct {
	// Share is that of [Wait].
	Share func() float64
	// Stuck is called with a probe that has no answer after the early part of its
	// deadline, see [Watchdog.Start], and reports whether it is not to be waited for any
	// longer: it is overdue then.
	Stuck func(probe string) bool
	// Examine is called with a probe that is overdue by its whole deadline, and Overdue,
	// which may block for ever, with each that is overdue, afterwards.
	Examine, Overdue func(probe string)
	// GiveUp is called when Grace has passed behind that with [ErrOverdue], or with a
	// [*StarvedError].
	GiveUp func(error)
	Grace  time.Duration

	probe string
	late  bool
	stop  context.CancelFunc
	// stopped is closed when nobody watches any more.
	stopped chan struct{}
}

// Start watches a probe, and no other any more. "" stands for the time until the next
// probe begins, of which nothing is to examine. early is the part of limit after which
// Stuck is asked, 0 for never. ctx ends the watch.
func (w *Watchdog) Start(ctx context.Context, probe string, early, limit time.Duration) {
	w.Stop()
	ctx, cancel := context.WithCancel(ctx)
	stopped := make(chan struct{})
	w.probe, w.stop, w.stopped, w.late = probe, cancel, stopped, false
	go func() {
		defer close(stopped)
		err := w.wait(ctx, early, limit)
		if errors.Is(err, ErrOverdue) {
			if probe != "" {
				// The guest may read late, or never.
				go w.Overdue(probe)
			}
			err = Wait(ctx, w.Grace, w.Share)
		}
		if ctx.Err() == nil {
			w.GiveUp(err)
		}
	}()
}

// wait waits until the probe is overdue, and has it examined. Its error is that of [Wait].
func (w *Watchdog) wait(ctx context.Context, early, limit time.Duration) error {
	if early > 0 {
		if err := Wait(ctx, early, w.Share); !errors.Is(err, ErrOverdue) {
			return err
		}
		// A probe that has answered meanwhile was not stuck.
		if w.Stuck(w.probe) && ctx.Err() == nil {
			w.late = true
			return ErrOverdue
		}
		limit -= early
	}
	err := Wait(ctx, limit, w.Share)
	if errors.Is(err, ErrOverdue) && w.probe != "" {
		w.late = true
		w.Examine(w.probe)
	}
	return err
}

// Stop ends the watch. An examination that has begun goes on to its end before.
func (w *Watchdog) Stop() {
	if w.stop != nil {
		w.stop()
		<-w.stopped
	}
}

// Probe returns the probe that was started last.
func (w *Watchdog) Probe() string { return w.probe }

// Late reports, after [Watchdog.Stop], whether the probe had passed its deadline.
func (w *Watchdog) Late() bool { return w.late }
