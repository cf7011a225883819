package sys

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"golang.org/x/sys/unix"
)

// Tally adds up what the kernel counts between [Tally.Start] and [Tally.Stop],
// over any number of such sections. The calling goroutine must be locked to its
// thread, whose faults and switches are counted.
type Tally struct {
	// Sums are by the counters' names; one that the kernel does not have is not
	// there. See [Tally.Stop].
	Sums           map[string]int64
	thread, system map[string]int64
	// retired counts the thread's instructions from the first section on.
	retired *threadCounter
}

// Start begins a section.
func (t *Tally) Start() (err error) {
	if t.retired == nil {
		c, err := countOnThread(retired)
		if err != nil {
			return err
		}
		t.retired = &c
	}
	// What it takes to read the files is not the section's.
	if t.system, err = systemCounters(); err != nil {
		return err
	}
	t.thread, err = t.threadCounters()
	return err
}

// Close frees what Start has opened.
func (t *Tally) Close() error {
	if t.retired == nil {
		return nil
	}
	return t.retired.close()
}

// Stop ends the section and adds to the sums:
//
//	minor_faults, major_faults                   page faults of the thread
//	voluntary_switches, involuntary_switches     how often it waited, or was made to
//	instructions                                 what it retired, where the CPU counts that
//	pages_copied, pages_moved                    /proc/fs/splice
//	refaults                                     file pages read again that reclaim had evicted (/proc/vmstat)
//	kib_read                                     what all disks have read (/proc/vmstat)
//
// Pages that splice takes from a file leave no trace in the page cache, as those
// do that reclaim evicts: that they are read again shows in kib_read alone.
func (t *Tally) Stop() error {
	thread, err := t.threadCounters()
	if err != nil {
		return err
	}
	system, err := systemCounters()
	if err != nil {
		return err
	}
	if t.Sums == nil {
		t.Sums = map[string]int64{}
	}
	for _, pair := range [][2]map[string]int64{{t.thread, thread}, {t.system, system}} {
		for name, now := range pair[1] {
			t.Sums[name] += now - pair[0][name]
		}
	}
	return nil
}

func (t *Tally) threadCounters() (map[string]int64, error) {
	var u unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_THREAD, &u); err != nil {
		return nil, fmt.Errorf("getrusage: %w", err)
	}
	counters := map[string]int64{
		"minor_faults": u.Minflt, "major_faults": u.Majflt,
		"voluntary_switches": u.Nvcsw, "involuntary_switches": u.Nivcsw,
	}
	n, ok, err := t.retired.read()
	if ok {
		counters["instructions"] = n
	}
	return counters, err
}

// vmstat names the lines of /proc/vmstat that count.
var vmstat = map[string]string{"workingset_refault_file": "refaults", "pgpgin": "kib_read"}

func systemCounters() (map[string]int64, error) {
	if err := RefreshCounters(); err != nil {
		return nil, err
	}
	counters := map[string]int64{}
	text, err := os.ReadFile("/proc/vmstat")
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("read the counters: %w", err)
	}
	for lines := bufio.NewScanner(bytes.NewReader(text)); lines.Scan(); {
		name, number, _ := bytes.Cut(lines.Bytes(), []byte(" "))
		if counter, ok := vmstat[string(name)]; ok {
			var n int64
			if _, err := fmt.Sscan(string(number), &n); err != nil {
				return nil, fmt.Errorf("read the counters: %s: %w", name, err)
			}
			counters[counter] = n
		}
	}
	if p, ok := CountPages(); ok {
		counters["pages_copied"], counters["pages_moved"] = int64(p.Copied), int64(p.Moved)
	}
	return counters, nil
}

// RefreshCounters has the kernel add up the counters of /proc/vmstat and
// /proc/meminfo that stand in a CPU's own part until there is enough to tell,
// or a second has passed. A kernel without the file has counters that are told
// at once; who is not root sees them late.
func RefreshCounters() error {
	err := os.WriteFile("/proc/sys/vm/stat_refresh", []byte("1"), 0)
	if err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, fs.ErrPermission) {
		return fmt.Errorf("refresh the counters: %w", err)
	}
	return nil
}
