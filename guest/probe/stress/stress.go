// Package stress puts load on the calls that move pages through pipes, and
// checks every byte that comes out.
//
// A probe starts workers (together) that go on until its budget of time is over.
// Whatever leaves a pipe is counted by a [tally]: a byte that was never written
// at its offset is torn, under any contract; a byte that changes between two
// readings of the same pipe buffer has changed after the call returned, which
// only the contract snapshot forbids. The other answer is to survive: a kernel
// that dies is a crash, with its console's line.
//
// The families have a file each: gift.go, race.go, churn.go.
package stress

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"golang.org/x/sync/errgroup"
	"golang.org/x/sys/unix"

	"kmatrix/guest/probe"
	"kmatrix/guest/probe/sys"
	"kmatrix/matrix"
)

// budget is how long a probe works unless the user says otherwise.
const budget = 3 * time.Second

// work is the whole of a probe: it counts in t what it sees.
type work func(ctx context.Context, env *probe.Env, t *tally) error

// question makes a probe. The rest of its name follows the family's.
func question(family, rest, needs, summary string, steps []string, do work) probe.Probe {
	return probe.Probe{
		Probe: matrix.Probe{
			Name: family + "/" + rest, Kind: matrix.Stress, Summary: summary, Steps: steps,
			Needs: needs, Since: "5.10", Budget: budget,
		},
		Run: func(ctx context.Context, env *probe.Env) (probe.Finding, error) {
			var t tally
			before, counted := sys.CountPages()
			if err := do(ctx, env, &t); err != nil {
				return probe.Finding{}, err
			}
			if now, ok := sys.CountPages(); ok && counted {
				t.count("pages moved", now.Moved-before.Moved)
				t.count("pages copied", now.Copied-before.Copied)
			}
			return t.finding()
		},
	}
}

// answers are what the classes of these probes mean.
func answers(changed string) []probe.Answer {
	list := []probe.Answer{
		{Word: string(matrix.Stable), Meaning: "every byte that left a pipe is one that was written at its offset, and none was another when it was read again later"},
		{Word: string(matrix.Torn), Meaning: "bytes that were never written at their offset have left a pipe, or not as many as went in: a bug, whatever the contract"},
		{Word: "crash, hang", Meaning: "the kernel died, or came to no end; the console's line says of what"},
	}
	if changed == "" {
		return list
	}
	more := []probe.Answer{
		{Word: string(matrix.Changed), Meaning: changed},
		{Word: string(matrix.Zeroed), Meaning: "the same, and all that changed became zero: pages were cleared while the pipe refers to them"},
		{Word: string(matrix.Mixed), Meaning: "some changed to what was written, and some to zero"},
	}
	return append(list[:1:1], append(more, list[1:]...)...)
}

// together has workers do their rounds, each on its own, until the time is over
// and enough says so; nil is always enough. It ends early with the first error.
// Each worker gets a function that reports whether it goes on.
func together(ctx context.Context, d time.Duration, enough func() bool, workers ...func(more func() bool) error) error {
	g, ctx := errgroup.WithContext(ctx)
	end := time.Now().Add(d)
	more := func() bool {
		return ctx.Err() == nil && (time.Now().Before(end) || enough != nil && !enough())
	}
	for _, w := range workers {
		g.Go(func() error {
			for more() {
				if err := careful(func() error { return w(more) }); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return g.Wait()
}

// careful makes an error of a panic, and of a fault in memory that is mapped: it
// would end the process, which would count as the kernel's doing.
func careful(do func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("a worker panicked: %v", p)
		}
	}()
	return do()
}

// again makes a call until it is not interrupted.
func again(call func() (int64, error)) (int64, error) {
	for {
		if n, err := call(); !errors.Is(err, unix.EINTR) {
			return n, err
		}
	}
}

// breathe lets the other workers have the processor.
func breathe() { time.Sleep(100 * time.Microsecond) }
