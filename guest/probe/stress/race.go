package stress

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"kmatrix/guest/probe"
	"kmatrix/guest/probe/load"
	"kmatrix/guest/probe/source"
	"kmatrix/guest/probe/sys"
)

// Splice from a file that others change at the same time.
func init() {
	const family = "stress/splice-race"
	var all []probe.Probe
	for _, v := range variants() {
		for _, fs := range v.on {
			all = append(all, question(family, v.name+"/"+fs, fs,
				fmt.Sprintf("splice from a file on %s into a pipe while %s, from a thread each: does the pipe deliver only what was ever written there, and twice the same?", fs, v.doc()),
				append([]string{
					fmt.Sprintf("makes a file of %d KiB on %s, of the old pattern; what is written from now on is the old or the new pattern of its offset", raced.Size>>10, fs),
					fmt.Sprintf("reader: splices the next %d KiB into a pipe, and tees that into another", raced.Window>>10),
					"reader: reads the first pipe at once; waits until each of the others has made a round, at most 20 ms; reads the second pipe; counts both readings",
				}, v.steps()...),
				func(ctx context.Context, env *probe.Env, t *load.Tally) error { return v.race(ctx, env, fs, t) }))
		}
	}
	probe.Register(probe.Family{
		Name: family, Summary: "what does a pipe deliver that is filled from a file while others change that?",
		Origin:  "M. Wilcox, 2023-06-29 18:34: after splice has returned, later changes of the file are not to be seen in the pipe; D. Howells, 2023-06-29 15:54, patch 1/4: a page is taken away from a file that others write to, truncate and reclaim",
		Answers: answers("data have changed between the two readings, after the call had returned: the pipe refers to the file's pages"),
	}, all...)
}

// raced is the file: large enough for readahead to bring large folios.
var raced = source.State{Name: "race", Size: 2 << 20, Window: 256 << 10}

// roundTimeout is how long the reader waits for the others between its readings.
const roundTimeout = 20 * time.Millisecond

// race is one reader and those it races with.
type race struct {
	f *source.File
	t *load.Tally
	// zeros reports whether somebody makes zeros.
	zeros bool
	// at is where the reader is.
	at atomic.Int64
	// rounds counts those of each of the others.
	rounds []atomic.Int64
}

// variant is who takes part.
type variant struct {
	name string
	// mutators are those that race with the reader.
	mutators []mutator
	// on are the file systems that it makes sense on.
	on []string
}

func (v variant) doc() string {
	var list []string
	for _, m := range v.mutators {
		list = append(list, m.doc)
	}
	return strings.Join(list, ", ")
}

func (v variant) steps() []string {
	var list []string
	for _, m := range v.mutators {
		list = append(list, m.name+", near the reader, again and again: "+m.step)
	}
	return list
}

// variants returns each mutator alone, and all of them together.
func variants() []variant {
	disks := []string{"xfs", "ext4", "btrfs"}
	var list []variant
	for _, m := range mutators {
		v := variant{name: m.name, mutators: []mutator{m}, on: disks}
		if m.memory {
			v.on = append(slices.Clone(disks), "tmpfs")
		}
		if m.name == "punch" {
			// Zeroing in place what cannot be split is about large folios.
			v.on = append(v.on, "tmpfs-huge")
		}
		list = append(list, v)
	}
	return append(list, variant{name: "all", mutators: mutators, on: disks})
}

func (v variant) race(ctx context.Context, env *probe.Env, fs string, t *load.Tally) (err error) {
	dir, err := env.Dir(fs)
	if err != nil {
		return err
	}
	f, err := source.Make(dir, raced)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	r := &race{f: f, t: t, rounds: make([]atomic.Int64, len(v.mutators))}
	reader, end, err := r.reader()
	if err != nil {
		return err
	}
	defer end()
	workers := []func(func() bool) error{reader}
	for i, m := range v.mutators {
		r.zeros = r.zeros || m.zeros
		round, end, err := m.begin(r, uint64(i))
		if err != nil {
			return fmt.Errorf("begin %s: %w", m.name, err)
		}
		defer func() { err = errors.Join(err, end()) }()
		workers = append(workers, func(more func() bool) error {
			if err := round(more); err != nil {
				return fmt.Errorf("%s: %w", m.name, err)
			}
			r.rounds[i].Add(1)
			t.Count(m.name+" rounds", 1)
			return nil
		})
	}
	// A budget in which nothing was read twice has asked nothing.
	latest := time.Now().Add(env.Budget + grace)
	return load.Run(ctx, env.Budget, func() bool { return t.Times(readTwice) > 0 || time.Now().After(latest) }, workers...)
}

// grace is how long after its budget a race may come to its first reading, on a machine
// that is busy with others.
const grace = 10 * time.Second

// readTwice counts the splices that were read twice.
const readTwice = "splices"

// reader returns the reader's round, and a function that frees its pipes.
func (r *race) reader() (round func(func() bool) error, end func(), err error) {
	first, err := sys.NewPipe(int(r.f.Window))
	if err != nil {
		return nil, nil, err
	}
	second, err := sys.NewPipe(int(r.f.Window))
	if err != nil {
		first.Close()
		return nil, nil, err
	}
	early, late := make([]byte, r.f.Window), make([]byte, r.f.Window)
	return func(more func() bool) error {
		off := r.at.Load()
		defer func() { r.at.Store((off + r.f.Window) % r.f.Size) }()
		n, err := r.t.Splice(r.f.In, off, first, r.f.Window)
		if err != nil || n == 0 {
			load.Yield() // the file ends before here, for now
			return err
		}
		teed, err := r.t.Tee(first, second, n)
		if err != nil {
			return err
		}
		got, err := first.Drain(early[:n])
		if err != nil {
			return err
		}
		r.await(more)
		again, err := second.Drain(late[:teed])
		if err != nil {
			return err
		}
		r.t.Twice(got[:min(teed, int64(len(got)))], again, off, teed, r.zeros)
		r.t.Count(readTwice, 1)
		if teed < n {
			// What was not teed was read once.
			rest := got[min(teed, int64(len(got))):]
			r.t.Twice(rest, rest, off+teed, n-teed, r.zeros)
		}
		return nil
	}, func() { first.Close(); second.Close() }, nil
}

// await waits until each of the others has begun and ended a round.
func (r *race) await(more func() bool) {
	began := make([]int64, len(r.rounds))
	for i := range r.rounds {
		began[i] = r.rounds[i].Load()
	}
	for end := time.Now().Add(roundTimeout); more() && time.Now().Before(end); load.Yield() {
		done := true
		for i := range r.rounds {
			// The round that is going on may have passed already.
			done = done && r.rounds[i].Load() >= began[i]+2
		}
		if done {
			return
		}
	}
}
