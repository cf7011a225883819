// Package capacity measures what this host has left for guests, and lets guests
// start as far as that goes.
//
// [Read] reads memory, processors and load, with the limits of control groups;
// [Jobs] derives how many guests are to run at once; a [Limiter] has each guest wait
// until there is memory for it, since builds and other programs take some after a
// run has begun; [Speed] measures a CPU, so that deadlines fit a slow host.
package capacity

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"strings"

	"kmatrix/matrix"
)

// overheadMiB is what QEMU needs beside the guest's memory: measured 190 MiB with a
// translation buffer of 128 MiB that is full.
const overheadMiB = 192

// Host is what this host has left for guests.
type Host struct {
	// TotalMiB is the host's memory, and AvailableMiB what can be had of it
	// without swapping, also by the limits of the control groups that this
	// process is in.
	TotalMiB, AvailableMiB int
	// Group is the control group that leaves less than the host does, "" for none.
	Group string
	// CPUs is how many processors this process may use: by its affinity and by the
	// quotas of its control groups.
	CPUs float64
	// Load is the host's, over the last minute.
	Load float64
}

// Read reads it from the proc and sysfs below root, "/".
func Read(root string) (Host, error) {
	c := Host{CPUs: float64(runtime.NumCPU())}
	text, err := os.ReadFile(filepath.Join(root, "proc/meminfo"))
	if err != nil {
		return c, fmt.Errorf("read the host's memory: %w", err)
	}
	for _, field := range []struct {
		name string
		to   *int
	}{{"MemTotal:", &c.TotalMiB}, {"MemAvailable:", &c.AvailableMiB}} {
		_, rest, ok := strings.Cut(string(text), field.name)
		if !ok {
			return c, fmt.Errorf("read the host's memory: /proc/meminfo has no %s", field.name)
		}
		if _, err := fmt.Sscan(rest, field.to); err != nil {
			return c, fmt.Errorf("read the host's memory: %w", err)
		}
		*field.to /= 1024
	}
	if text, err = os.ReadFile(filepath.Join(root, "proc/loadavg")); err == nil {
		_, err = fmt.Sscan(string(text), &c.Load)
	}
	if err != nil {
		return c, fmt.Errorf("read the host's load: %w", err)
	}
	groups, err := os.ReadFile(filepath.Join(root, "proc/self/cgroup"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return c, fmt.Errorf("read the control groups: %w", err)
	}
	for line := range strings.Lines(string(groups)) {
		// "0::/a/b" is of version 2, "4:memory:/a/b" of version 1 (cgroups(7)).
		f := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(f) != 3 {
			continue
		}
		for _, controller := range strings.Split(f[1], ",") {
			// Within a container the path may be one of the host's: what is not
			// there is passed over, and the mount's own root is the container's.
			for dir := path.Clean("/" + f[2]); ; dir = path.Dir(dir) {
				c.limit(filepath.Join(root, "sys/fs/cgroup", f[1], dir), controller)
				if dir == "/" {
					break
				}
			}
		}
	}
	return c, nil
}

// Files of control groups of either version.
var (
	limitFiles = []string{"memory.max", "memory.limit_in_bytes"}
	usageFiles = []string{"memory.current", "memory.usage_in_bytes"}
	cacheNames = []string{"inactive_file ", "total_inactive_file "}
)

// limit takes one control group's limits into account, as far as it has any.
func (c *Host) limit(dir, controller string) {
	if controller == "" || controller == "memory" {
		for i, name := range limitFiles {
			limit, ok := number(filepath.Join(dir, name))
			used, also := number(filepath.Join(dir, usageFiles[i]))
			if !ok || !also {
				continue
			}
			// Cached files count as used, and give way.
			if text, err := os.ReadFile(filepath.Join(dir, "memory.stat")); err == nil {
				if _, rest, found := bytes.Cut(append([]byte("\n"), text...), []byte("\n"+cacheNames[i])); found {
					var cached float64
					if _, err := fmt.Sscan(string(rest), &cached); err == nil {
						used -= cached
					}
				}
			}
			if left := int(max(0, limit-max(0, used)) / (1 << 20)); left < c.AvailableMiB {
				c.AvailableMiB, c.Group = left, dir
			}
		}
	}
	quota, period := -1.0, 0.0
	switch controller {
	case "": // "max 100000" or "150000 100000"
		if text, err := os.ReadFile(filepath.Join(dir, "cpu.max")); err == nil {
			if _, err := fmt.Sscan(string(text), &quota, &period); err != nil {
				quota = -1
			}
		}
	case "cpu":
		var ok, also bool
		quota, ok = number(filepath.Join(dir, "cpu.cfs_quota_us"))
		if period, also = number(filepath.Join(dir, "cpu.cfs_period_us")); !ok || !also {
			quota = -1
		}
	}
	if quota > 0 && period > 0 {
		c.CPUs = min(c.CPUs, quota/period)
	}
}

// number reads a file that holds one; false where there is no such file, or it says
// "max".
func number(file string) (float64, bool) {
	text, err := os.ReadFile(file)
	if err != nil {
		return 0, false
	}
	var n float64
	_, err = fmt.Sscan(string(text), &n)
	return n, err == nil
}

// MemoryError tells that not even one guest fits.
type MemoryError struct {
	NeedMiB int
	Has     Host
}

// Error says what is needed, what there is, and what to do.
func (e *MemoryError) Error() string {
	where := "this host has"
	if e.Has.Group != "" {
		where = fmt.Sprintf("the limit of the control group %s leaves", e.Has.Group)
	}
	return fmt.Sprintf("a guest needs %d MiB, a tenth of what is available stays free, and %s %d MiB available: free some, or lower memory: under machines: in kernels.yaml", e.NeedMiB, where, e.Has.AvailableMiB)
}

// needMiB is what a guest takes of the host's memory.
func needMiB(m matrix.Machine) int { return m.MemoryMiB + overheadMiB }

// usable is what guests may take of the memory that is available: a tenth stays free.
func (c Host) usable() int { return c.AvailableMiB * 9 / 10 }

// Jobs returns how many guests of the largest machine are to run at once: no more
// than there are CPUs for, half of these where the load is twice what they can do
// already, and together within the memory. Where that is fewer than the CPUs allow,
// why says so. The error is a [*MemoryError] when not even one fits.
func Jobs(machines []matrix.Machine, c Host) (n int, why string, err error) {
	need, cpus := 1, 1
	for _, m := range machines {
		need, cpus = max(need, needMiB(m)), max(cpus, m.CPUs)
	}
	fit := c.usable() / need
	if fit < 1 {
		return 0, "", &MemoryError{need, c}
	}
	most := max(1, int(c.CPUs/float64(cpus)))
	n = most
	if c.Load > 2*c.CPUs && n > 1 {
		n = max(1, n/2)
		why = fmt.Sprintf("guests at once: %d, and not %d: the load of this host is %.0f, with %.3g processors", n, most, c.Load, c.CPUs)
	}
	if fit < n {
		n = fit
		why = fmt.Sprintf("guests at once: %d, and not %d: each needs %d MiB, and %d MiB are available", n, most, need, c.AvailableMiB)
	}
	return n, why, nil
}
