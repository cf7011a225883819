package stress

import (
	"context"
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"

	"kmatrix/guest/probe"
	"kmatrix/guest/probe/load"
	"kmatrix/guest/probe/source"
	"kmatrix/guest/probe/sys"
)

const (
	// failingSize is what one call moves: several large folios of a file that was
	// written in steps.
	failingSize = 256 << 10
	failingStep = 64 << 10
)

// Calls whose allocations fail, one after the other: what they say to have moved
// must be there, and the rest must be to be had yet.
func init() {
	const family = "stress/alloc-fails"
	var all []probe.Probe
	add := func(call, fs, needs, doc string, steps []string, do work) {
		p := question(family, call+"/"+fs, needs,
			fmt.Sprintf("%s into a pipe, and the first, second, … allocation of a page within the call fails: does all arrive that was counted, and the rest by a second call?", doc),
			append(steps,
				fmt.Sprintf("moves %d KiB into a pipe by one call in which the nth allocation of a page fails (/proc/PID/fail-nth), for n = 1, 2, … until a call makes fewer", failingSize>>10),
				"reads as much from the pipe as the call has counted: every byte must be the old one of its offset",
				"moves the rest without a failure, and reads it likewise",
			), do)
		p.Features = []string{sys.FailingFeature}
		all = append(all, p)
	}
	for _, fs := range []string{"xfs", "ext4", "tmpfs"} {
		add("splice", fs, fs, "splice from a file on "+fs+" that was just written", []string{
			fmt.Sprintf("writes %d KiB of the old pattern to a file on %s, %d KiB at a time: its folios are as large as the file system makes them", failingSize>>10, fs, failingStep>>10),
		}, func(ctx context.Context, env *probe.Env, t *load.Tally) error { return failingSplice(ctx, env, fs, t) })
	}
	for _, v := range []struct {
		name, doc string
		flags     int
	}{{"vmsplice", "vmsplice", 0}, {"vmsplice-gift", "vmsplice with SPLICE_F_GIFT", unix.SPLICE_F_GIFT}} {
		add(v.name, "anon", "", v.doc+" of private memory", []string{
			fmt.Sprintf("fills %d KiB of private memory with the old pattern", failingSize>>10),
		}, func(ctx context.Context, env *probe.Env, t *load.Tally) error {
			return failingVmsplice(ctx, env, v.flags, t)
		})
	}
	probe.Register(probe.Family{
		Name: family, Summary: "does a call whose allocation fails halfway deliver what it says, and no more?",
		Origin:  "splice(2): ENOMEM, or less than was asked for; a call that copies allocates a page for each, within a folio of the file, too. It takes a kernel that fails allocations (CONFIG_FAIL_PAGE_ALLOC, CONFIG_FAULT_INJECTION_DEBUG_FS)",
		Answers: answers("the old bytes of another offset, or none"),
	}, all...)
}

// failNth counts calls in which an allocation failed.
const failNth = "calls with an allocation that failed"

// failing moves n bytes by a call in which each allocation fails in turn. prepare
// brings the source into its state; move moves what is left from off on.
func failing(ctx context.Context, env *probe.Env, t *load.Tally, prepare func() error, move func(p sys.Pipe, off int64) (int64, error)) error {
	if _, err := os.Stat("/proc/self/fail-nth"); errors.Is(err, os.ErrNotExist) {
		return &probe.UnsupportedError{Reason: "the kernel fails no allocations: it has no CONFIG_FAULT_INJECTION"}
	}
	p, err := sys.NewPipe(failingSize)
	if err != nil {
		return err
	}
	defer p.Close()
	buffer, nth := make([]byte, failingSize), 0
	return load.Run(ctx, env.Budget, func() bool { return t.Times(failNth) > 0 || t.Broken() }, func(func() bool) error {
		if err := prepare(); err != nil {
			return err
		}
		nth++
		var moved int64
		var callErr error
		failed, err := sys.FailNth(nth, func() {
			moved, callErr = sys.Retry(func() (int64, error) { return move(p, 0) })
		})
		if err != nil {
			return err
		}
		if failed {
			t.Count(failNth, 1)
		} else {
			nth = 0
		}
		if errors.Is(callErr, unix.ENOMEM) && failed {
			moved, callErr = 0, nil
		}
		if callErr != nil {
			return t.Fail("the call whose allocation fails", callErr)
		}
		for off := int64(0); ; {
			got, err := p.Drain(buffer[:moved])
			if err != nil {
				return err
			}
			t.Exact(got, off, moved)
			if off += moved; off == failingSize {
				return nil
			}
			if moved, err = sys.Retry(func() (int64, error) { return move(p, off) }); err != nil {
				return t.Fail("the call for the rest", err)
			}
			if moved == 0 {
				return fmt.Errorf("the data ended %d bytes early", failingSize-off)
			}
		}
	})
}

func failingSplice(ctx context.Context, env *probe.Env, fs string, t *load.Tally) (err error) {
	dir, err := env.Dir(fs)
	if err != nil {
		return err
	}
	f, err := source.Make(dir, source.State{Name: "failing", Size: failingSize, Window: failingSize})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	return failing(ctx, env, t, func() error {
		if err := unix.Ftruncate(f.File, 0); err != nil {
			return fmt.Errorf("truncate the file: %w", err)
		}
		for off := int64(0); off < failingSize; {
			n, err := sys.Retry(func() (int64, error) {
				n, err := unix.Pwrite(f.File, source.Old()[off:off+failingStep], off)
				return int64(n), err
			})
			if err != nil {
				return fmt.Errorf("write the file: %w", err)
			}
			off += n
		}
		return nil
	}, func(p sys.Pipe, off int64) (int64, error) {
		at := off
		return unix.Splice(f.In, &at, p.W, nil, int(failingSize-off), unix.SPLICE_F_NONBLOCK)
	})
}

func failingVmsplice(ctx context.Context, env *probe.Env, flags int, t *load.Tally) (err error) {
	m, err := sys.Anonymous(failingSize)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, unix.Munmap(m)) }()
	return failing(ctx, env, t, func() error {
		copy(m, source.Old())
		return nil
	}, func(p sys.Pipe, off int64) (int64, error) {
		n, err := sys.RawVmsplice(p.W, m[off:], flags|unix.SPLICE_F_NONBLOCK)
		return int64(n), err
	})
}
