// Package lockfile is a lock on a file that says who has it.
//
// The lock is flock(2)'s, which goes with the process that took it, whatever
// ends that. The file holds a [Holder] as a line of JSON, for those who wait or
// are refused: the words are theirs alone, and no proof of anything. An exclusive
// lock's file is removed when the lock is freed. So a lock is not had before the
// file that was locked is seen to be the one that stands there: another may have
// been made meanwhile, and its lock be somebody else's.
package lockfile

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"github.com/gofrs/flock"
)

// Lock is a lock that was had.
type Lock struct {
	flock     *flock.Flock
	exclusive bool
}

// HeldError tells that somebody else has the lock.
type HeldError struct {
	Path string
	// By is who has it; its zero value where that is not told.
	By Holder
}

// Error names the file and the holder.
func (e *HeldError) Error() string { return fmt.Sprintf("%s is held by %s", e.Path, e.By) }

// Try takes the lock for its caller alone. The error is a [*HeldError] while
// anybody has it.
func Try(path string) (*Lock, error) { return try(path, true) }

// TryShared takes the lock beside others who share it. The error is a
// [*HeldError] while somebody has it alone.
func TryShared(path string) (*Lock, error) { return try(path, false) }

// minPoll and maxPoll are how long a waiter sleeps between two attempts: twice as long
// each time, so that a lock of milliseconds is not waited for much longer.
const minPoll, maxPoll = time.Millisecond, 100 * time.Millisecond

// Wait takes the lock for its caller alone, when it is free. tell, which may be
// nil, hears once whom it waits for.
func Wait(ctx context.Context, path string, tell func(Holder)) (*Lock, error) {
	told := false
	for poll := minPoll; ; poll = min(2*poll, maxPoll) {
		l, err := Try(path)
		var held *HeldError
		if !errors.As(err, &held) {
			return l, err
		}
		if !told && tell != nil {
			told = true
			tell(held.By)
		}
		select {
		case <-time.After(poll):
		case <-ctx.Done():
			return nil, fmt.Errorf("%w: %w", held, ctx.Err())
		}
	}
}

func try(path string, exclusive bool) (*Lock, error) {
	for {
		l := &Lock{flock: flock.New(path, flock.SetPermissions(0o644)), exclusive: exclusive}
		take := l.flock.TryLock
		if !exclusive {
			take = l.flock.TryRLock
		}
		got, err := take()
		if err != nil {
			return nil, fmt.Errorf("lock %s: %w", path, err)
		}
		if !got {
			return nil, &HeldError{Path: path, By: read(path)}
		}
		stands, err := l.stands()
		if err != nil {
			return nil, errors.Join(fmt.Errorf("lock %s: %w", path, err), l.flock.Close())
		}
		if stands {
			// Who cannot write on a full disk has the lock all the same.
			_ = self().write(path)
			return l, nil
		}
		if err := l.flock.Close(); err != nil {
			return nil, fmt.Errorf("lock %s: %w", path, err)
		}
	}
}

// stands reports whether the file that is locked is the one of that name.
func (l *Lock) stands() (bool, error) {
	mine, err := l.flock.Stat()
	if err != nil {
		return false, err
	}
	there, err := os.Stat(l.flock.Path())
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil && os.SameFile(mine, there), err
}

// Release frees the lock, and removes the file of one that nobody shares. It is
// called once.
func (l *Lock) Release() error {
	var err error
	if l.exclusive {
		// Before it is unlocked: the next one's file is not ours to remove.
		if err = os.Remove(l.flock.Path()); errors.Is(err, fs.ErrNotExist) {
			err = nil
		}
	}
	if err = errors.Join(err, l.flock.Close()); err != nil {
		return fmt.Errorf("free the lock %s: %w", l.flock.Path(), err)
	}
	return nil
}
