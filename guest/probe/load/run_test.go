package load

import (
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"kmatrix/guest/probe/sys"
)

func TestRun(t *testing.T) {
	var rounds, other atomic.Int64
	began := time.Now()
	err := Run(t.Context(), 50*time.Millisecond, nil,
		func(func() bool) error { rounds.Add(1); time.Sleep(time.Millisecond); return nil },
		func(more func() bool) error {
			for more() {
				other.Add(1)
			}
			return nil
		})
	if took := time.Since(began); err != nil || took < 50*time.Millisecond || took > time.Second || rounds.Load() < 2 || other.Load() == 0 {
		t.Errorf("%v, %s, %d and %d rounds", err, took, rounds.Load(), other.Load())
	}
	// What is to be done at least is done, however long it takes.
	rounds.Store(0)
	if err := Run(t.Context(), 0, func() bool { return rounds.Load() >= 7 }, func(func() bool) error { rounds.Add(1); return nil }); err != nil || rounds.Load() < 7 {
		t.Errorf("%d rounds, %v", rounds.Load(), err)
	}
	// One worker's trouble ends all, be it a panic or a fault.
	m, err := sys.Anonymous(2 * sys.PageSize)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Munmap(m)
	if err := unix.Mprotect(m[sys.PageSize:], unix.PROT_NONE); err != nil {
		t.Fatal(err)
	}
	for name, bad := range map[string]func() error{
		"error": func() error { return errors.New("no room") },
		"panic": func() error { panic("oh") },
		"fault": func() error { m[sys.PageSize] = 1; return nil },
	} {
		began := time.Now()
		err := Run(t.Context(), time.Minute, nil,
			func(func() bool) error { time.Sleep(time.Millisecond); return nil },
			func(func() bool) error { return bad() })
		if err == nil || time.Since(began) > 10*time.Second {
			t.Errorf("%s: %v after %s", name, err, time.Since(began))
		}
	}
}
