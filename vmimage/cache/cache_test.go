package cache

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
)

func fill(text string) func(context.Context, string) error {
	return func(_ context.Context, dir string) error {
		return os.WriteFile(filepath.Join(dir, "f"), []byte(text), 0o644)
	}
}

func TestAnEntryIsMadeOnce(t *testing.T) {
	c := &Cache{Dir: t.TempDir()}
	var made atomic.Int32
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			dir, err := c.Entry(t.Context(), Key("k", "a"), func(ctx context.Context, dir string) error {
				made.Add(1)
				return fill("text")(ctx, dir)
			})
			if err != nil {
				t.Error(err)
				return
			}
			if b, err := os.ReadFile(filepath.Join(dir, "f")); string(b) != "text" || err != nil {
				t.Errorf("read %q, %v", b, err)
			}
		})
	}
	wg.Wait()
	if made.Load() != 1 {
		t.Errorf("made %d times", made.Load())
	}
}

func TestAFailureLeavesNothing(t *testing.T) {
	c := &Cache{Dir: t.TempDir()}
	key := Key("k", "a")
	_, err := c.Entry(t.Context(), key, func(ctx context.Context, dir string) error {
		if err := fill("half")(ctx, dir); err != nil {
			return err
		}
		return &os.PathError{Op: "write", Path: dir, Err: syscall.ENOSPC}
	})
	if !errors.Is(err, syscall.ENOSPC) || !strings.Contains(err.Error(), "MiB are free") {
		t.Errorf("a full disk gave %v", err)
	}
	left, _ := filepath.Glob(filepath.Join(c.Dir, key) + "*")
	for _, l := range left {
		if !strings.HasSuffix(l, ".lock") {
			t.Errorf("left %s", l)
		}
	}
	// What a killed process left under way does not look finished, either.
	if err := os.MkdirAll(filepath.Join(c.Dir, key)+".tmp/old", 0o755); err != nil {
		t.Fatal(err)
	}
	dir, err := c.Entry(t.Context(), key, fill("whole"))
	if err != nil {
		t.Fatal(err)
	}
	if names, _ := os.ReadDir(dir); len(names) != 1 {
		t.Errorf("the entry holds %v", names)
	}
}

func TestAnEntryCanBeDeleted(t *testing.T) {
	c := &Cache{Dir: t.TempDir()}
	for range 2 {
		dir, err := c.Entry(t.Context(), Key("k", "a"), fill("text"))
		if err != nil {
			t.Fatal(err)
		}
		os.RemoveAll(dir)
	}
}

func TestWaitingEndsWithItsContext(t *testing.T) {
	c := &Cache{Dir: t.TempDir()}
	said := make(chan string, 1)
	waiter := &Cache{Dir: c.Dir, Log: func(s string) { said <- s }}
	ctx, cancel := context.WithCancel(t.Context())
	_, err := c.Entry(t.Context(), Key("k", "a"), func(context.Context, string) error {
		go func() { <-said; cancel() }()
		_, err := waiter.Entry(ctx, Key("k", "a"), fill("other"))
		if !errors.Is(err, context.Canceled) {
			t.Errorf("the waiter got %v", err)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

func TestKeysTellInputsApart(t *testing.T) {
	if Key("k", "ab", "c") == Key("k", "a", "bc") || Key("k", "a") == Key("l", "a") {
		t.Error("two keys are the same")
	}
}
