package stress

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"golang.org/x/sys/unix"

	"kmatrix/guest/probe/sys"
)

// reserve is how many bytes of memory stay available when it is filled up: enough for the
// kernel, which has no swap, to find what it needs without killing a process.
const reserve = 96 << 20

func beginPressure(r *race, chance uint64) (func(func() bool) error, func() error, error) {
	c, n := r.chooser(chance), 0
	return func(more func() bool) error {
		if err := c.write(r.f.File, c.page(1), sys.PageSize, "pwrite"); err != nil {
			return err
		}
		// Only clean pages can be dropped.
		if err := r.t.Fail("fsync", unix.Fsync(r.f.File)); err != nil {
			return err
		}
		if err := os.WriteFile("/proc/sys/vm/drop_caches", []byte("1"), 0); err != nil {
			return fmt.Errorf("drop the page cache: %w", err)
		}
		if n++; n%8 == 0 {
			return fill(more)
		}
		return nil
	}, nothing, nil
}

// fill allocates memory until [reserve] is left, and frees it.
func fill(more func() bool) (err error) {
	const chunk = 8 << 20
	var held [][]byte
	defer func() {
		for _, m := range held {
			err = errors.Join(err, unix.Munmap(m))
		}
	}()
	for more() {
		left, err := available()
		if err != nil {
			return err
		}
		if left < reserve+chunk {
			return nil
		}
		m, err := sys.Anonymous(chunk)
		if err != nil {
			return err
		}
		held = append(held, m)
		for at := 0; at < chunk; at += sys.PageSize {
			m[at] = 1
		}
	}
	return nil
}

// available returns how much memory can be had without swapping, in bytes.
func available() (int64, error) {
	text, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		return 0, fmt.Errorf("read how much memory is left: %w", err)
	}
	_, rest, _ := strings.Cut(string(text), "MemAvailable:")
	var kib int64
	if _, err := fmt.Sscan(rest, &kib); err != nil {
		return 0, fmt.Errorf("read MemAvailable in /proc/meminfo: %w", err)
	}
	return kib << 10, nil
}
