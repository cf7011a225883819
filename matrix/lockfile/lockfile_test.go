package lockfile

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

func TestTheHolderIsNamed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	l, err := Try(path)
	if err != nil {
		t.Fatal(err)
	}
	var held *HeldError
	for name, try := range map[string]func(string) (*Lock, error){"alone": Try, "shared": TryShared} {
		if _, err := try(path); !errors.As(err, &held) || held.By.PID != os.Getpid() || !strings.Contains(err.Error(), fmt.Sprintf("process %d of ", os.Getpid())) || !strings.Contains(err.Error(), os.Args[0]) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := l.Release(); err != nil {
		t.Fatal(err)
	}
	if left, err := os.ReadDir(filepath.Dir(path)); err != nil || len(left) > 0 {
		t.Errorf("%v are left (%v)", left, err)
	}
}

func TestASharedLockIsShared(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	one, err := TryShared(path)
	if err != nil {
		t.Fatal(err)
	}
	two, err := TryShared(path)
	if err != nil {
		t.Fatal(err)
	}
	var held *HeldError
	if err := one.Release(); err != nil {
		t.Fatal(err)
	}
	if _, err := Try(path); !errors.As(err, &held) {
		t.Errorf("while one shares it: %v", err)
	}
	if err := two.Release(); err != nil {
		t.Fatal(err)
	}
	alone, err := Try(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := alone.Release(); err != nil {
		t.Error(err)
	}
}

// TestNeverTwoAtOnce has many take a lock whose file comes and goes.
func TestNeverTwoAtOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	var inside, most, turns atomic.Int32
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 200 {
				l, err := Try(path)
				var held *HeldError
				if errors.As(err, &held) {
					continue
				}
				if err != nil {
					t.Error(err)
					return
				}
				turns.Add(1)
				if n := inside.Add(1); n > most.Load() {
					most.Store(n)
				}
				inside.Add(-1)
				if err := l.Release(); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if most.Load() != 1 || turns.Load() < 2 {
		t.Errorf("%d had it at once, in %d turns", most.Load(), turns.Load())
	}
}

func TestWhoWaitsIsToldForWhom(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	l, err := Try(path)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	if _, err := Wait(ctx, path, func(Holder) { cancel() }); !errors.Is(err, context.Canceled) {
		t.Errorf("a wait that was ended gave %v", err)
	}
	said := 0
	next, err := Wait(t.Context(), path, func(h Holder) {
		if said++; h.PID != os.Getpid() {
			t.Errorf("told of %s", h)
		}
		if err := l.Release(); err != nil {
			t.Error(err)
		}
	})
	if err != nil || said != 1 {
		t.Fatalf("told %d times, %v", said, err)
	}
	if err := next.Release(); err != nil {
		t.Error(err)
	}
}

// TestAKilledHolderHoldsNothing kills another process that has the lock.
func TestAKilledHolderHoldsNothing(t *testing.T) {
	const variable = "KMATRIX_TEST_HOLD"
	if path := os.Getenv(variable); path != "" {
		if _, err := Try(path); err != nil {
			t.Fatal(err)
		}
		fmt.Println("\nhave it")
		select {}
	}
	path := filepath.Join(t.TempDir(), "lock")
	cmd := exec.Command(os.Args[0], "-test.run=^TestAKilledHolderHoldsNothing$")
	cmd.Env = append(os.Environ(), variable+"="+path)
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	for lines := bufio.NewScanner(out); lines.Scan() && lines.Text() != "have it"; {
	}
	var held *HeldError
	if _, err := Try(path); !errors.As(err, &held) || held.By.PID != cmd.Process.Pid || !strings.Contains(held.By.Command, "TestAKilledHolder") {
		t.Errorf("while it lives: %v", err)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // killed, which is its error
	l, err := Try(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Release(); err != nil {
		t.Error(err)
	}
}
