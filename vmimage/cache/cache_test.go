package cache

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
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
	_, nested := c.Entry(t.Context(), Key("k", "b"), func(context.Context, string) error { return err })
	if strings.Count(nested.Error(), "MiB are free") != 1 {
		t.Errorf("a full disk within another entry gave %v", nested)
	}
	left, _ := filepath.Glob(filepath.Join(c.Dir, key) + "*")
	if len(left) > 0 {
		t.Errorf("left %s", left)
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
		go func() {
			if line := <-said; !strings.Contains(line, fmt.Sprintf("process %d of ", os.Getpid())) {
				t.Errorf("it said %q", line)
			}
			cancel()
		}()
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

// TestLooking looks without making, and lists and removes what was made.
func TestLooking(t *testing.T) {
	c := &Cache{Dir: t.TempDir()}
	fill := func(_ context.Context, dir string) error {
		return os.WriteFile(filepath.Join(dir, "f"), make([]byte, 10000), 0o644)
	}
	if c.Has("k/a") {
		t.Error("what is not there is seen")
	}
	if _, err := os.Stat(c.Path("k")); err == nil {
		t.Error("looking has made something")
	}
	for _, key := range []string{"k/a", "k/b"} {
		if path, err := c.Get(t.Context(), Item{Key: key, Fill: fill}); err != nil || path != c.Path(key) || !c.Has(key) {
			t.Fatalf("%s, %v", path, err)
		}
	}
	old := time.Now().Add(-time.Hour)
	if err := os.Chtimes(filepath.Join(c.Dir, "k/a"), old, old); err != nil {
		t.Fatal(err)
	}
	// A file under two names takes its room once.
	if err := os.Link(filepath.Join(c.Dir, "k/b/f"), filepath.Join(c.Dir, "k/a/g")); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(c.Dir, "k/c.tmp"), 0o755); err != nil {
		t.Fatal(err)
	}
	list, err := c.List("k", "none")
	if err != nil || len(list) != 2 || list[0].Bytes+list[1].Bytes > 60000 || list[0].Bytes == 0 || list[0].Kind() != "k" {
		t.Fatalf("the list is %+v, %v", list, err)
	}
	if _, err := c.Entry(t.Context(), "k/a", fill); err != nil {
		t.Fatal(err)
	}
	if list, err = c.List("k"); err != nil || list[0].Key != "k/a" {
		t.Errorf("what was used last is not the first of %+v (%v)", list, err)
	}
	release, err := c.Use()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Remove("k/a"); !errors.Is(err, ErrInUse) {
		t.Errorf("removing from a cache in use gave %v", err)
	}
	if err := release(); err != nil {
		t.Fatal(err)
	}
	if err := c.Remove("k/a", "k/none"); err != nil {
		t.Error(err)
	}
	if list, err = c.List("k"); err != nil || len(list) != 1 || list[0].Key != "k/b" {
		t.Errorf("left is %+v (%v)", list, err)
	}
}
