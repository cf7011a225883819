package stress

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"

	"golang.org/x/sys/unix"

	"kmatrix/guest/probe/load"
	"kmatrix/guest/probe/source"
	"kmatrix/guest/probe/sys"
)

// pinnedBatch is what one call gives away while a read fills it: so little that
// the pipe has been read for the first time before the device has written.
const pinnedBatch = 32 * sys.PageSize

// beginPinned gives memory away that a read with O_DIRECT fills at the same time.
// The read pins the pages, a device writes into them later: a page that is in the
// pipe by then must not be one of them.
func beginPinned(g *giver) (func() error, func() error, error) {
	m, err := sys.Anonymous(pinnedBatch)
	if err != nil {
		return nil, nil, err
	}
	later, err := sys.NewPipe(pinnedBatch)
	if err != nil {
		return nil, nil, errors.Join(err, unix.Munmap(m))
	}
	path := filepath.Join(filepath.Dir(g.path), fmt.Sprintf("pinned-%d", g.n))
	reads, err := startReads(path, m)
	if err != nil {
		later.Close()
		return nil, nil, errors.Join(err, unix.Munmap(m))
	}
	again := make([]byte, pinnedBatch)
	return func() error {
		copy(m, source.Old()[:pinnedBatch])
		reads.begin()
		n, err := g.give(m)
		if err != nil || n == 0 {
			return errors.Join(err, reads.await())
		}
		teed, err := g.t.Tee(g.p, later, n)
		if err != nil {
			return err
		}
		early, err := g.p.Drain(g.got[:n])
		if err != nil {
			return err
		}
		if err := g.t.Fail("pread(O_DIRECT)", reads.await()); err != nil {
			return err
		}
		late, err := later.Drain(again[:teed])
		if err != nil {
			return err
		}
		g.t.Twice(early, late, 0, n, false)
		return nil
	}, func() error { later.Close(); return errors.Join(reads.end(), unix.Munmap(m), unix.Unlink(path)) }, nil
}

// reads are those of a thread that reads a file of the new pattern with O_DIRECT
// into memory, once for each time that it is told to.
type reads struct {
	fd   int
	into []byte
	// begun is how many reads were asked for, ended how many are over; begun is
	// negative when there will be no more. err is what the last read said.
	begun, ended atomic.Int64
	err          error
	done         sync.WaitGroup
}

// startReads makes the file and the thread.
func startReads(path string, into []byte) (*reads, error) {
	fd, err := unix.Open(path, unix.O_RDWR|unix.O_CREAT|unix.O_TRUNC|unix.O_CLOEXEC, 0o600)
	if err != nil {
		return nil, fmt.Errorf("make a file of the new pattern: %w", err)
	}
	_, err = unix.Write(fd, source.New(0, int64(len(into))))
	if err = errors.Join(err, unix.Fsync(fd), unix.Close(fd)); err != nil {
		return nil, fmt.Errorf("make a file of the new pattern: %w", err)
	}
	r := &reads{into: into}
	if r.fd, err = unix.Open(path, unix.O_RDONLY|unix.O_DIRECT|unix.O_CLOEXEC, 0); err != nil {
		return nil, fmt.Errorf("open with O_DIRECT: %w", err)
	}
	r.done.Go(r.run)
	return r, nil
}

// run reads. It waits for its turn without sleeping, since a thread that wakes up comes
// too late, and then for a random moment, so that it meets other pages each time.
func (r *reads) run() {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	rng := rand.New(rand.NewPCG(5, 0))
	for turn := int64(1); ; turn++ {
		for r.begun.Load() < turn {
			if r.begun.Load() < 0 {
				return
			}
		}
		for range rng.IntN(1 << 14) {
			if r.begun.Load() < 0 {
				return
			}
		}
		n, err := sys.Retry(func() (int64, error) {
			n, err := unix.Pread(r.fd, r.into, 0)
			return int64(n), err
		})
		if err == nil && n != int64(len(r.into)) {
			err = fmt.Errorf("a read with O_DIRECT ended %d bytes early", int64(len(r.into))-n)
		}
		r.err = err
		r.ended.Store(turn)
	}
}

// begin has the thread read once; await, which must follow, waits until it has.
func (r *reads) begin() { r.begun.Add(1) }

func (r *reads) await() error {
	for r.ended.Load() < r.begun.Load() {
		load.Yield()
	}
	return r.err
}

// end ends the thread.
func (r *reads) end() error {
	r.begun.Store(-1)
	r.done.Wait()
	return unix.Close(r.fd)
}
