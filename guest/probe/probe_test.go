package probe

import (
	"context"
	"errors"
	"os"
	"regexp"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"kmatrix/matrix"
)

// TestRegistry is the contract that every probe keeps.
func TestRegistry(t *testing.T) {
	grammar := regexp.MustCompile(`^(stability/[a-z-]+/[a-z-]+/[a-z0-9-]+/[a-z]+(/[0-9]+[kmp])?|cost/[a-z-]+/[0-9]+[km])$`)
	seen := map[string]bool{}
	for _, p := range All() {
		if !grammar.MatchString(p.Name) {
			t.Errorf("%s is no name of a probe", p.Name)
		}
		if seen[p.Name] {
			t.Errorf("%s is there twice", p.Name)
		}
		seen[p.Name] = true
		if kind := map[string]matrix.ProbeKind{"stability": matrix.Stability, "cost": matrix.Performance}[strings.Split(p.Name, "/")[0]]; p.Kind != kind {
			t.Errorf("%s is of the kind %q, want %q", p.Name, p.Kind, kind)
		}
		if len(p.Doc) < 20 || p.Since == "" || p.Run == nil {
			t.Errorf("%s lacks a sentence, a first kernel or a way to be asked", p.Name)
		}
		if got, ok := Lookup(p.Name); !ok || got.Name != p.Name {
			t.Errorf("%s is not found by its name", p.Name)
		}
	}
	for _, want := range []string{
		"stability/splice/punch/xfs/readahead", "stability/splice/write/tmpfs/dirty", "stability/splice/truncate/tmpfs-huge/dirty",
		"stability/read-write/mmap/ext4/readahead", "cost/splice-file-pipe/64k", "cost/read-write/64k",
	} {
		if !seen[want] {
			t.Errorf("there is no %s", want)
		}
	}
	if seen["stability/splice/punch/tmpfs/readahead"] {
		t.Error("a tmpfs has nothing to read ahead")
	}
}

func TestPatternsAreToldApart(t *testing.T) {
	old, fresh := oldPattern(), newPattern(0, 1<<20)
	for i, b := range fresh {
		if old[i] == 0 || b == 0 || old[i] == b {
			t.Fatalf("offset %d: old %#x, new %#x", i, old[i], b)
		}
	}
	// A page out of place must not pass for another.
	for at := int64(0); at < maxFile-pageSize; at += pageSize {
		if o := observe(old[at+pageSize:at+2*pageSize], at, pageSize); o.Class != matrix.Torn {
			t.Fatalf("the page after %d passes for it: %s", at, o.Class)
		}
	}
}

func TestObserve(t *testing.T) {
	const off, n = 3 * pageSize, 4 * pageSize
	with := func(at int, what []byte) []byte {
		b := append([]byte(nil), oldPattern()[off:off+n]...)
		copy(b[at:], what)
		return b
	}
	zeros := make([]byte, pageSize)
	both := append(append([]byte(nil), newPattern(off, 8)...), 0, 0)
	for name, test := range map[string]struct {
		got                []byte
		class              matrix.Class
		fresh, zero, other int64
		first              int64
	}{
		"nothing changed": {with(0, nil), matrix.Stable, 0, 0, 0, -1},
		"a page zeroed":   {with(pageSize, zeros), matrix.Zeroed, 0, pageSize, 0, off + pageSize},
		"a page written":  {with(pageSize, newPattern(off+pageSize, pageSize)), matrix.Changed, pageSize, 0, 0, off + pageSize},
		"one byte":        {with(n-1, newPattern(off+n-1, 1)), matrix.Changed, 1, 0, 0, off + n - 1},
		"both":            {with(0, both), matrix.Mixed, 8, 2, 0, off},
		"nobody's byte":   {with(10, []byte{2}), matrix.Torn, 0, 0, 1, off + 10},
		"short":           {with(0, nil)[:n-1], matrix.Torn, 0, 0, 0, -1},
		"nothing":         {nil, matrix.Torn, 0, 0, 0, -1},
	} {
		o := observe(test.got, off, n)
		if o.Class != test.class || o.New != test.fresh || o.Zero != test.zero || o.Other != test.other || o.FirstOffset != test.first {
			t.Errorf("%s: %+v", name, o)
		}
		if o.Bytes != o.Old+o.New+o.Zero+o.Other || o.Bytes != int64(len(test.got)) {
			t.Errorf("%s: the counts do not add up: %+v", name, o)
		}
	}
}

func TestTargetsLieInsideTheWindow(t *testing.T) {
	for _, s := range []state{dirty, dirtyHuge, readahead} {
		at := s.target()
		if at%pageSize != 0 || at <= s.size-s.window || at+pageSize >= s.size {
			t.Errorf("%s of %d: the target %d is not inside the window", s.name, s.size, at)
		}
		if (at/pageSize)&(at/pageSize-1) == 0 {
			t.Errorf("%s: the target %d is at the edge of a large folio", s.name, at)
		}
	}
}

// TestOnThisKernel asks this machine's kernel, on this directory's file
// system: the control must be stable, and splice must answer, whatever.
func TestOnThisKernel(t *testing.T) {
	env := &Env{Dirs: map[string]string{"ext4": t.TempDir()}}
	for _, p := range All() {
		if p.Needs != "ext4" || strings.HasSuffix(p.Name, "readahead") {
			continue // dropping caches is for guests
		}
		found, err := p.Run(context.Background(), env)
		var lacking *UnsupportedError
		if errors.As(err, &lacking) {
			t.Logf("%s: %v", p.Name, err)
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", p.Name, err)
			continue
		}
		o := found.Observation
		if o.Bytes != dirty.window || len(o.Calls) == 0 {
			t.Errorf("%s: %+v", p.Name, o)
		}
		if strings.Contains(p.Name, "/read-write/") && o.Class != matrix.Stable {
			t.Errorf("%s: the control is %s", p.Name, o.Class)
		}
	}
	if left, err := os.ReadDir(env.Dirs["ext4"]); err != nil || len(left) > 0 {
		t.Errorf("%d files are left behind (%v)", len(left), err)
	}
}

func TestAMissingFileSystemIsUnsupported(t *testing.T) {
	p, _ := Lookup("stability/splice/write/xfs/dirty")
	_, err := p.Run(context.Background(), &Env{Refused: map[string]string{"xfs": "the kernel has no xfs"}})
	var lacking *UnsupportedError
	if !errors.As(err, &lacking) || !strings.Contains(lacking.Reason, "the kernel has no xfs") {
		t.Errorf("error %v", err)
	}
}

func TestAFailingCallIsAnObservation(t *testing.T) {
	r := &recorder{}
	_, err := r.do("splice(file, pipe, 1)", func() (int64, error) { return 0, unix.EINVAL })
	found, err := failed(r, err)
	if err != nil || found.Observation.Class != "errno:EINVAL" || found.Observation.Calls[0].Errno != "EINVAL" {
		t.Errorf("found %+v, %v", found.Observation, err)
	}
	if _, err := failed(r, errors.New("no call")); err == nil {
		t.Error("another error became an observation")
	}
}
