package load

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sys/unix"

	"kmatrix/guest/probe"
	"kmatrix/guest/probe/source"
	"kmatrix/guest/probe/sys"
	"kmatrix/matrix"
)

// Tally is what the workers of a probe have seen. Its zero value has seen nothing; it may
// be used from several goroutines.
type Tally struct {
	mu   sync.Mutex
	sum  matrix.Observation
	want int64
	// failed are the calls that failed, by name and error.
	failed map[string]*matrix.Call
	// did counts what was done, by what it is.
	did map[string]int
}

// add adds counts, of want bytes that were to arrive.
func (t *Tally) add(o matrix.Observation, want int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.sum.Bytes == 0 || t.sum.FirstOffset < 0 {
		t.sum.FirstOffset = o.FirstOffset
	}
	t.sum.Bytes, t.sum.Old, t.sum.New = t.sum.Bytes+o.Bytes, t.sum.Old+o.Old, t.sum.New+o.New
	t.sum.Zero, t.sum.Other, t.want = t.sum.Zero+o.Zero, t.sum.Other+o.Other, t.want+want
}

// Exact counts bytes that must be the old ones of their offsets, of which want bytes were
// to arrive from off on.
func (t *Tally) Exact(got []byte, off, want int64) { t.add(source.ObserveAlone(got, off, want), want) }

// Twice counts two readings of the same pipe buffers, see [source.Readings].
func (t *Tally) Twice(early, late []byte, off, want int64, zeros bool) {
	t.add(source.Readings(early, late, off, zeros), want)
}

// Count notes that something was done n times.
func (t *Tally) Count(what string, n int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.did == nil {
		t.did = map[string]int{}
	}
	t.did[what] += n
}

// Times returns how often something was done.
func (t *Tally) Times(what string) int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.did[what]
}

// Fail notes that a call failed. An error that is no errno is returned as it is.
func (t *Tally) Fail(call string, err error) error {
	var errno unix.Errno
	if err == nil || !errors.As(err, &errno) {
		return err
	}
	name := unix.ErrnoName(errno)
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.failed == nil {
		t.failed = map[string]*matrix.Call{}
	}
	key := call + " " + name
	if t.failed[key] == nil {
		t.failed[key] = &matrix.Call{Name: call, Return: -1, Errno: name}
	}
	t.failed[key].Count++
	return nil
}

// Finding returns the observation of all that was counted, with a line that says what was
// done. It is an error where nothing has left a pipe and no call has failed.
func (t *Tally) Finding() (probe.Finding, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	o := t.sum
	o.Class = source.Classify(o, t.want)
	for _, c := range t.failed {
		o.Calls = append(o.Calls, *c)
	}
	slices.SortFunc(o.Calls, func(a, b matrix.Call) int {
		return cmp.Or(b.Count-a.Count, strings.Compare(a.Name, b.Name), strings.Compare(a.Errno, b.Errno))
	})
	parts := []string{fmt.Sprintf("%d KiB checked", o.Bytes>>10)}
	if o.Bytes != t.want {
		parts = append(parts, fmt.Sprintf("%d bytes never came", t.want-o.Bytes))
	}
	for _, what := range slices.Sorted(maps.Keys(t.did)) {
		parts = append(parts, fmt.Sprintf("%d %s", t.did[what], what))
	}
	for _, c := range o.Calls {
		parts = append(parts, fmt.Sprintf("%s: %d× %s", c.Name, c.Count, c.Errno))
	}
	detail := strings.Join(parts, ", ")
	switch {
	case t.want > 0:
	case len(o.Calls) > 0:
		o.Class, o.FirstOffset = matrix.ErrnoClass(o.Calls[0].Errno), -1
	default:
		return probe.Finding{}, fmt.Errorf("nothing has left a pipe: %s", detail)
	}
	return probe.Finding{Detail: detail, Finding: matrix.Finding{Observation: &o}}, nil
}

// Splice moves up to n bytes from the file into the pipe, as many as fit, and returns how
// many. That is 0 at the file's end, into a full pipe, and when the call failed, which is
// noted.
func (t *Tally) Splice(in int, off int64, p sys.Pipe, n int64) (int64, error) {
	moved, err := sys.Retry(func() (int64, error) {
		at := off
		return unix.Splice(in, &at, p.W, nil, int(n), unix.SPLICE_F_NONBLOCK)
	})
	switch {
	case errors.Is(err, unix.EAGAIN):
		return 0, nil
	case err != nil:
		return 0, t.Fail("splice(file, pipe)", err)
	}
	return moved, nil
}

// Tee duplicates the n bytes that from holds.
func (t *Tally) Tee(from, to sys.Pipe, n int64) (int64, error) {
	got, err := sys.Retry(func() (int64, error) { return unix.Tee(from.R, to.W, int(n), unix.SPLICE_F_NONBLOCK) })
	if err != nil {
		return 0, t.Fail("tee", err)
	}
	return got, nil
}

// Broken reports whether calls have failed, so that a number of rounds may never be
// reached.
func (t *Tally) Broken() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.failed) > 0
}
