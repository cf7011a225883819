package host

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"kmatrix/host/deadline"
	"kmatrix/host/oops"
	"kmatrix/host/vm"
	"kmatrix/matrix"
)

// TestWhatAKernelSaysIsKeptWithItsCell has guests warn, stall and die.
func TestWhatAKernelSaysIsKeptWithItsCell(t *testing.T) {
	r, cells, _ := newFake(t, []string{"k"}, []string{"s/a", "s/warns", "s/b", "t/warns", "s/stalls", "s/oops", "s/c"})
	r.cfg.Deadlines.Probe, r.cfg.Deadlines.grace = 50*time.Millisecond, time.Millisecond
	got := outcomes(t, r, cells)
	for probe, want := range map[string]struct {
		outcome matrix.Outcome
		title   string
		detail  string
	}{
		"s/a":      {matrix.Pass, "", ""},
		"s/warns":  {matrix.Pass, "WARNING in warns", ""},
		"s/b":      {matrix.Pass, "", ""},
		"t/warns":  {matrix.Pass, "WARNING in warns", ""},
		"s/stalls": {matrix.Hang, "BUG: soft lockup in spins", "the kernel said: BUG: soft lockup in spins"},
		"s/oops":   {matrix.Crash, "BUG: unable to handle kernel NULL pointer dereference", "BUG: unable to handle kernel NULL pointer dereference"},
		"s/c":      {matrix.Pass, "", ""},
	} {
		res := got["k/m/"+probe]
		title := ""
		if len(res.CrashReports) > 0 {
			title = res.CrashReports[0].Title
		}
		if res.Outcome != want.outcome || len(res.CrashReports) > 1 || title != want.title || !strings.Contains(res.Detail, want.detail) {
			t.Errorf("%s: %s, %q, %+v", probe, res.Outcome, res.Detail, res.CrashReports)
			continue
		}
		if title == "" {
			continue
		}
		text, err := os.ReadFile(filepath.Join(r.cfg.Store.Dir(), res.CrashReports[0].File))
		if err != nil || !strings.HasPrefix(string(text), title+"\n\n") {
			t.Errorf("%s: its text is %q (%v)", probe, text, err)
		}
	}
	var results []matrix.Result
	for _, res := range got {
		results = append(results, res)
	}
	for _, one := range matrix.AllCrashReports(r.cfg.Store.Header(), results) {
		if one.Title == "WARNING in warns" && (len(one.Cells) != 2 || one.Count != 2 || len(one.Kernels) != 1) {
			t.Errorf("the same report counts as %+v", one)
		}
	}
}

func TestKnownAndIgnoredReports(t *testing.T) {
	r, cells, _ := newFake(t, []string{"known", "ignores"}, []string{"s/warns"})
	r.cfg.Kernels[0].Known, r.cfg.Kernels[1].Ignore = []string{"BUG: *", "WARNING in w*s"}, []string{"WARNING *"}
	got := outcomes(t, r, cells)
	if list := got["known/m/s/warns"].CrashReports; len(list) != 1 || !list[0].Known {
		t.Errorf("what is known: %+v", list)
	}
	if list := got["ignores/m/s/warns"].CrashReports; len(list) != 0 {
		t.Errorf("what is ignored: %+v", list)
	}
}

// TestEachLineOfAConsoleIsParsedOnce reads while a console grows beyond what is kept of it.
func TestEachLineOfAConsoleIsParsedOnce(t *testing.T) {
	const one = "WARNING: CPU: 0 PID: 7 at fs/splice.c:12 one+0x1/0x2\n"
	const two = "WARNING: CPU: 0 PID: 7 at fs/splice.c:12 two+0x1/0x2\n"
	var c consoleReports
	if got := c.read("boot\n"+one, int64(len("boot\n"+one))); len(got) != 1 || got[0].Title != "WARNING in one" {
		t.Errorf("first: %+v", got)
	}
	printed := c.consumed + int64(len(two))
	if got := c.read((one + two)[10:], printed); len(got) != 1 || got[0].Title != "WARNING in two" {
		t.Errorf("then: %+v", got)
	}
	if got := c.read((one + two)[10:], printed); len(got) != 0 {
		t.Errorf("nothing new: %+v", got)
	}
	if got := c.read(two, printed+1<<20); len(got) != 1 {
		t.Errorf("more than is kept: %+v", got)
	}
}

// TestAPanicOfAStallIsAHang has kernel.softlockup_panic or an NMI end an overdue guest.
func TestAPanicOfAStallIsAHang(t *testing.T) {
	said := oops.Parse("watchdog: BUG: soft lockup - CPU#0 stuck for 22s! [a:7]\nRIP: 0010:spins+0x1/0x2\nKernel panic - not syncing: softlockup: hung tasks\n")
	for err, want := range map[error]matrix.Outcome{deadline.ErrOverdue: matrix.Hang, errGone: matrix.Crash} {
		c := causeOf(stop{phase: phaseProbes, err: err}, vm.Exit{}, said, matrix.Machine{})
		if got, detail := unanswered(c); got != want || !strings.Contains(detail, "BUG: soft lockup in spins") {
			t.Errorf("%v: %s, %q", err, got, detail)
		}
	}
}

// TestWhatIsPrintedWhileNoProbeRunsIsTheKernels has a kernel warn as it boots.
func TestWhatIsPrintedWhileNoProbeRunsIsTheKernels(t *testing.T) {
	r, cells, booted := newFake(t, []string{"noisy"}, []string{"s/a", "s/oops", "s/b"})
	for cell, res := range outcomes(t, r, cells) {
		if n := len(res.CrashReports); n != 0 && cell != "noisy/m/s/oops" {
			t.Errorf("%s has %d reports", cell, n)
		}
	}
	col := r.cfg.Store.Header().Kernels[0]
	if len(col.CrashReports) != 1 || col.CrashReports[0].Title != "WARNING in boots" || col.CrashReports[0].Count != booted["noisy"] || col.CrashReports[0].File == "" {
		t.Errorf("after %d boots the kernel has %+v", booted["noisy"], col.CrashReports)
	}
}
