package client

import (
	"encoding/json"
	"strings"
	"testing"

	"kmatrix/matrix"
	"kmatrix/matrix/printable"
)

// FuzzHello reads what a guest says of itself.
func FuzzHello(f *testing.F) {
	f.Add([]byte(`{"version":"Linux","release":"6.1.0","memory_mib":512,"cpus":1,"mounted":["xfs"],"refused":{"btrfs":"no"},"boot_seconds":1.5}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		var h matrix.Hello
		if json.Unmarshal(text, &h) != nil {
			return
		}
		cleanHello(&h)
		again, err := json.Marshal(h)
		if err != nil || len(again) > 1<<21 {
			t.Fatalf("it has %d bytes: %v", len(again), err)
		}
		if h.MemoryMiB < 0 || h.CPUs < 0 || h.BootSeconds < 0 {
			t.Errorf("it has %d MiB and %d CPUs after %v s", h.MemoryMiB, h.CPUs, h.BootSeconds)
		}
		for _, list := range [][]string{h.Mounted, h.Modules, {h.Version, h.Release, h.Cmdline, h.Clocksource, h.Transport}} {
			if s := strings.Join(list, " "); printable.Line(s, len(s)) != s || len(list) > maxItems {
				t.Errorf("%d texts: %q", len(list), s)
			}
		}
	})
}
