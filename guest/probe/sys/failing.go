package sys

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// FailingFeature is what a kernel needs for [FailNth]: CONFIG_FAIL_PAGE_ALLOC and
// CONFIG_FAULT_INJECTION_DEBUG_FS (Documentation/fault-injection of its source).
const FailingFeature = "failing-allocations"

// PrepareFailing has every allocation of a page fail that [FailNth] picks, without
// a word on the console. debugfs is where it is mounted.
func PrepareFailing(debugfs string) error {
	dir := filepath.Join(debugfs, "fail_page_alloc")
	if _, err := os.Stat(dir); errors.Is(err, os.ErrNotExist) {
		return errors.New("the kernel fails no allocations: it has no CONFIG_FAIL_PAGE_ALLOC")
	}
	for _, set := range [][2]string{{"ignore-gfp-wait", "N"}, {"ignore-gfp-highmem", "N"}, {"min-order", "0"}, {"verbose", "0"}} {
		if err := os.WriteFile(filepath.Join(dir, set[0]), []byte(set[1]), 0); err != nil {
			return fmt.Errorf("prepare allocations that fail: %w", err)
		}
	}
	return nil
}

// FailNth carries out a call in which the nth allocation of a page, counted from
// 1, fails, and reports whether there were so many.
func FailNth(n int, call func()) (failed bool, err error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	f, err := os.OpenFile(fmt.Sprintf("/proc/self/task/%d/fail-nth", unix.Gettid()), os.O_RDWR, 0)
	if err != nil {
		return false, fmt.Errorf("pick an allocation that fails: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if _, err := f.WriteString(strconv.Itoa(n)); err != nil {
		return false, fmt.Errorf("pick an allocation that fails: %w", err)
	}
	call()
	left := make([]byte, 16)
	got, err := f.ReadAt(left, 0)
	if errors.Is(err, io.EOF) && got > 0 {
		err = nil
	}
	_, reset := f.WriteAt([]byte("0"), 0)
	if err = errors.Join(err, reset); err != nil {
		return false, fmt.Errorf("read whether an allocation failed: %w", err)
	}
	return strings.TrimSpace(string(left[:got])) == "0", nil
}
