package stress

import (
	"context"
	"errors"
	"fmt"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"kmatrix/guest/probe"
	"kmatrix/guest/probe/load"
	"kmatrix/guest/probe/source"
	"kmatrix/guest/probe/sys"
)

const (
	// giftBatch is what one call gives: as many pages as a pipe takes that
	// anybody may make.
	giftBatch = 1 << 20
	// leastGifts is how many pages are given away at least: the author of the RFC
	// reports an oops after a large batch. A machine that is too slow for it gets
	// this much longer than the budget, and then gives up, as the number of pages
	// given tells: a count that is not reached must not look like a hang.
	leastGifts = 32 << 10
	giftGrace  = 9 * time.Second
)

// gift is a kind of memory to give away.
type gift struct {
	name, fs, doc string
	steps         []string
	// begin returns a round, which gives away one batch; two are at it at once.
	begin func(g *giver) (round func() error, end func() error, err error)
}

func init() {
	const family = "stress/vmsplice-gift"
	give := "gives the pages away into a pipe by vmsplice with SPLICE_F_GIFT, in as few calls as the pipe allows"
	take := "reads the pipe: every byte must be the one that was given"
	gifts := []gift{
		{"reuse", "anon", "private memory, which is written to again once the pipe is empty", []string{
			"fills 1 MiB of private memory with the old pattern", give, take,
			"reads the memory: what was given away is there, or zeros are",
		}, beginReuse},
		{"unmap", "anon", "private memory, which is unmapped while it is in the pipe, and other memory put in its place", []string{
			"fills 1 MiB of private memory with the old pattern", give,
			"maps other memory over it, in four parts, and fills that with the new pattern", take,
			"reads the other memory: it holds the new pattern",
		}, beginUnmap},
		{"fork", "anon", "private memory that a child process shares", []string{
			"fills 1 MiB of private memory with the old pattern, and forks", give,
			"has the child copy its memory to where both see it: what is the child's stays", take,
		}, beginFork},
	}
	gifts = append(gifts, gift{"pinned", "xfs", "private memory that a read with O_DIRECT from a file on xfs fills at the same time", []string{
		fmt.Sprintf("fills %d pages of private memory with the old pattern; another thread begins to read a file of the new one into them with O_DIRECT", pinnedBatch/sys.PageSize),
		give, "tees the pipe into another, and reads the first: every byte must be of the old or the new pattern",
		"waits until the read is over, and reads the second pipe: it must hold the same",
	}, beginPinned})
	for _, fs := range []string{"xfs", "ext4", "tmpfs"} {
		gifts = append(gifts, gift{"mapping", fs, "a mapping of a file on " + fs + ", shared or private", []string{
			"maps a file of 1 MiB of the old pattern on " + fs + ": shared and clean, private and clean, shared and dirty, in turn", give, take,
			"reads the mapping, and the file: both hold the old pattern still", "unmaps it",
		}, beginMapping})
	}
	var all []probe.Probe
	for _, g := range gifts {
		needs := g.fs
		if needs == "anon" {
			needs = ""
		}
		all = append(all, question(family, g.name+"/"+g.fs, needs,
			fmt.Sprintf("vmsplice with SPLICE_F_GIFT of %s, again and again until %d pages are given and the time is over, from two threads: does it all arrive, and the kernel survive?", g.doc, leastGifts),
			append([]string{"two threads, each with its own memory and pipe, again and again:"}, g.steps...),
			func(ctx context.Context, env *probe.Env, t *load.Tally) error { return g.run(ctx, env, t) }))
	}
	probe.Register(probe.Family{
		Name: family, Summary: "does everything arrive that is given away with SPLICE_F_GIFT in large batches, and does the kernel survive it?",
		Origin:  "D. Howells, 2023-06-29 15:54, patch 2/4: gifted pages are stolen, and after a large batch of it that version of the kernel oopses in the interval tree; vmsplice(2): who gives pages away must never modify them again, and the probe does not",
		Answers: answers("bytes of other memory have arrived that was put in the place of what was given away, or that a device has written there"),
	}, all...)
}

// giver is one of the threads that give.
type giver struct {
	t *load.Tally
	p sys.Pipe
	// path is the file, "" where there is none.
	path string
	got  []byte
	// n counts the rounds.
	n int64
}

// run gives memory away from two threads until the pages and the budget are used up.
func (g gift) run(ctx context.Context, env *probe.Env, t *load.Tally) (err error) {
	path := ""
	if g.fs != "anon" {
		dir, err := env.Dir(g.fs)
		if err != nil {
			return err
		}
		f, err := source.Make(dir, source.State{Name: "gift", Size: giftBatch, Window: giftBatch, Clean: true})
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, f.Close()) }()
		path = f.Path
	}
	var workers []func(func() bool) error
	for i := range int64(2) {
		p, err := sys.NewPipe(giftBatch)
		if err != nil {
			return err
		}
		defer p.Close()
		one := &giver{t: t, p: p, path: path, got: make([]byte, giftBatch), n: i}
		round, end, err := g.begin(one)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, end()) }()
		workers = append(workers, func(func() bool) error {
			defer func() { one.n++ }()
			return round()
		})
	}
	latest := time.Now().Add(env.Budget + giftGrace)
	return load.Run(ctx, env.Budget, func() bool {
		return t.Times(gifted) >= leastGifts || t.Broken() || time.Now().After(latest)
	}, workers...)
}

// gifted counts pages that were given away.
const gifted = "pages given"

// offset returns where the pattern of the round begins: another offset each time, so that
// the bytes of the last round differ.
func (g *giver) offset() int64 { return g.n * giftBatch % source.MaxFile }

// give gives all of the memory away and returns how much the kernel took; a call that
// fails is noted.
func (g *giver) give(m []byte) (int64, error) {
	took := int64(0)
	for int(took) < len(m) {
		n, err := sys.Retry(func() (int64, error) {
			v := unix.Iovec{Base: &m[took]}
			v.SetLen(len(m) - int(took))
			n, err := unix.Vmsplice(g.p.W, []unix.Iovec{v}, unix.SPLICE_F_GIFT|unix.SPLICE_F_NONBLOCK)
			return int64(n), err
		})
		if err != nil || n == 0 {
			return took, g.t.Fail("vmsplice(GIFT)", err)
		}
		took += n
	}
	g.t.Count(gifted, int(took)/sys.PageSize)
	return took, nil
}

// take reads as much from the pipe as was given, and checks it.
func (g *giver) take(off, n int64) error {
	got, err := g.p.Drain(g.got[:n])
	if err != nil {
		return err
	}
	g.t.Exact(got, off, n)
	return nil
}

// beginReuse writes to the memory again once the pipe is empty.
func beginReuse(g *giver) (func() error, func() error, error) {
	m, err := sys.Anonymous(giftBatch)
	if err != nil {
		return nil, nil, err
	}
	return func() error {
		off := g.offset()
		copy(m, source.Old()[off:])
		n, err := g.give(m)
		if err != nil {
			return err
		}
		if err := g.take(off, n); err != nil {
			return err
		}
		// The giver has no right to what it gave, and none to anything else.
		g.t.Twice(m, m, off, giftBatch, true)
		return nil
	}, func() error { return unix.Munmap(m) }, nil
}

// beginUnmap maps other memory in the place of what is in the pipe.
func beginUnmap(g *giver) (func() error, func() error, error) {
	m, err := sys.Anonymous(giftBatch)
	if err != nil {
		return nil, nil, err
	}
	return func() error {
		off := g.offset()
		copy(m, source.Old()[off:])
		n, err := g.give(m)
		if err != nil {
			return err
		}
		const part = giftBatch / 4
		for at := 0; at < giftBatch; at += part {
			// A mapping of what is mapped unmaps that first (mmap(2)).
			if _, err := unix.MmapPtr(-1, 0, unsafe.Pointer(&m[at]), part, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANONYMOUS|unix.MAP_FIXED); err != nil {
				return fmt.Errorf("map other memory in its place: %w", err)
			}
			copy(m[at:at+part], source.New(off+int64(at), part))
		}
		if err := g.take(off, n); err != nil {
			return err
		}
		other := source.New(off, giftBatch)
		g.t.Twice(other, m, off, giftBatch, false)
		return nil
	}, func() error { return unix.Munmap(m) }, nil
}

// beginMapping maps the file anew each round.
func beginMapping(g *giver) (func() error, func() error, error) {
	fd, err := unix.Open(g.path, unix.O_RDWR|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, nil, fmt.Errorf("open the file: %w", err)
	}
	return func() (err error) {
		kind, dirty := unix.MAP_SHARED, g.n%3 == 2
		if g.n%3 == 1 {
			kind = unix.MAP_PRIVATE
		}
		m, err := unix.Mmap(fd, 0, giftBatch, unix.PROT_READ|unix.PROT_WRITE, kind)
		if err != nil {
			return fmt.Errorf("map the file: %w", err)
		}
		defer func() { err = errors.Join(err, unix.Munmap(m)) }()
		if dirty {
			copy(m, source.Old()) // what is there already
		} else if err := g.t.Fail("fsync", unix.Fsync(fd)); err != nil {
			return err
		}
		n, err := g.give(m)
		if err != nil {
			return err
		}
		if err := g.take(0, n); err != nil {
			return err
		}
		g.t.Exact(m, 0, giftBatch)
		read, err := sys.Retry(func() (int64, error) {
			n, err := unix.Pread(fd, g.got, 0)
			return int64(n), err
		})
		if err != nil {
			return g.t.Fail("pread", err)
		}
		g.t.Exact(g.got[:read], 0, giftBatch)
		return nil
	}, func() error { return unix.Close(fd) }, nil
}
