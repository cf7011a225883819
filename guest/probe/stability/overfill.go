package stability

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"golang.org/x/sys/unix"

	"kmatrix/guest/probe"
	"kmatrix/guest/probe/source"
	"kmatrix/guest/probe/sys"
	"kmatrix/matrix"
)

// Pipes that hold less than is moved into them: what a call does not count as
// moved, the next one moves, and every byte arrives once.
func init() {
	var all []probe.Probe
	for _, w := range memoryWays {
		all = append(all, overfill{
			rest: w.name + "/anon/dirty", doc: w.doc, what: "48 pages of private memory", pipe: narrowMemory,
			before: []string{fmt.Sprintf("maps private memory and fills %d bytes of it with the old pattern", overfilledSize)},
			ask:    func(*probe.Env) (probe.Finding, error) { return w.overfill() },
		}.probe())
	}
	for _, w := range fileWays {
		for _, pl := range w.on {
			for _, s := range pl.states {
				all = append(all, overfill{
					rest: w.name + "/" + pl.fs + "/" + s.Name, fs: pl.fs, doc: w.doc, what: s.Doc + " on " + pl.fs, pipe: narrowFor(s.Window),
					before: s.Steps(pl.fs),
					ask:    func(env *probe.Env) (probe.Finding, error) { return w.overfill(env, pl.fs, s) },
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

// narrow is a pipe that holds a part of what is moved into it. What is read at a
// time never divides the pipe, so that calls find all kinds of room.
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

// overfill is one of these probes.
type overfill struct {
	// rest is what follows the family's name.
	rest, fs string
	// doc says how the data are moved, what says which.
	doc, what string
	pipe      narrow
	// before are the steps that make the source.
	before []string
	ask    func(*probe.Env) (probe.Finding, error)
}

func (o overfill) probe() probe.Probe {
	return probe.Probe{
		Probe: matrix.Probe{
			Name: "stability/overfill/" + o.rest, Kind: matrix.Stability, Needs: o.fs, Since: "5.10",
			Summary: fmt.Sprintf("%s of %s into a pipe that holds less, a part of which is read in between: does all of it arrive?", o.doc, o.what),
			Steps: append(o.before[:len(o.before):len(o.before)],
				fmt.Sprintf("moves the data by %s into a pipe of %d pages that does not block, until it takes no more", o.doc, o.pipe.pipe/page),
				fmt.Sprintf("reads %d pages from the pipe, and goes on, until all is moved and read", o.pipe.read/page),
				"counts the bytes that are not the old ones; nobody has changed the source",
				"reads the source again, unless it was given away: intact, stale, lost; what is not intact fails",
			),
		},
		Run: func(_ context.Context, env *probe.Env) (probe.Finding, error) { return o.ask(env) },
	}
}

// fill moves size bytes from start on into the pipe as there is room, and reads
// them.
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
				return failure(r, err)
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

// memoryWay is a call that moves memory into a pipe.
type memoryWay struct {
	name, doc    string
	flags, shift int
}

var memoryWays = []memoryWay{
	{"vmsplice", "vmsplice", 0, 0},
	{"vmsplice-gift", "vmsplice with SPLICE_F_GIFT", unix.SPLICE_F_GIFT, 0},
	{"vmsplice-unaligned", "vmsplice from the middle of a page", 0, vmspliceShift},
	{"vmsplice-gift-unaligned", "vmsplice with SPLICE_F_GIFT from the middle of a page", unix.SPLICE_F_GIFT, vmspliceShift},
}

func (w memoryWay) overfill() (found probe.Finding, err error) {
	whole, err := sys.Anonymous(overfilledSize + page)
	if err != nil {
		return found, err
	}
	defer func() { err = errors.Join(err, unix.Munmap(whole)) }()
	memory := whole[w.shift : w.shift+overfilledSize]
	copy(memory, source.Old()) // as much as there is room for
	p, err := sys.NewPipe(int(narrowMemory.pipe))
	if err != nil {
		return found, err
	}
	defer p.Close()
	r, flags := &sys.Recorder{}, w.flags|unix.SPLICE_F_NONBLOCK
	found, err = narrowMemory.fill(r, p, 0, overfilledSize, func(off, n int64) (int64, error) {
		return r.Do(fmt.Sprintf("vmsplice(pipe, the rest, %#x)", flags), func() (int64, error) {
			n, err := sys.RawVmsplice(p.W, memory[off:off+n], flags)
			return int64(n), err
		})
	})
	if err != nil || w.flags&unix.SPLICE_F_GIFT != 0 {
		return found, err
	}
	state, wrong := source.Held(memory, source.Old()[:overfilledSize], 0)
	found.Observation.Source, found.Detail = state, cmp.Or(wrong, found.Detail)
	return found, nil
}
