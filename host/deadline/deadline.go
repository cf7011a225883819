// Package deadline bounds how long a guest is waited for, on a host that may be too busy
// to let it run.
//
// A deadline is time in which the host let the guest run, as its share of the time since
// it was last asked tells ([Load]): a busy host, or a QEMU that is stopped, makes no guest
// overdue.
// [Wait] waits for one deadline, [Within] bounds one step by it, and a [Watchdog] has one
// probe after the other watched.
package deadline

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// poll is how often the host looks whether a guest could run. What passes between two
// looks counts for maxStep at most: the rest is time in which kmatrix itself was stopped.
const (
	poll    = 250 * time.Millisecond
	maxStep = time.Second
)

// A guest that cannot run is waited for maxFactor times its deadline, and at least minWait.
const (
	maxFactor = 10
	minWait   = time.Minute
)

// ErrOverdue tells that a deadline has passed in which the host let the guest run.
var ErrOverdue = errors.New("overdue")

// StarvedError tells that the host did not let the guest run for its time.
type StarvedError struct {
	// Had is for how long it ran, of the time that has Passed.
	Had, Passed time.Duration
}

// Error tells how little the guest had.
func (e *StarvedError) Error() string {
	return fmt.Sprintf("this host let the guest run for %s of %s: its CPUs are busy, or QEMU was stopped", e.Had.Round(time.Second/10), e.Passed.Round(time.Second))
}

// OverdueError tells what did not happen before a deadline. It is an [ErrOverdue].
type OverdueError struct {
	// Missing is what did not happen: "no answer", "not over".
	Missing string
	// Limit is the deadline, and Took how long it took by the clock, of which Extra
	// was for something else.
	Limit, Took, Extra time.Duration
	// Err is what ended then, and how; nil where that tells nothing.
	Err error
}

// Error names the deadline, and how long it took where this host was slow.
func (e *OverdueError) Error() string {
	text := fmt.Sprintf("%s within %s", e.Missing, e.Limit)
	if ample := e.Limit + e.Extra; e.Took >= ample+ample/4+time.Second {
		text += fmt.Sprintf(" (which took %s: this host let it run for a part of that only)", e.Took.Round(time.Second/10))
	}
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	return text
}

// Is reports whether target is [ErrOverdue].
func (e *OverdueError) Is(target error) bool { return target == ErrOverdue }

// Unwrap returns what ended then.
func (e *OverdueError) Unwrap() error { return e.Err }

// Wait waits until the host has let the guest run for limit, and returns [ErrOverdue].
// share returns which part of the time since it was last called the guest could run, from
// 0 to 1. Where that comes to too little, the guest is waited for ten times the limit, at
// least a minute, and the error is a [*StarvedError]. It is ctx's when that ends first.
func Wait(ctx context.Context, limit time.Duration, share func() float64) error {
	began := time.Now()
	var had time.Duration
	for last := began; had < limit; {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(min(poll, max(limit-had, time.Millisecond))):
		}
		now := time.Now()
		had += time.Duration(float64(min(now.Sub(last), maxStep)) * share())
		last = now
		if passed := now.Sub(began); had < limit && passed > max(maxFactor*limit, minWait) {
			return &StarvedError{had, passed}
		}
	}
	return ErrOverdue
}

// Within calls do with a context that ends at the deadline, see [Wait]. The error is nil
// where do had none, an [*OverdueError] or a [*StarvedError] where the context ended for
// that, and else that of do.
func Within(ctx context.Context, limit time.Duration, share func() float64, do func(context.Context) error) error {
	limited, cancel := context.WithCancelCause(ctx)
	waited := make(chan struct{})
	go func() {
		defer close(waited)
		cancel(Wait(limited, limit, share))
	}()
	began := time.Now()
	err := do(limited)
	cause := context.Cause(limited)
	cancel(nil)
	<-waited
	if err == nil {
		return nil
	}
	if errors.Is(cause, ErrOverdue) {
		return &OverdueError{Missing: "not over", Limit: limit, Took: time.Since(began), Err: err}
	}
	if starved := (*StarvedError)(nil); errors.As(cause, &starved) {
		return starved
	}
	return err
}
