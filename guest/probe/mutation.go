package probe

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"
)

// mutation changes the source after the call under test has returned.
type mutation struct {
	name string
	doc  string
	do   func(*recorder, *source) error
}

var mutations = []mutation{
	{"write", "pwrite of one page of it", func(r *recorder, f *source) error {
		at, page := f.target(), newPattern(f.target(), pageSize)
		_, err := r.do(fmt.Sprintf("pwrite(%d, %d)", pageSize, at), func() (int64, error) {
			n, err := unix.Pwrite(f.file, page, at)
			return int64(n), err
		})
		return err
	}},
	{"mmap", "a store to one page of it through a shared mapping", func(r *recorder, f *source) error {
		at := f.target()
		m, err := unix.Mmap(f.file, at, pageSize, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
		if err != nil {
			return fmt.Errorf("map: %w", err)
		}
		copy(m, newPattern(at, pageSize))
		return unix.Munmap(m)
	}},
	{"punch", "a hole punched for one page of it", func(r *recorder, f *source) error {
		at := f.target()
		_, err := r.do(fmt.Sprintf("fallocate(PUNCH_HOLE|KEEP_SIZE, %d, %d)", at, pageSize), func() (int64, error) {
			return 0, unix.Fallocate(f.file, unix.FALLOC_FL_PUNCH_HOLE|unix.FALLOC_FL_KEEP_SIZE, at, pageSize)
		})
		return err
	}},
	{"truncate", "a truncation at one page of it, and back up again", func(r *recorder, f *source) error {
		for _, size := range []int64{f.target(), f.size} {
			if _, err := r.do(fmt.Sprintf("ftruncate(%d)", size), func() (int64, error) {
				return 0, unix.Ftruncate(f.file, size)
			}); err != nil {
				return err
			}
		}
		return nil
	}},
}

// apply carries the mutation out. A file system that does not have it is no
// failure of the call under test.
func (m mutation) apply(r *recorder, f *source) error {
	err := m.do(r, f)
	if errors.Is(err, unix.EOPNOTSUPP) || errors.Is(err, unix.ENOSYS) {
		return &UnsupportedError{Reason: err.Error()}
	}
	if err != nil {
		return fmt.Errorf("mutate: %w", err)
	}
	return nil
}
