// Package overfill asks whether every byte arrives once when a pipe holds less than is
// moved into it.
//
// A call (memory.go, file.go) moves its data into a narrow pipe until that takes no more;
// a part is read, and the call goes on with what it has not counted as moved. Nobody
// changes the source: other bytes, or too few, are torn.
package overfill

import (
	"context"
	"errors"
	"fmt"

	"golang.org/x/sys/unix"

	"kmatrix/guest/probe"
	"kmatrix/guest/probe/source"
	"kmatrix/guest/probe/sys"
	"kmatrix/matrix"
)

func init() {
	var all []probe.Probe
	for _, w := range memoryWays {
		all = append(all, question{
			rest: w.name + "/anon/dirty", doc: w.doc, what: "48 pages of private memory", pipe: narrowMemory,
			before: []string{fmt.Sprintf("maps private memory and fills %d bytes of it with the old pattern", overfilledSize)},
			ask:    func(*probe.Env) (probe.Finding, error) { return w.ask() },
		}.probe())
	}
	for _, w := range fileWays {
		for _, pl := range w.on {
			for _, s := range pl.states {
				all = append(all, question{
					rest: w.name + "/" + pl.fs + "/" + s.Name, fs: pl.fs, doc: w.doc, what: s.Doc + " on " + pl.fs, pipe: narrowFor(s.Window),
					before: s.Steps(pl.fs),
					ask:    func(env *probe.Env) (probe.Finding, error) { return w.ask(env, pl.fs, s) },
				}.probe())
			}
		}
	}
	probe.Register(probe.Family{
		Name: "stability/overfill", Summary: "does every byte arrive once when a pipe holds less than is moved into it?",
		Origin: "splice(2), vmsplice(2): a call may move less than it was asked to, and returns how much; the rest stays with its owner. A call that takes pages away must not take those that the pipe has no room for",
		Answers: []probe.Answer{
			{Word: string(matrix.Stable), Meaning: "every byte has arrived once, in its place"},
			{Word: string(matrix.Torn), Meaning: "other bytes have arrived, or not as many as the calls have counted: data are lost that no call has counted as moved, or moved twice; a bug, whatever the contract"},
			{Word: "errno:…", Meaning: "the call failed with this error, and not for want of room"},
		},
	}, all...)
}

// narrow is a pipe that holds a part of what is moved into it, in bytes. What is read at a
// time never divides the pipe, so that calls find it free to every extent.
type narrow struct{ pipe, read int64 }

// overfilledSize is how much memory is moved.
const overfilledSize = 48 * page

var narrowMemory = narrow{pipe: 16 * page, read: 3 * page}

// narrowFor returns the pipe for the window of a file.
func narrowFor(window int64) narrow {
	if window >= 1<<20 {
		return narrow{pipe: 64 * page, read: 13 * page}
	}
	return narrow{pipe: 4 * page, read: 3 * page}
}

// question is one probe.
type question struct {
	// rest is what follows the family's name.
	rest, fs string
	// doc says how the data are moved, what says which.
	doc, what string
	pipe      narrow
	// before are the steps that make the source.
	before []string
	ask    func(*probe.Env) (probe.Finding, error)
}

// probe makes the question one.
func (q question) probe() probe.Probe {
	return probe.Probe{
		Probe: matrix.Probe{
			Name: "stability/overfill/" + q.rest, Kind: matrix.Stability, Needs: q.fs, Since: "5.10",
			Summary: fmt.Sprintf("%s of %s into a pipe that holds less, a part of which is read in between: does all of it arrive?", q.doc, q.what),
			Steps: append(q.before[:len(q.before):len(q.before)],
				fmt.Sprintf("moves the data by %s into a pipe of %d pages that does not block, until it takes no more", q.doc, q.pipe.pipe/page),
				fmt.Sprintf("reads %d pages from the pipe, and goes on, until all is moved and read", q.pipe.read/page),
				"counts the bytes that are not the old ones; nobody has changed the source",
				"reads the source again, unless it was given away: intact, stale, lost; what is not intact fails",
			),
		},
		Run: func(_ context.Context, env *probe.Env) (probe.Finding, error) { return q.ask(env) },
	}
}

// fill moves size bytes from start on into the pipe, as many as it takes each time, and
// reads them.
func (n narrow) fill(r *sys.Recorder, p sys.Pipe, start, size int64, move func(off, n int64) (int64, error)) (probe.Finding, error) {
	before, _ := sys.CountPages()
	got, buffer := make([]byte, 0, size), make([]byte, n.read)
	for moved, refused := int64(0), 0; ; {
		for moved < size {
			now, err := move(start+moved, size-moved)
			if errors.Is(err, unix.EAGAIN) {
				refused++
				break
			}
			if err != nil {
				return failed(r, err)
			}
			if now == 0 {
				return probe.Finding{}, fmt.Errorf("the data ended %d bytes early", size-moved)
			}
			moved += now
		}
		if refused == 0 {
			// Linux 6.1 gives a pipe a large folio as one buffer.
			return probe.Finding{}, &probe.PreconditionError{Reason: "the pipe has taken everything at once, so that nothing was asked"}
		}
		part, err := p.Drain(buffer)
		if err != nil {
			return probe.Finding{}, err
		}
		if len(part) == 0 {
			break // that was all, or the pipe has lost what was counted as moved
		}
		got = append(got, part...)
	}
	o := source.Observe(got, source.Old()[start:start+size], start, size)
	if o.Class != matrix.Stable {
		o.Class = matrix.Torn // for nobody has changed anything
	}
	o.Calls = r.Calls
	return probe.Finding{Detail: before.Since(), Finding: matrix.Finding{Observation: &o}}, nil
}

// failed returns the finding of a call under test that failed.
func failed(r *sys.Recorder, err error) (probe.Finding, error) {
	o, failure, err := r.Failed(err)
	if err != nil {
		return probe.Finding{}, err
	}
	return probe.Finding{Detail: failure, Finding: matrix.Finding{Observation: &o}}, nil
}

const page = sys.PageSize
