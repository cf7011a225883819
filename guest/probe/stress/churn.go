package stress

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"

	"golang.org/x/sys/unix"

	"kmatrix/guest/probe"
	"kmatrix/guest/probe/load"
	"kmatrix/guest/probe/source"
	"kmatrix/guest/probe/sys"
)

// churned is the file that pipes are filled from; nobody changes it.
var churned = source.State{Name: "churn", Size: 1 << 20, Window: 64 << 10, Clean: true}

// Pipes are resized, closed, many, and duplicated while data move through them.
func init() {
	const family = "stress/pipe-churn"
	kinds := []struct {
		name, doc string
		steps     []string
		work      func(c *churn, ctx context.Context, env *probe.Env) error
	}{
		{"resize", "a file's bytes move through two pipes, by splice, that are resized all the while", []string{
			"splices the file, again and again from its beginning, into a pipe, and from there into another",
			"another thread gives either of them another size by F_SETPIPE_SZ: 4 KiB to 1 MiB; one that holds more than that refuses (EBUSY)",
			"another reads the second pipe, or splices it into a file and reads that: the bytes must come in their order",
		}, (*churn).resize},
		{"close", "pipes are closed while they are spliced into and out of", []string{
			"splices a part of the file into a pipe, and tees that into another",
			"a thread goes on to splice into the pipe while its only reader is closed, or out of it while its only writer is",
			"reads the other pipe, and what was moved out: every byte must be the file's",
		}, (*churn).close},
		{"many", fmt.Sprintf("%d pipes are filled from one file, and read and closed in any order", manyPipes), []string{
			fmt.Sprintf("drops the file's pages from the cache and splices 64 KiB of it into each of %d pipes", manyPipes),
			"in any order reads each, or closes it as it is and makes another in its place",
		}, (*churn).many},
		{"tee", fmt.Sprintf("a chain of %d pipes is filled by tee, and read in any order", chain), []string{
			"drops the file's pages from the cache and splices 64 KiB of it into a pipe",
			fmt.Sprintf("tees them into another, from there into the next, up to %d; in between closes some", chain),
			"reads those that are left in any order: each must hold the file's bytes",
		}, (*churn).tee},
	}
	var all []probe.Probe
	for _, k := range kinds {
		for _, fs := range []string{"xfs", "tmpfs"} {
			all = append(all, question(family, k.name+"/"+fs, fs,
				fmt.Sprintf("%s, of a file on %s: does every byte come out as it went in?", k.doc, fs),
				append([]string{fmt.Sprintf("makes a file of %d KiB on %s, of the old pattern, that nobody changes; then, again and again:", churned.Size>>10, fs)}, k.steps...),
				func(ctx context.Context, env *probe.Env, t *load.Tally) (err error) {
					dir, err := env.Dir(fs)
					if err != nil {
						return err
					}
					f, err := source.Make(dir, churned)
					if err != nil {
						return err
					}
					defer func() { err = errors.Join(err, f.Close()) }()
					return k.work(&churn{f: f, t: t, scratch: filepath.Join(dir, "scratch")}, ctx, env)
				}))
		}
	}
	probe.Register(probe.Family{
		Name: family, Summary: "do pipes that are resized, closed, many, and duplicated deliver what went in?",
		Origin:  "L. Torvalds, 2023-07-19 23:20 and 23:48: pipes are the buffer between whatever ends, and tee duplicates them, but few do it; D. Howells, 2023-06-29 15:54, patch 3/4: who releases a pipe's pages, and how, changes",
		Answers: answers(""),
	}, all...)
}

const (
	// manyPipes is how many pipes are open at a time: fewer than
	// half of the 1024 descriptors that a process has at least.
	manyPipes = 400
	// chain is how many pipes hold the same pages.
	chain = 16
)

// churn is one probe's file.
type churn struct {
	f *source.File
	t *load.Tally
	// scratch is the path of another file.
	scratch string
}

// forget drops the file's pages from the cache, so that a kernel that takes pages for
// pipes has them to take.
func (c *churn) forget() error {
	return c.t.Fail("fadvise(DONTNEED)", unix.Fadvise(c.f.File, 0, 0, unix.FADV_DONTNEED))
}

// many fills many pipes.
func (c *churn) many(ctx context.Context, env *probe.Env) (err error) {
	const size = 64 << 10
	pipes := make([]sys.Pipe, 0, manyPipes)
	defer func() {
		for _, p := range pipes {
			p.Close()
		}
	}()
	for range manyPipes {
		p, err := sys.NewPipe(size)
		if err != nil {
			return err
		}
		pipes = append(pipes, p)
	}
	rng, buffer, held := rand.New(rand.NewPCG(3, 0)), make([]byte, size), make([]int64, manyPipes)
	offset := func(i int) int64 { return int64(i) * 3 * sys.PageSize % (c.f.Size - size) }
	return load.Run(ctx, env.Budget, nil, func(func() bool) error {
		if err := c.forget(); err != nil {
			return err
		}
		for i, p := range pipes {
			// What was left inside goes first.
			for held[i] = 0; held[i] < size; {
				n, err := c.t.Splice(c.f.In, offset(i)+held[i], p, size-held[i])
				if err != nil {
					return err
				}
				if n == 0 {
					break
				}
				held[i] += n
			}
		}
		for _, i := range rng.Perm(manyPipes) {
			if rng.IntN(4) > 0 {
				got, err := pipes[i].Drain(buffer[:held[i]])
				if err != nil {
					return err
				}
				c.t.Exact(got, offset(i), held[i])
				continue
			}
			pipes[i].Close()
			if pipes[i], err = sys.NewPipe(size); err != nil {
				// What is closed must not be closed again.
				pipes = append(pipes[:i:i], pipes[i+1:]...)
				return err
			}
			c.t.Count("pipes closed full", 1)
		}
		c.t.Count("rounds", 1)
		return nil
	})
}

// tee fills chains of pipes.
func (c *churn) tee(ctx context.Context, env *probe.Env) error {
	var workers []func(func() bool) error
	for i := range uint64(2) {
		rng, buffer := rand.New(rand.NewPCG(4, i)), make([]byte, c.f.Window)
		workers = append(workers, func(func() bool) error { return c.teeOne(rng, buffer) })
	}
	return load.Run(ctx, env.Budget, nil, workers...)
}

func (c *churn) teeOne(rng *rand.Rand, buffer []byte) error {
	if err := c.forget(); err != nil {
		return err
	}
	off := rng.Int64N((c.f.Size-c.f.Window)/sys.PageSize) * sys.PageSize
	links := map[int]sys.Pipe{}
	defer func() {
		for _, p := range links {
			p.Close()
		}
	}()
	n := int64(0)
	for i := range chain {
		p, err := sys.NewPipe(int(c.f.Window))
		if err != nil {
			return err
		}
		links[i] = p
		if i == 0 {
			if n, err = c.t.Splice(c.f.In, off, p, c.f.Window); err != nil || n == 0 {
				return err
			}
			continue
		}
		got, err := c.t.Tee(links[i-1], p, n)
		if err != nil {
			return err
		}
		c.t.Count("tees", 1)
		if got != n {
			return fmt.Errorf("tee duplicated %d bytes of %d", got, n)
		}
		if i > 1 && rng.IntN(4) == 0 {
			// The pages live on in the pipes before and after.
			links[i-2].Close()
			delete(links, i-2)
		}
	}
	for _, i := range rng.Perm(chain) {
		p, ok := links[i]
		if !ok {
			continue
		}
		got, err := p.Drain(buffer[:n])
		if err != nil {
			return err
		}
		c.t.Exact(got, off, n)
	}
	return nil
}
