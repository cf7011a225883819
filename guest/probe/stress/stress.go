// Package stress puts load on the calls that move pages through pipes, and
// checks every byte that comes out.
//
// A probe starts workers (package load) that go on until its budget of time is over.
// Whatever leaves a pipe is counted by a [load.Tally]: a byte that was never written at
// its offset is torn, under any contract; a byte that changes between two readings of the
// same pipe buffer has changed after the call returned, which only the contract snapshot
// forbids. A kernel that does not survive is a crash, with its console's line.
//
// The families have a file each: gift.go, race.go, churn.go, writeback.go, failing.go.
package stress

import (
	"context"
	"time"

	"kmatrix/guest/probe"
	"kmatrix/guest/probe/load"
	"kmatrix/guest/probe/sys"
	"kmatrix/matrix"
)

// budget is how long a probe works unless the user says otherwise.
const budget = 3 * time.Second

// work is the whole of a probe: it counts in t what it sees.
type work func(ctx context.Context, env *probe.Env, t *load.Tally) error

// question makes a probe. rest is its name after the family's.
func question(family, rest, needs, summary string, steps []string, do work) probe.Probe {
	return probe.Probe{
		Probe: matrix.Probe{
			Name: family + "/" + rest, Kind: matrix.Stress, Summary: summary, Steps: steps,
			Needs: needs, Since: "5.10", Budget: budget,
		},
		Run: func(ctx context.Context, env *probe.Env) (probe.Finding, error) {
			var t load.Tally
			before, counted := sys.CountPages()
			if err := do(ctx, env, &t); err != nil {
				return probe.Finding{}, err
			}
			if now, ok := sys.CountPages(); ok && counted {
				t.Count("pages moved", now.Moved-before.Moved)
				t.Count("pages copied", now.Copied-before.Copied)
			}
			return t.Finding()
		},
	}
}

// answers returns what the classes of these probes mean; changed is what a change means,
// "" where the probe cannot see one.
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
