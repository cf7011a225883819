package overfill

import (
	"errors"
	"testing"

	"golang.org/x/sys/unix"

	"kmatrix/guest/probe"
	"kmatrix/guest/probe/source"
	"kmatrix/guest/probe/sys"
	"kmatrix/matrix"
)

// fillBy fills the narrow pipe by writes that put bytes into it, and count count(bytes) of
// them as moved.
func fillBy(t *testing.T, pipe int, bytes func(off, n int64) []byte, count func(wrote int64) int64) (probe.Finding, error) {
	t.Helper()
	p, err := sys.NewPipe(pipe)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	r := &sys.Recorder{}
	return narrowMemory.fill(r, p, 0, overfilledSize, func(off, n int64) (int64, error) {
		return r.Do("write", func() (int64, error) {
			wrote, err := unix.Write(p.W, bytes(off, n))
			return count(int64(wrote)), err
		})
	})
}

func TestWhatIsLostIsTorn(t *testing.T) {
	old := func(off, n int64) []byte { return source.Old()[off : off+n] }
	same := func(n int64) int64 { return n }
	found, err := fillBy(t, int(narrowMemory.pipe), old, same)
	if o := found.Observation; err != nil || o.Class != matrix.Stable || o.Old != overfilledSize || len(o.Calls) == 0 {
		t.Fatalf("all arrives, and it is %+v, %v", o, err)
	}
	zeros := func(_, n int64) []byte { return make([]byte, n) }
	if found, err = fillBy(t, int(narrowMemory.pipe), zeros, same); err != nil || found.Observation.Class != matrix.Torn {
		t.Errorf("zeros arrive, and it is %+v, %v", found.Observation, err)
	}
	// A page more than what was written is counted as moved, and never comes.
	more := func(n int64) int64 { return n + page }
	if found, err = fillBy(t, int(narrowMemory.pipe), func(off, n int64) []byte { return old(off, max(0, n-page)) }, more); err != nil || found.Observation.Class != matrix.Torn || found.Observation.Bytes >= overfilledSize {
		t.Errorf("a page never arrives, and it is %+v, %v", found.Observation, err)
	}
	var unmet *probe.PreconditionError
	if _, err = fillBy(t, overfilledSize+16*page, old, same); !errors.As(err, &unmet) {
		t.Errorf("a pipe that takes everything asks nothing: %v", err)
	}
}
