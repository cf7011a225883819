package vm

import (
	"bytes"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"kmatrix/matrix"
)

func TestWhatAnExaminationMadeTheGuestPrintIsNoWordOfItsOwn(t *testing.T) {
	var log bytes.Buffer
	c := &console{log: &log}
	say := func(text string) { c.Write([]byte(text)) }
	say("before\n")
	c.provoke(true)
	say("sysrq: Show State\n")
	if got := string(c.answered()); got != "sysrq: Show State\n" {
		t.Errorf("the answer is %q", got)
	}
	c.provoke(false)
	say("after\n")
	if err := c.close(); err != nil || c.Tail() != "before\nafter\n" || log.String() != "before\nsysrq: Show State\nafter\n" {
		t.Errorf("the guest's words are %q, the log is %q (%v)", c.Tail(), log.String(), err)
	}
	c.provoke(true)
	for range 2 * MaxProvoked / 1024 {
		say(strings.Repeat("x", 1024))
	}
	if n := len(c.answered()); n != MaxProvoked {
		t.Errorf("%d bytes of an answer are kept, want %d", n, MaxProvoked)
	}
}

func TestWhoEndedQEMU(t *testing.T) {
	shutdown := func(reason string) []matrix.Event { return []matrix.Event{{Name: "SHUTDOWN", Reason: reason}} }
	for name, test := range map[string]struct {
		command string
		events  []matrix.Event
		want    string
	}{
		"the OOM killer":    {"kill -KILL $$", nil, "signal: killed"},
		"somebody politely": {"true", shutdown("host-signal"), "a signal that it ended at"},
		"the guest":         {"true", shutdown("guest-reset"), ""},
		"itself":            {"exit 1", nil, ""},
	} {
		err := exec.Command("sh", "-c", test.command).Run()
		if got := killed(err, test.events); got != test.want {
			t.Errorf("%s: %q, want %q", name, got, test.want)
		}
	}
}

// TestTheShareOfAProcess starts one that idles, stops it, and lets it go on.
func TestTheShareOfAProcess(t *testing.T) {
	cmd := exec.Command("sleep", "60")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer cmd.Wait()
	defer cmd.Process.Kill()
	var l load
	until := func(want bool) {
		for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
			if share := l.share(cmd.Process.Pid); share > 1 || share < 0 {
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
	var l load
	l.share(first.Process.Pid)
	share := 1.0
	for range 20 {
		time.Sleep(50 * time.Millisecond)
		share = min(share, l.share(first.Process.Pid))
	}
	if share > 0.7 {
		t.Errorf("one of four has %.2f of a CPU's time", share)
	}
}
