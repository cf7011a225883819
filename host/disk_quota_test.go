package host

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"kmatrix/host/quota"
	"kmatrix/host/vm"
	"kmatrix/matrix"
)

func TestAKernelThatFloodsCostsNoOther(t *testing.T) {
	var told []string
	r := &Runner{notified: map[string]bool{}, consoles: quota.New(10<<20, 2), outputs: quota.New(200, 2)}
	r.cfg.Notify = func(e Event) { told = append(told, e.Text) }
	if a, b, c := r.takeConsole("floods"), r.takeConsole("floods"), r.takeConsole("floods"); a != vm.MaxConsole || b != 1<<20 || c != 0 {
		t.Errorf("it has room for %d, %d and %d bytes", a, b, c)
	}
	if n := r.takeConsole("other"); n != vm.MaxConsole {
		t.Errorf("another has room for %d bytes", n)
	}
	r.consoles.Return("floods", 1<<20)
	if n := r.takeConsole("floods"); n != 1<<20 {
		t.Errorf("of what was given back it has room for %d bytes", n)
	}
	floods, other := matrix.Cell{Kernel: "floods"}, matrix.Cell{Kernel: "other"}
	first, second := r.printed(floods, []byte(strings.Repeat("\u00e4", 40))), r.printed(floods, []byte(strings.Repeat("\u00e4", 40)))
	if first != strings.Repeat("\u00e4", 40) || !strings.Contains(second, "60 bytes are left out") {
		t.Errorf("it printed %q and %q", first, second)
	}
	if text := r.printed(other, []byte("text")); text != "text" {
		t.Errorf("another printed %q", text)
	}
	if len(told) != 2 {
		t.Errorf("told was %q", told)
	}
}

// TestWhatAGuestSaysIsCleanWhereItIsTold has a guest whose errors, which are told and
// stored, hold escapes.
func TestWhatAGuestSaysIsCleanWhereItIsTold(t *testing.T) {
	r, cells, _ := newFake(t, []string{"escapes"}, []string{"x/escapes", "x/b"})
	r.cfg.Notify = func(e Event) {
		if strings.ContainsAny(e.Text+e.Result.Detail, "\x1b\u009b\u202e") {
			t.Errorf("told was %q", e.Text+e.Result.Detail)
		}
	}
	got := run(t, r, cells)
	if len(got) != 2 || got[0].Outcome != matrix.Lost || !strings.Contains(got[0].Detail, "red") {
		t.Fatalf("results %+v", got)
	}
	text, err := os.ReadFile(filepath.Join(r.cfg.Store.Dir(), "results.jsonl"))
	if err != nil || strings.Contains(string(text), `\u001b`) || !strings.Contains(string(text), "red") {
		t.Errorf("stored is %s (%v)", text, err)
	}
}

func TestAnAnswerOfAnotherKindIsNone(t *testing.T) {
	r, cells, _ := newFake(t, []string{"6.1"}, []string{"x/another-kind", "x/b"})
	got := run(t, r, cells)
	if len(got) != 2 || got[0].Outcome != matrix.Fail || got[0].Sample != nil || !strings.Contains(got[0].Detail, "asks for an observation") || got[1].Outcome != matrix.Pass {
		t.Fatalf("results %+v", got)
	}
}
