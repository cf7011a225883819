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
	// Examine is called with a probe that is overdue, and Overdue, which may block for
	// ever, when that has returned.
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
// probe begins, of which nothing is to examine. ctx ends the watch.
func (w *Watchdog) Start(ctx context.Context, probe string, limit time.Duration) {
	w.Stop()
	ctx, cancel := context.WithCancel(ctx)
	stopped := make(chan struct{})
	w.probe, w.stop, w.stopped, w.late = probe, cancel, stopped, false
	go func() {
		defer close(stopped)
		err := Wait(ctx, limit, w.Share)
		if errors.Is(err, ErrOverdue) {
			if probe != "" {
				w.late = true
				w.Examine(probe)
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
