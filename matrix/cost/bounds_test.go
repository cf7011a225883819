package cost

import (
	"testing"

	"kmatrix/matrix"
)

// TestWhoWaitsForADiskHasItsBounds has a probe whose passes wait for the disk on one of
// two kernels.
func TestWhoWaitsForADiskHasItsBounds(t *testing.T) {
	side := func(waited int, kib int64) Samples {
		return Samples{{Value: 1, Clock: matrix.ClockIcount, Waited: waited, Counters: map[string]int64{"kib_read": kib}}}
	}
	cached := side(0, 0)
	for _, test := range []struct {
		probe string
		clock matrix.Clock
		other Samples
		want  Bounds
	}{
		{"cost/serve-again/ext4/tenth/64k", matrix.ClockIcount, cached, counted},
		{"cost/serve-again/ext4/tenth/64k", matrix.ClockIcount, side(12, 12288), disk},
		{"cost/serve-again/ext4/tenth/64k", matrix.ClockIcount, side(0, 4), counted},
		{"cost/splice-tcp/4k", matrix.ClockIcount, side(3, 0), sockets},
		{"cost/read-write-tcp-fresh/64k", matrix.ClockIcount, cached, sockets},
		{"cost/sendfile-tcp-recv/64k", matrix.ClockIcount, cached, sockets},
		{"cost/serve-again/ext4/tenth/64k/mglru", matrix.ClockIcount, cached, counted},
		{"cost/splice-file-pipe-cold/1m", matrix.ClockIcount, side(3, 4096), BoundsOf("cost/splice-file-pipe-cold/1m", matrix.ClockIcount)},
		{"cost/serve-again/ext4/tenth/64k", matrix.ClockWall, side(12, 12288), timed},
	} {
		if got := boundsOf(test.probe, test.clock, cached, test.other); got != test.want {
			t.Errorf("%s by %s: %+v, want %+v", test.probe, test.clock, got, test.want)
		}
	}
}
