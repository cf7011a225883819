//go:build chaos

package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Kinds of faults.
const (
	killQEMU    = "QEMU killed"
	stopQEMU    = "QEMU stopped and continued"
	killKmatrix = "kmatrix killed"
	fillDisk    = "disk filled"
)

// faults injects its faults, one after the other in an order that its seed chooses.
type faults struct {
	c     *chaos
	rand  *rand.Rand
	left  []string
	count map[string]int
	// filled tells that the disk is full, or as good as.
	filled bool
	// mounted tells that the runs lie on a small file system of their own. Where
	// that takes a privilege that nobody has, files may not grow instead.
	mounted bool
}

// roomForRuns is how much the runs' file system holds, in bytes.
const roomForRuns = 32 << 20

func newFaults(c *chaos, random *rand.Rand) *faults {
	f := &faults{c: c, rand: random, count: map[string]int{}}
	for kind, n := range map[string]int{killQEMU: 20, stopQEMU: 20, killKmatrix: 8, fillDisk: 4} {
		f.left = append(f.left, slices.Repeat([]string{kind}, n)...)
		f.count[kind] = 0
	}
	slices.Sort(f.left) // a map has no order
	random.Shuffle(len(f.left), func(i, j int) { f.left[i], f.left[j] = f.left[j], f.left[i] })
	f.mounted = unix.Mount("kmatrix-chaos", c.runs, "tmpfs", 0, fmt.Sprintf("size=%d", roomForRuns)) == nil
	if f.mounted {
		c.t.Cleanup(func() {
			if err := unix.Unmount(c.runs, 0); err != nil {
				c.t.Error(err)
			}
		})
	}
	return f
}

// inject injects faults until done is closed or none is left.
func (f *faults) inject(kmatrix int, done <-chan struct{}) {
	for len(f.left) > 0 && !f.filled {
		select {
		case <-done:
			return
		case <-time.After(time.Duration(500+f.rand.IntN(2500)) * time.Millisecond):
		}
		kind, choice := f.left[0], f.rand.IntN(1000)
		pause := time.Duration(200+f.rand.IntN(2000)) * time.Millisecond
		if f.one(kind, kmatrix, choice, pause) {
			f.count[kind]++
			f.left = f.left[1:]
		}
	}
}

// one injects a fault, and tells whether it could.
func (f *faults) one(kind string, kmatrix, choice int, pause time.Duration) bool {
	guests := f.c.guests()
	switch kind {
	case killKmatrix:
		return len(guests) > 0 && syscall.Kill(kmatrix, syscall.SIGKILL) == nil
	case fillDisk:
		f.filled = len(guests) > 0 && f.fill(kmatrix)
		return f.filled
	}
	if len(guests) == 0 {
		return false
	}
	guest := guests[choice%len(guests)]
	if kind == killQEMU {
		return syscall.Kill(guest, syscall.SIGKILL) == nil
	}
	if syscall.Kill(guest, syscall.SIGSTOP) != nil {
		return false
	}
	time.Sleep(pause)
	return syscall.Kill(guest, syscall.SIGCONT) == nil
}

// filler is the file that takes the room.
func (f *faults) filler() string { return filepath.Join(f.c.runs, "filler") }

func (f *faults) fill(kmatrix int) bool {
	if f.mounted {
		err := os.WriteFile(f.filler(), make([]byte, roomForRuns), 0o644)
		return errors.Is(err, syscall.ENOSPC)
	}
	results, err := filepath.Glob(filepath.Join(f.c.runs, "*", "results.jsonl"))
	if err != nil || len(results) != 1 {
		return false
	}
	info, err := os.Stat(results[0])
	if err != nil || info.Size() == 0 {
		return false
	}
	limit := uint64(info.Size()) + 10
	return unix.Prlimit(kmatrix, unix.RLIMIT_FSIZE, &unix.Rlimit{Cur: limit, Max: limit}, nil) == nil
}

// calm makes room again, when kmatrix has ended.
func (f *faults) calm() {
	if err := os.Remove(f.filler()); err != nil && !errors.Is(err, fs.ErrNotExist) {
		f.c.t.Error(err)
	}
	f.filled = false
}

// guests are the processes of QEMU that run with this cache, the oldest first.
func (c *chaos) guests() []int {
	var pids []int
	entries, err := os.ReadDir("/proc")
	if err != nil {
		c.t.Error(err)
	}
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil || pid == os.Getpid() {
			continue
		}
		line, err := os.ReadFile(filepath.Join("/proc", e.Name(), "cmdline"))
		if err == nil && bytes.Contains(line, []byte(c.cache)) && bytes.HasPrefix(line, []byte("qemu")) {
			pids = append(pids, pid)
		}
	}
	slices.Sort(pids)
	return pids
}

// orphans notes the guests that live on without kmatrix: they have a moment to die.
func (c *chaos) orphans() {
	var left []int
	for range 50 {
		if left = c.guests(); len(left) == 0 {
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
	c.orphaned = append(c.orphaned, fmt.Sprintf("QEMU lives without kmatrix: %v", left))
}

// leftovers lists what is there and should not be.
func (c *chaos) leftovers() []string {
	left := slices.Clone(c.orphaned)
	for _, dir := range []string{c.temp, filepath.Join(c.cache, "kmatrix", "tmp"), filepath.Join(c.cache, "kmatrix", "snapshots")} {
		entries, err := os.ReadDir(dir)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			c.t.Error(err)
		}
		for _, e := range entries {
			left = append(left, "left is "+filepath.Join(dir, e.Name()))
		}
	}
	// use.lock is shared, and stays; all else that ends so goes with its holder.
	if err := filepath.WalkDir(c.dir, func(path string, d fs.DirEntry, err error) error {
		name := d.Name()
		unfinished := strings.HasSuffix(name, ".lock") && name != "use.lock" && name != "kernels.lock" || strings.HasSuffix(name, ".guard") || strings.HasSuffix(name, ".tmp") || strings.HasPrefix(name, ".new") || strings.HasSuffix(name, ".new") || strings.HasPrefix(name, "vl.")
		if err == nil && unfinished && !strings.Contains(path, "/objects/") {
			left = append(left, "left is "+path)
		}
		return err
	}); err != nil {
		c.t.Error(err)
	}
	return left
}
