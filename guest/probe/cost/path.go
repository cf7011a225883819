// Package cost measures what moving data costs, by the paths that the thread is
// about: is what splice saves worth that its data may change, and what would it
// cost to take or to copy pages instead?
//
// A path (a file for each kind: files.go, pipes.go, sockets.go, …) says what one
// pass over the data does, a mebibyte in operations of 4 KiB, 64 KiB or 1 MiB,
// and how it is prepared. How it is measured (measure.go) is the same for all: it warms
// up, times passes and takes their median, and counts what explains it: pages
// copied and moved, faults, what was read from a disk. A profile (profile.go)
// makes the same passes to see which of the kernel's functions they go
// through.
//
// Sender and receiver are one thread, which takes out of a pipe or a socket what
// it has put in before it goes on: one CPU is enough and nothing waits.
package cost

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"

	"kmatrix/guest/probe"
	"kmatrix/guest/probe/source"
	"kmatrix/matrix"
)

// sizes are what an operation moves, by the names that end the probes' names.
var sizes = []struct {
	name  string
	bytes int
}{{"4k", 4 << 10}, {"64k", 64 << 10}, {"1m", passBytes}}

// passBytes is what a pass moves.
const passBytes = 1 << 20

// file is the file that paths move.
var file = source.Cached

// path is a way that data take.
type path struct {
	// name stands in the probes' names, doc in their sentences: "splice from a
	// file into a pipe".
	name, doc string
	// origin says who in the thread asks for it, or which manual page.
	origin string
	// fs is where the file is, "" for a path without one.
	fs string
	// before says what comes before each pass, untimed; "" for nothing.
	before string
	// steps are the calls of an operation; "{size}" stands for its bytes.
	steps []string
	// copies are those that every kernel makes of each byte, from where to where.
	copies []string
	// cold reports whether it is also asked with the file dropped from the page
	// cache before every pass.
	cold bool
	// open makes what the path goes through.
	open func(b *bench) (work, error)
}

// register adds the path at every size, as a family, and one more for a cold
// cache.
func register(p path) {
	from, begin := "", []string{}
	if p.fs != "" {
		from, begin = ", from a cached file on "+p.fs, file.Steps(p.fs)
	}
	p.family(p.name, p.doc, from, begin, nil)
	if p.cold {
		p.before = "fsync and posix_fadvise(DONTNEED), until mincore counts no page of the file"
		p.family(p.name+"-cold", p.doc+", from a cold cache", ", the file dropped from the page cache before each pass", begin, (*bench).dropCache)
	}
}

// family registers the path under a name; prepare comes before each pass and may
// be nil.
func (p path) family(name, doc, from string, begin []string, prepare func(*bench) error) {
	var all []probe.Probe
	for _, s := range sizes {
		var steps []string
		if p.before != "" {
			steps = append(steps, "before each pass, untimed: "+p.before)
		}
		steps = append(steps, fmt.Sprintf("a pass moves %d bytes, %d in each operation", passBytes, s.bytes))
		for _, step := range p.steps {
			steps = append(steps, strings.ReplaceAll(step, "{size}", fmt.Sprint(s.bytes)))
		}
		steps = append(steps, copied(p.copies))
		all = append(all, question{
			name: "cost/" + name + "/" + s.name, fs: p.fs, size: s.bytes,
			summary: fmt.Sprintf("cost per byte of %s, %s at a time%s", p.doc, s.name, from),
			steps:   append(append([]string{}, begin...), steps...),
			open: func(b *bench) (work, error) {
				w, err := p.open(b)
				if prepare != nil {
					w.prepare = func() error { return prepare(b) }
				}
				return w, err
			},
		}.probe())
	}
	probe.Register(describe(name, doc, p.origin, perByte), all...)
}

// What costs are given for, see [matrix.Probe].
const (
	perByte      = "B"
	perOperation = "op"
)

// describe makes a family.
func describe(name, doc, origin, per string) probe.Family {
	of := map[string]string{perByte: "for each byte that was moved", perOperation: "for each call"}[per]
	return probe.Family{
		Name: "cost/" + name, Summary: "what does " + doc + " cost?", Origin: origin,
		Answers: []probe.Answer{
			{Word: "ns/" + per, Meaning: "nanoseconds " + of + ", the median of the passes that waited least often; of a pass that waited, for a disk, those in which its thread had the CPU; less is better"},
			{Word: "insn/" + per, Meaning: "the same in instructions, where the machine's clock counts them"},
		},
	}
}

// question is one probe: how its bench is set up.
type question struct {
	name, summary, fs string
	// per is what its cost is given for; "" is [perByte].
	per string
	// features are what the kernel needs beside the file system, and since is the first
	// that must be able to, "" for "5.10".
	features []string
	since    string
	size     int
	steps    []string
	open     func(b *bench) (work, error)
}

// probe makes the question one.
func (q question) probe() probe.Probe {
	steps := q.steps
	if q.fs != "" {
		steps = append(steps, fmt.Sprintf("makes a pass, untimed, whose bytes are read where they arrive and compared with the file's %d", passBytes))
	}
	return probe.Probe{
		Probe: matrix.Probe{
			Name: q.name, Kind: matrix.Performance, Needs: q.fs, Per: cmp.Or(q.per, perByte), Features: q.features, Since: cmp.Or(q.since, "5.10"), Summary: q.summary,
			Steps: append(steps,
				fmt.Sprintf("repeats passes until they get no faster, then times them until the middle half of %d or more that count agree within %g %%, or %d count, but not more than %d, nor for more than %d ms of CPU time once %d are timed; adds up what the kernel counts meanwhile", enoughPasses, 100*agreement, mostPasses, most, budget.Milliseconds(), leastPasses),
				fmt.Sprintf("those count that waited least often, %d at least: their median is the value", fewestCounted)),
		},
		Run:     func(_ context.Context, env *probe.Env) (probe.Finding, error) { return q.ask(env) },
		Profile: func(_ context.Context, env *probe.Env) (*matrix.ProfileCounts, error) { return q.profile(env) },
	}
}

// setUp opens the question's bench, which the caller closes, also after an error.
func (q question) setUp(env *probe.Env) (b *bench, w work, err error) {
	b = &bench{size: q.size}
	if q.fs != "" {
		dir, err := env.Dir(q.fs)
		if err != nil {
			return b, w, err
		}
		if b.file, err = source.Make(dir, file); err != nil {
			return b, w, err
		}
	}
	w, err = q.open(b)
	return b, w, err
}

// ask measures the cost.
func (q question) ask(env *probe.Env) (found probe.Finding, err error) {
	b, w, err := q.setUp(env)
	defer func() { err = errors.Join(err, b.close()) }()
	if err != nil {
		return probe.Finding{}, err
	}
	if err := b.verify(w); err != nil {
		return probe.Finding{}, err
	}
	sample, detail, err := measure(w, machine)
	if err != nil {
		return probe.Finding{}, err
	}
	if b.file != nil {
		resident, err := b.file.Resident()
		if err != nil {
			return probe.Finding{}, err
		}
		sample.Counters["pages_resident"] = int64(resident)
	}
	return probe.Finding{Finding: matrix.Finding{Sample: sample}, Detail: detail}, nil
}

// profile finds out where the cost arises.
func (q question) profile(env *probe.Env) (counts *matrix.ProfileCounts, err error) {
	b, w, err := q.setUp(env)
	defer func() { err = errors.Join(err, b.close()) }()
	if err != nil {
		return nil, err
	}
	return profileOf(w)
}
