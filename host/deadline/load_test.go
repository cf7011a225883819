package deadline

import (
	"os/exec"
	"syscall"
	"testing"
	"time"
)

// TestTheShareOfAProcess starts one that idles, stops it, and lets it go on.
func TestTheShareOfAProcess(t *testing.T) {
	cmd := exec.Command("sleep", "60")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer cmd.Wait()
	defer cmd.Process.Kill()
	var l Load
	until := func(want bool) {
		for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
			if share := l.Share(cmd.Process.Pid); share > 1 || share < 0 {
				t.Fatalf("the share is %v", share)
			} else if (share > 0) == want {
				return
			}
		}
		t.Errorf("it never had a share that is above 0: %v", want)
	}
	until(true)
	if err := cmd.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	until(false)
	if err := cmd.Process.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	until(true)
}

// TestTheShareOfABusyHost has more processes run on one CPU than it can.
func TestTheShareOfABusyHost(t *testing.T) {
	var first *exec.Cmd
	for range 4 {
		cmd := exec.Command("taskset", "1", "sh", "-c", "while :; do :; done")
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		defer cmd.Wait()
		defer cmd.Process.Kill()
		if first == nil {
			first = cmd
		}
	}
	var l Load
	l.Share(first.Process.Pid)
	share := 1.0
	for range 20 {
		time.Sleep(50 * time.Millisecond)
		share = min(share, l.Share(first.Process.Pid))
	}
	if share > 0.7 {
		t.Errorf("one of four has %.2f of a CPU's time", share)
	}
}
