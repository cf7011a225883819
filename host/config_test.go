package host

import (
	"strings"
	"testing"
	"time"

	"kmatrix/matrix"
)

// TestAConfigurationThatCannotBeMeantIsRefused changes one that is fine.
func TestAConfigurationThatCannotBeMeantIsRefused(t *testing.T) {
	for want, change := range map[string]func(*Config){
		"Kernels is empty":                        func(c *Config) { c.Kernels = nil },
		`Kernels has "a" twice`:                   func(c *Config) { c.Kernels = append(c.Kernels, c.Kernels[0]) },
		`no column for the kernel "b"`:            func(c *Config) { c.Kernels = []matrix.Kernel{{Name: "b"}} },
		"Machines is empty":                       func(c *Config) { c.Machines = nil },
		"Machines[1] has no name":                 func(c *Config) { c.Machines = append(c.Machines, matrix.Machine{}) },
		"m has -1 boots":                          func(c *Config) { c.Machines = []matrix.Machine{{Name: "m", Boots: matrix.BootsAuto}} },
		"Probes is empty":                         func(c *Config) { c.Probes = []matrix.Probe{} },
		`Probes has "s/a" twice`:                  func(c *Config) { c.Probes = append(c.Probes, c.Probes...) },
		"Images is not set":                       func(c *Config) { c.Images = nil },
		"Store is not set":                        func(c *Config) { c.Store = nil },
		"Jobs is 0":                               func(c *Config) { c.Jobs = 0 },
		"QEMU is not set":                         func(c *Config) { c.QEMU = "" },
		"Version is not set":                      func(c *Config) { c.Version = "" },
		"CacheDir is not set":                     func(c *Config) { c.CacheDir = "" },
		"Speed is -1":                             func(c *Config) { c.Speed = -1 },
		"DumpMiB is -1":                           func(c *Config) { c.DumpMiB = -1 },
		"SnapshotLimit is -1":                     func(c *Config) { c.SnapshotLimit = -1 },
		"Budget is -1s":                           func(c *Config) { c.Budget = -time.Second },
		"Deadlines are 0s, -1s and 0s":            func(c *Config) { c.Deadlines = Deadlines{Agent: -time.Second} },
		"Jobs is -1: at least one\nDumpMiB is -2": func(c *Config) { c.Jobs, c.DumpMiB = -1, -2 },
	} {
		r, _, _ := newFake(t, []string{"a"}, []string{"s/a"})
		c := r.cfg
		change(&c)
		_, err := New(c)
		if err == nil {
			t.Errorf("%s: it is taken", want)
			continue
		}
		for _, line := range strings.Split(want, "\n") {
			if !strings.Contains(err.Error(), line) {
				t.Errorf("the error is %q, want one with %q", err, line)
			}
		}
	}
	if _, err := New(Config{}); err == nil || strings.Count(err.Error(), "\n") < 7 {
		t.Errorf("of a configuration with nothing set the error is %v", err)
	}
}

// TestCellsOfNobodyAreRefused asks for what the runner does not have, beside a cell that it
// has, and for boots that are none: nothing boots.
func TestCellsOfNobodyAreRefused(t *testing.T) {
	one := map[string]int{"m": 1}
	for want, test := range map[string]struct {
		cell  matrix.Cell
		boots BootRange
	}{
		`the cell b/m/s/a: the runner has no kernel "b"`:  {matrix.Cell{Kernel: "b", Machine: "m", Probe: "s/a"}, BootRange{}},
		`the cell a/n/s/a: the runner has no machine "n"`: {matrix.Cell{Kernel: "a", Machine: "n", Probe: "s/a"}, BootRange{}},
		`the cell a/m/s/b: the runner has no probe "s/b"`: {matrix.Cell{Kernel: "a", Machine: "m", Probe: "s/b"}, BootRange{Profile: true}},
		`there is no boot after 1 up to 1`:                {matrix.Cell{Kernel: "a", Machine: "m", Probe: "s/a"}, BootRange{After: one}},
		`there is no boot after 0 up to 0`:                {matrix.Cell{Kernel: "a", Machine: "m", Probe: "s/a"}, BootRange{UpTo: map[string]int{"m": 0}}},
		`there is no boot after -1 up to 1`:               {matrix.Cell{Kernel: "a", Machine: "m", Probe: "s/a"}, BootRange{After: map[string]int{"m": -1}}},
	} {
		r, cells, booted := newFake(t, []string{"a"}, []string{"s/a"})
		err := r.Run(t.Context(), append(cells, test.cell), test.boots)
		if err == nil || !strings.Contains(err.Error(), want) || booted["a"] != 0 {
			t.Errorf("the error is %v after %d boots, want %q", err, booted["a"], want)
		}
	}
}
