package vm

import (
	"bytes"
	"os/exec"
	"strings"
	"testing"

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
