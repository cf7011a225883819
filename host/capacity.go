package host

import (
	"fmt"
	"os"
	"strings"

	"kmatrix/matrix"
)

// overheadMiB is what QEMU needs beside the guest's memory: measured 60 to
// 110 MiB with TCG's translation buffer filled, rounded up.
const overheadMiB = 192

// Jobs returns how many guests of the largest machine fit this host at once:
// no more than there are CPUs for, and together within the memory that is
// available, of which a tenth stays free. It is an error when not even one
// fits.
func Jobs(machines []matrix.Machine, cpus, availableMiB int) (int, error) {
	needMiB, needCPUs := 1, 1
	for _, m := range machines {
		needMiB = max(needMiB, m.MemoryMiB+overheadMiB)
		needCPUs = max(needCPUs, m.CPUs)
	}
	fit := availableMiB * 9 / 10 / needMiB
	if fit < 1 {
		return 0, fmt.Errorf("a guest needs %d MiB and this host has %d MiB available: free some, or lower memory: under machines: in kernels.yaml", needMiB, availableMiB)
	}
	return max(1, min(fit, cpus/needCPUs)), nil
}

// MemoryMiB reads the host's total and available memory.
func MemoryMiB() (total, available int, err error) {
	text, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		return 0, 0, fmt.Errorf("read the host's memory: %w", err)
	}
	for _, field := range []struct {
		name string
		to   *int
	}{{"MemTotal:", &total}, {"MemAvailable:", &available}} {
		_, rest, ok := strings.Cut(string(text), field.name)
		if !ok {
			return 0, 0, fmt.Errorf("read the host's memory: /proc/meminfo has no %s", field.name)
		}
		if _, err := fmt.Sscan(rest, field.to); err != nil {
			return 0, 0, fmt.Errorf("read the host's memory: %w", err)
		}
		*field.to /= 1024
	}
	return total, available, nil
}
