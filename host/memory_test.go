package host

import (
	"strings"
	"testing"
	"time"

	"kmatrix/host/capacity"
	"kmatrix/matrix"
)

// TestNoRoomIsTheHosts has a run that finds no memory when its guest is to start.
func TestNoRoomIsTheHosts(t *testing.T) {
	r, cells, booted := newFake(t, []string{"6.1"}, []string{"s/a", "s/b"})
	r.cfg.Machines[0].MemoryMiB = 512
	r.memory = &capacity.Limiter{Read: func() (capacity.Host, error) { return capacity.Host{AvailableMiB: 300}, nil }, Poll: time.Millisecond, Timeout: time.Millisecond}
	got := run(t, r, cells)
	if len(got) != 2 || booted["6.1"] > 0 {
		t.Fatalf("results %+v of %d boots", got, booted["6.1"])
	}
	for _, res := range got {
		if res.Outcome != matrix.Infra || !strings.Contains(res.Detail, "needs 704 MiB") {
			t.Errorf("%s is %s: %s", res.Cell, res.Outcome, res.Detail)
		}
	}
}
