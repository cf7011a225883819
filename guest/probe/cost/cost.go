// Package cost measures what moving data costs.
package cost

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"slices"

	"golang.org/x/sys/unix"

	"kmatrix/guest/probe"
	"kmatrix/guest/probe/source"
	"kmatrix/guest/probe/sys"
	"kmatrix/matrix"
)

const (
	// costPasses is how many times at least the file is passed over: the value
	// is the median of the passes.
	costPasses = 21
	// costNanoseconds is how long they go on at least.
	costNanoseconds = 60e6
)

// path moves n bytes of the source from off into the pipe.
type path func(f *source.File, p sys.Pipe, off int64, n int) (int, error)

// registerCost registers the cost of a path that fills a pipe from a file, an
// operation at a time.
func registerCost(name, doc string, size int, sizeName string, move path) {
	probe.Register(probe.Family{
		Name: "cost/" + name, Summary: "what does " + doc + " cost for each byte?",
		Origin:  "L. Torvalds, 2023-06-29 17:56 and 2023-07-19 23:20: zero copies are the point of splice; how much is lost without them?",
		Answers: []probe.Answer{{Word: "ns/B", Meaning: "nanoseconds of wall clock for each byte that was moved, the median of the passes; less is better"}},
	}, probe.Probe{
		Probe: matrix.Probe{
			Name: "cost/" + name + "/" + sizeName, Kind: matrix.Performance, Needs: "xfs", Since: "5.10",
			Summary: fmt.Sprintf("time per byte of %s, %s at a time, from a cached file on xfs into a pipe that is spliced to /dev/null, which is counted too", doc, sizeName),
			Steps: []string{
				"makes a file of 1 MiB on xfs, written back and cached",
				fmt.Sprintf("moves %s into a pipe by %s, splices the pipe to /dev/null, and so on to the end of the file: one pass", sizeName, doc),
				fmt.Sprintf("times at least %d passes, for at least %d ms, and takes the median", costPasses, int(costNanoseconds/1e6)),
			},
		},
		Run: func(_ context.Context, env *probe.Env) (probe.Finding, error) { return cost(env, size, move) },
	})
}

func init() {
	registerCost("splice-file-pipe", "splice", 64<<10, "64k", func(f *source.File, p sys.Pipe, off int64, n int) (int, error) {
		moved, err := unix.Splice(f.In, &off, p.W, nil, n, 0)
		return int(moved), err
	})
	buffer := make([]byte, 64<<10)
	registerCost("read-write", "read and write", 64<<10, "64k", func(f *source.File, p sys.Pipe, off int64, n int) (int, error) {
		got, err := unix.Pread(f.In, buffer[:n], off)
		if err != nil {
			return 0, err
		}
		return unix.Write(p.W, buffer[:got])
	})
}

// cost times passes over the file. The thread is locked and the collector off
// while the clock runs.
func cost(env *probe.Env, size int, move path) (found probe.Finding, err error) {
	dir, err := env.Dir("xfs")
	if err != nil {
		return probe.Finding{}, err
	}
	f, err := source.Make(dir, source.Cached)
	if err != nil {
		return probe.Finding{}, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	p, err := sys.NewPipe(max(size, 64<<10))
	if err != nil {
		return probe.Finding{}, err
	}
	defer p.Close()
	null, err := unix.Open(os.DevNull, unix.O_WRONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return probe.Finding{}, fmt.Errorf("open %s: %w", os.DevNull, err)
	}
	defer unix.Close(null) //nolint:errcheck // /dev/null keeps nothing

	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	before, _ := sys.CountPages()
	var passes []float64
	for total := 0.0; len(passes) < costPasses || total < costNanoseconds; {
		began, err := now()
		if err != nil {
			return probe.Finding{}, err
		}
		for off := int64(0); off < f.Size; off += int64(size) {
			if err := moveOut(f, p, null, off, size, move); err != nil {
				return probe.Finding{}, err
			}
		}
		ended, err := now()
		if err != nil {
			return probe.Finding{}, err
		}
		passes = append(passes, float64(ended-began)/float64(f.Size))
		total += float64(ended - began)
	}
	// The first pass finds cold caches; it is the slowest and never the median.
	slices.Sort(passes)
	return probe.Finding{Sample: &matrix.Sample{
		Value: passes[len(passes)/2], Unit: "ns/B", Better: matrix.Lower, Clock: matrix.ClockWall,
		Iterations: len(passes), Low: passes[0], High: passes[len(passes)-1],
	}, Detail: before.Since()}, nil
}

// moveOut moves one operation's bytes into the pipe and out of it.
func moveOut(f *source.File, p sys.Pipe, null int, off int64, size int, move path) error {
	for left := size; left > 0; {
		n, err := move(f, p, off, left)
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if err != nil || n == 0 {
			return fmt.Errorf("move %d bytes at %d: %d, %w", left, off, n, err)
		}
		for out := n; out > 0; {
			m, err := unix.Splice(p.R, nil, null, nil, out, 0)
			if errors.Is(err, unix.EINTR) {
				continue
			}
			if err != nil || m == 0 {
				return fmt.Errorf("drain %d bytes: %d, %w", out, m, err)
			}
			out -= int(m)
		}
		off, left = off+int64(n), left-n
	}
	return nil
}

// now reads a clock that nothing adjusts, in nanoseconds.
func now() (int64, error) {
	var ts unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC_RAW, &ts); err != nil {
		return 0, fmt.Errorf("read the clock: %w", err)
	}
	return ts.Nano(), nil
}
