package probe

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"slices"

	"golang.org/x/sys/unix"

	"kmatrix/matrix"
)

// cached is the source of the cost probes: 1 MiB, clean and in the page cache.
var cached = state{name: "cached", size: 1 << 20, window: 64 << 10}

const (
	// costPasses is how many times at least the file is passed over: the value
	// is the median of the passes.
	costPasses = 21
	// costNanoseconds is how long they go on at least.
	costNanoseconds = 60e6
)

// path moves n bytes of the source from off into the pipe.
type path func(f *source, p pipe, off int64, n int) (int, error)

// registerCost registers the cost of a path that fills a pipe from a file, an
// operation at a time.
func registerCost(name, doc string, size int, sizeName string, move path) {
	register(Probe{
		Probe: matrix.Probe{
			Name: "cost/" + name + "/" + sizeName, Kind: matrix.Performance, Needs: "xfs", Since: "5.10",
			Doc: fmt.Sprintf("time per byte of %s, %s at a time, from a cached file on xfs into a pipe that is spliced to /dev/null, which is counted too", doc, sizeName),
		},
		Run: func(_ context.Context, env *Env) (Finding, error) { return cost(env, size, move) },
	})
}

func init() {
	registerCost("splice-file-pipe", "splice", 64<<10, "64k", func(f *source, p pipe, off int64, n int) (int, error) {
		moved, err := unix.Splice(f.in, &off, p.w, nil, n, 0)
		return int(moved), err
	})
	buffer := make([]byte, 64<<10)
	registerCost("read-write", "read and write", 64<<10, "64k", func(f *source, p pipe, off int64, n int) (int, error) {
		got, err := unix.Pread(f.in, buffer[:n], off)
		if err != nil {
			return 0, err
		}
		return unix.Write(p.w, buffer[:got])
	})
}

// cost times passes over the file. The thread is locked and the collector off
// while the clock runs.
func cost(env *Env, size int, move path) (found Finding, err error) {
	dir, err := env.dir("xfs")
	if err != nil {
		return Finding{}, err
	}
	f, err := newSource(dir, cached)
	if err != nil {
		return Finding{}, err
	}
	defer func() { err = errors.Join(err, f.close()) }()
	if err := unix.Fsync(f.file); err != nil {
		return Finding{}, fmt.Errorf("fsync: %w", err)
	}
	p, err := newPipe(max(size, 64<<10))
	if err != nil {
		return Finding{}, err
	}
	defer p.close()
	null, err := unix.Open(os.DevNull, unix.O_WRONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return Finding{}, fmt.Errorf("open %s: %w", os.DevNull, err)
	}
	defer unix.Close(null) //nolint:errcheck // /dev/null keeps nothing

	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	before, _ := countPages()
	var passes []float64
	for total := 0.0; len(passes) < costPasses || total < costNanoseconds; {
		began, err := now()
		if err != nil {
			return Finding{}, err
		}
		for off := int64(0); off < f.size; off += int64(size) {
			if err := moveOut(f, p, null, off, size, move); err != nil {
				return Finding{}, err
			}
		}
		ended, err := now()
		if err != nil {
			return Finding{}, err
		}
		passes = append(passes, float64(ended-began)/float64(f.size))
		total += float64(ended - began)
	}
	// The first pass finds cold caches; it is the slowest and never the median.
	slices.Sort(passes)
	return Finding{Sample: &matrix.Sample{
		Value: passes[len(passes)/2], Unit: "ns/B", Better: matrix.Lower, Clock: matrix.ClockWall,
		Iterations: len(passes), Low: passes[0], High: passes[len(passes)-1],
	}, Detail: before.since()}, nil
}

// moveOut moves one operation's bytes into the pipe and out of it.
func moveOut(f *source, p pipe, null int, off int64, size int, move path) error {
	for left := size; left > 0; {
		n, err := move(f, p, off, left)
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if err != nil || n == 0 {
			return fmt.Errorf("move %d bytes at %d: %d, %w", left, off, n, err)
		}
		for out := n; out > 0; {
			m, err := unix.Splice(p.r, nil, null, nil, out, 0)
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
