//go:build boots

package host

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"kmatrix/matrix"
)

// qemus lists the processes of QEMU that this one has started.
func qemus(t *testing.T) (pids []int) {
	t.Helper()
	lists, err := filepath.Glob("/proc/self/task/*/children")
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range lists {
		text, err := os.ReadFile(l)
		if err != nil {
			continue // the thread has ended
		}
		for _, word := range strings.Fields(string(text)) {
			var pid int
			line, err := os.ReadFile("/proc/" + word + "/cmdline")
			if _, e := fmt.Sscan(word, &pid); e == nil && err == nil && bytes.Contains(line, []byte("-kernel")) {
				pids = append(pids, pid)
			}
		}
	}
	return pids
}

// TestWhatIsDoneToQEMUIsNoFaultOfTheGuests stops QEMU for longer than a deadline,
// and kills it, while a probe runs.
func TestWhatIsDoneToQEMUIsNoFaultOfTheGuests(t *testing.T) {
	img := debianImage(t)
	const probe = "stress/pipe-churn/resize/tmpfs"
	for name, test := range map[string]struct {
		signal syscall.Signal
		other  matrix.Outcome
	}{
		"stopped": {syscall.SIGSTOP, ""},
		"killed":  {syscall.SIGKILL, matrix.Infra},
	} {
		t.Run(name, func(t *testing.T) {
			r, cells := newReal(t, img, probe)
			r.cfg.Machines[0].Isolate = matrix.IsolateBatch
			r.cfg.Budget, r.cfg.Deadlines.Probe, r.cfg.Deadlines.grace = time.Second, time.Second, time.Second
			var once sync.Once
			r.cfg.Notify = func(e Event) {
				if e.Stage != StageProbe {
					return
				}
				once.Do(func() {
					pids := qemus(t)
					if len(pids) != 1 {
						t.Errorf("%d QEMUs run, want one", len(pids))
						return
					}
					if err := syscall.Kill(pids[0], test.signal); err != nil {
						t.Error(err)
					}
					time.AfterFunc(4*time.Second, func() { _ = syscall.Kill(pids[0], syscall.SIGCONT) })
				})
			}
			res := outcomes(t, r, cells)["6.1/m/"+probe]
			other := matrix.Outcome("")
			if res.Other != nil {
				other = res.Other.Outcome
			}
			if res.Outcome != matrix.Pass || other != test.other {
				t.Errorf("the result is %+v, its other attempt %+v", res, res.Other)
			}
		})
	}
}
