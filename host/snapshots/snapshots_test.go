package snapshots

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// TestSeveralStoresInOneDirectory has many owners come and go at once: none
// loses its snapshot, and what nobody owns goes.
func TestSeveralStoresInOneDirectory(t *testing.T) {
	dir := t.TempDir()
	leftover := filepath.Join(dir, "old"+Suffix)
	other := filepath.Join(dir, "notes.txt")
	for _, name := range []string{leftover, filepath.Join(dir, "half"+unfinished), other} {
		if err := os.WriteFile(name, make([]byte, 10000), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			s := &Store{Dir: dir, Limit: 1 << 30}
			for range 50 {
				p, err := s.Create()
				if err != nil {
					t.Error(err)
					return
				}
				text := fmt.Sprintf("of %d", i)
				if _, err := p.File.WriteString(text); err != nil {
					t.Error(err)
				}
				if err := s.Keep(p); err != nil {
					t.Error(err)
				}
				if b, err := os.ReadFile(p.Path); err != nil || string(b) != text {
					t.Errorf("%q is read, %v", b, err)
				}
				if err := p.Remove(); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	left, err := os.ReadDir(dir)
	if err != nil || len(left) != 1 || left[0].Name() != filepath.Base(other) {
		t.Errorf("left are %v (%v), want what is no snapshot", left, err)
	}
}

func TestTheLimitHoldsForAllOwners(t *testing.T) {
	dir := t.TempDir()
	fill := func(limit int64) (*Snapshot, error) {
		s := &Store{Dir: dir, Limit: limit}
		p, err := s.Create()
		if err != nil {
			return nil, err
		}
		if _, err := p.File.Write(make([]byte, 1<<20)); err != nil {
			t.Fatal(err)
		}
		if err := s.Keep(p); err != nil {
			return nil, errors.Join(err, p.Remove())
		}
		return p, nil
	}
	first, err := fill(3 << 19)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := fill(3 << 19); err == nil || !strings.Contains(err.Error(), "take 2 MiB, and may take 1 MiB") {
		t.Errorf("what is over the limit when it is written gave %v", err)
	}
	if _, err := fill(1 << 20); err == nil || !strings.Contains(err.Error(), "take 1 MiB, and may take 1 MiB") {
		t.Errorf("a full store gave %v", err)
	}
	if _, err := os.Stat(first.Path); err != nil {
		t.Errorf("an owned snapshot went: %v", err)
	}
	// Its owner is killed: the kernel frees the lock, and the files stay.
	if err := errors.Join(first.File.Close(), first.lock.Release()); err != nil {
		t.Fatal(err)
	}
	if p, err := fill(1 << 20); err != nil {
		t.Errorf("a leftover keeps its part of the limit: %v", err)
	} else if err := p.Remove(); err != nil {
		t.Error(err)
	}
}
