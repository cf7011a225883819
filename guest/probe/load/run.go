// Package load keeps a kernel busy and counts what comes of it.
//
// [Run] has workers do their rounds at the same time until a budget is over, and a [Tally]
// adds up what they see: every byte that leaves a pipe, the calls that fail, and what was
// done how often. Which calls a worker makes is the caller's: the probes of stress are.
package load

import (
	"context"
	"fmt"
	"runtime/debug"
	"time"

	"golang.org/x/sync/errgroup"
)

// Run has each worker do its rounds in a goroutine of its own, until d is over and enough
// returns true; nil is always enough. It ends early with the first error. Each worker is
// given a function that reports whether the run goes on.
func Run(ctx context.Context, d time.Duration, enough func() bool, workers ...func(more func() bool) error) error {
	g, ctx := errgroup.WithContext(ctx)
	end := time.Now().Add(d)
	more := func() bool {
		return ctx.Err() == nil && (time.Now().Before(end) || enough != nil && !enough())
	}
	for _, w := range workers {
		g.Go(func() error {
			for more() {
				if err := Recover(func() error { return w(more) }); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return g.Wait()
}

// Recover calls do, and returns an error for a panic or a fault in mapped memory. Either
// would end the process, which would count as the kernel's doing.
func Recover(do func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("a worker panicked: %v", p)
		}
	}()
	return do()
}

// Yield lets the other workers have the processor.
func Yield() { time.Sleep(100 * time.Microsecond) }
