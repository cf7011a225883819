package host

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// How a guest is waited for: how often the host looks whether it could run, how
// much of its time a look that comes late takes away, and how many times its
// deadline, and at least how long, the host waits for one that cannot.
const (
	glance        = 250 * time.Millisecond
	lateGlance    = time.Second
	mostPatience  = 10
	leastPatience = time.Minute
)

// errOverdue ends a guest that has passed a deadline.
var errOverdue = errors.New("overdue")

// starvedError ends a guest that this host did not let run for its time.
type starvedError struct {
	had, passed time.Duration
}

// Error tells how little it had.
func (e *starvedError) Error() string {
	return fmt.Sprintf("this host let the guest run for %s of %s: its CPUs are busy, or QEMU was stopped", e.had.Round(time.Second/10), e.passed.Round(time.Second))
}

// outlast waits until a guest has had a time in which this host let it run, as
// share tells of the time since it was asked last, and returns [errOverdue]. A busy
// host, or a QEMU that is stopped, thus makes no hang of a guest: it is waited for
// ten times as long, at least a minute, and then the error is a [*starvedError]. A
// time in which kmatrix itself was stopped counts as a second. The error is ctx's
// when that ends first.
func outlast(ctx context.Context, limit time.Duration, share func() float64) error {
	began := time.Now()
	var had time.Duration
	for last := began; had < limit; {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(min(glance, max(limit-had, time.Millisecond))):
		}
		now := time.Now()
		had += time.Duration(float64(min(now.Sub(last), lateGlance)) * share())
		last = now
		if passed := now.Sub(began); had < limit && passed > max(mostPatience*limit, leastPatience) {
			return &starvedError{had, passed}
		}
	}
	return errOverdue
}

// within runs one phase under its deadline.
func within(ctx context.Context, p phase, limit time.Duration, share func() float64, do func(context.Context) error) end {
	limited, cancel := context.WithCancelCause(ctx)
	watched := make(chan struct{})
	go func() {
		defer close(watched)
		cancel(outlast(limited, limit, share))
	}()
	began := time.Now()
	err := do(limited)
	cause := context.Cause(limited)
	cancel(nil)
	<-watched
	if err == nil {
		return end{}
	}
	e := end{phase: p, err: err, overdue: errors.Is(cause, errOverdue)}
	if e.overdue {
		e.err = fmt.Errorf("not over within %s%s: %w", limit, passed(limit, time.Since(began)), err)
	}
	var starved *starvedError
	if errors.As(cause, &starved) {
		e.infra, e.spoiled = starved, true
	}
	return e
}

// passed says how long a deadline took, where this host was slow; else "".
func passed(limit, took time.Duration) string {
	if took < limit+limit/4+time.Second {
		return ""
	}
	return fmt.Sprintf(" (which took %s: this host let it run for a part of that only)", took.Round(time.Second/10))
}

// watch watches over the probe that is waited for, by the host's clock alone: that
// of a guest may run fast, or jump.
type watch struct {
	ctx   context.Context
	share func() float64
	// examine looks at a guest whose probe is overdue, overdue tells the guest to
	// end the probe, and giveUp comes grace later, or with a [*starvedError].
	examine, overdue func(probe string)
	giveUp           func(error)
	grace            time.Duration
	// probe is the one that runs, "" when the next has not begun.
	probe string
	// late tells that it has passed its deadline; it is read when the waiting is over.
	late bool
	// end ends the waiting for it, and ended is closed then.
	end   context.CancelFunc
	ended chan struct{}
}

// set begins to wait for a probe, or with "" for the next one to begin.
func (w *watch) set(probe string, limit time.Duration) {
	w.stop()
	ctx, cancel := context.WithCancel(w.ctx)
	ended := make(chan struct{})
	w.probe, w.end, w.ended, w.late = probe, cancel, ended, false
	go func() {
		defer close(ended)
		err := outlast(ctx, limit, w.share)
		if errors.Is(err, errOverdue) {
			if probe != "" {
				w.late = true
				w.examine(probe)
				// The guest may read late, or never.
				go w.overdue(probe)
			}
			err = outlast(ctx, w.grace, w.share)
		}
		if ctx.Err() == nil {
			w.giveUp(err)
		}
	}()
}

// stop ends the waiting. An examination goes on to its end.
func (w *watch) stop() {
	if w.end != nil {
		w.end()
		<-w.ended
	}
}
