package host

import (
	"errors"
	"strings"
	"testing"
	"time"

	"kmatrix/guest/wire"
	"kmatrix/host/deadline"
	"kmatrix/host/vm"
	"kmatrix/matrix"
)

func TestAnswered(t *testing.T) {
	probe := matrix.Probe{Name: "stability/splice/write/xfs/dirty", Needs: "xfs", Features: []string{"tls"}, Since: "5.10"}
	seen := func(c matrix.Class) wire.Answer {
		return wire.Answer{Status: wire.StatusOK, Finding: matrix.Finding{Observation: &matrix.Observation{Class: c}}}
	}
	of := func(s matrix.SourceState) wire.Answer {
		a := seen(matrix.Stable)
		a.Observation.Source, a.Detail = s, "4096 bytes"
		return a
	}
	without := map[string]string{"xfs": "not in /proc/filesystems"}
	for name, test := range map[string]struct {
		contract matrix.Contract
		release  string
		refused  map[string]string
		answer   wire.Answer
		want     matrix.Outcome
		detail   string
	}{
		"changed under reference":        {contract: matrix.Reference, answer: seen(matrix.Changed), want: matrix.Pass},
		"changed under snapshot":         {contract: matrix.Snapshot, answer: seen(matrix.Changed), want: matrix.Fail, detail: `"snapshot" does not allow "changed"`},
		"torn without contract":          {answer: seen(matrix.Torn), want: matrix.Pass},
		"torn under reference":           {contract: matrix.Reference, answer: seen(matrix.Torn), want: matrix.Fail, detail: "torn"},
		"clobbered under reference":      {contract: matrix.Reference, answer: seen(matrix.Clobbered), want: matrix.Fail, detail: `"reference" does not allow "clobbered"`},
		"a source that is intact":        {contract: matrix.Snapshot, answer: of(matrix.SourceIntact), want: matrix.Pass},
		"a source that is lost":          {answer: of(matrix.SourceLost), want: matrix.Fail, detail: "the source is lost: 4096 bytes"},
		"a source that is stale":         {contract: matrix.Snapshot, answer: of(matrix.SourceStale), want: matrix.Fail, detail: "the source is stale: 4096 bytes"},
		"sample":                         {contract: matrix.Snapshot, answer: wire.Answer{Status: wire.StatusOK, Finding: matrix.Finding{Sample: &matrix.Sample{Value: 1}}}, want: matrix.Pass},
		"unsupported on an old kernel":   {release: "5.4.0", answer: wire.Answer{Status: wire.StatusUnsupported, Detail: "why"}, want: matrix.Unsupported, detail: "why"},
		"unsupported where it must work": {release: "5.10.0-1-cloud", answer: wire.Answer{Status: wire.StatusUnsupported, Detail: "why"}, want: matrix.Fail, detail: "must work since 5.10"},
		"a precondition that is not met": {release: "6.1.0", answer: wire.Answer{Status: wire.StatusUnmet, Detail: "why"}, want: matrix.Unsupported, detail: "why"},
		"no such file system":            {release: "6.1.0", refused: without, answer: wire.Answer{Status: wire.StatusUnsupported}, want: matrix.Unsupported},
		"test passes":                    {answer: wire.Answer{Status: wire.StatusOK, Detail: "last", Finding: matrix.Finding{Test: &matrix.Test{ResultFormat: matrix.FormatExit, Passed: 1}}}, want: matrix.Pass, detail: "last"},
		"test fails":                     {answer: wire.Answer{Status: wire.StatusOK, Detail: "last", Finding: matrix.Finding{Test: &matrix.Test{ResultFormat: matrix.FormatExit, ExitCode: 3, Failed: 1}}}, want: matrix.Fail, detail: "exit code 3: last"},
		"one of many fails":              {answer: wire.Answer{Status: wire.StatusOK, Finding: matrix.Finding{Test: &matrix.Test{ResultFormat: matrix.FormatKTAP, Passed: 4, Failed: 1, Failing: []string{"b"}, Diagnostics: []string{"b: got 2"}}}}, want: matrix.Fail, detail: "1 of 5 failed: b; b: got 2"},
		"an irregular report":            {answer: wire.Answer{Status: wire.StatusOK, Detail: "last", Finding: matrix.Finding{Test: &matrix.Test{ResultFormat: matrix.FormatKTAP, Passed: 2, Warnings: []string{"the number 1 is there twice"}}}}, want: matrix.Pass, detail: "the report is irregular: the number 1 is there twice"},
		"test is skipped":                {answer: wire.Answer{Status: wire.StatusOK, Detail: "last", Finding: matrix.Finding{Test: &matrix.Test{ResultFormat: matrix.FormatKTAP, Skipped: 1, Skips: []string{"no root"}}}}, want: matrix.Unsupported, detail: "skipped: no root"},
		"a program is killed":            {answer: wire.Answer{Status: wire.StatusDied, Detail: "signal: killed", Finding: matrix.Finding{Test: &matrix.Test{ResultFormat: matrix.FormatExit, ExitCode: -1}}}, want: matrix.Crash, detail: "signal: killed"},
		"no such feature":                {release: "6.1.0", refused: map[string]string{"tls": "the kernel has none"}, answer: wire.Answer{Status: wire.StatusUnsupported}, want: matrix.Unsupported},
		"another feature is missing":     {release: "6.1.0", refused: map[string]string{"fuse": "the kernel has none"}, answer: wire.Answer{Status: wire.StatusUnsupported}, want: matrix.Fail},
		"worker died":                    {answer: wire.Answer{Status: wire.StatusDied, Detail: "signal: killed"}, want: matrix.Crash, detail: "signal: killed"},
		"overdue":                        {answer: wire.Answer{Status: wire.StatusOverdue}, want: matrix.Hang},
		"error in the guest":             {answer: wire.Answer{Status: wire.StatusError, Detail: "ENOSPC"}, want: matrix.Fail, detail: "could not be carried out: ENOSPC"},
	} {
		t.Run(name, func(t *testing.T) {
			got, detail := answered(matrix.Kernel{Contract: test.contract}, probe, matrix.Hello{Release: test.release, Refused: test.refused}, test.answer)
			if got != test.want || !strings.Contains(detail, test.detail) {
				t.Errorf("got %s, %q; want %s, …%q…", got, detail, test.want, test.detail)
			}
		})
	}
}

// TestTheCauseOfAnEndDecidesItsOutcome has guests end in every way.
func TestTheCauseOfAnEndDecidesItsOutcome(t *testing.T) {
	seen := errors.New("what the host saw")
	overdue := &deadline.OverdueError{Missing: "no answer", Limit: time.Second}
	starved := &deadline.StarvedError{Had: time.Second, Passed: time.Minute}
	shutdown := func(reason string) vm.Exit {
		return vm.Exit{Events: []matrix.Event{{Name: "STOP"}, {Name: "SHUTDOWN", Reason: reason}}}
	}
	bug := []matrix.CrashReport{{Kind: matrix.KindBug, Title: "BUG: x", Fatal: true}}
	stall := []matrix.CrashReport{{Kind: matrix.KindRCUStall, Title: "INFO: rcu stall in x"}}
	for name, test := range map[string]struct {
		phase   phase
		err     error
		exit    vm.Exit
		reports []matrix.CrashReport
		want    matrix.Outcome
		kind    causeKind
		detail  string
	}{
		"panic at boot":                {phaseBoot, seen, vm.Exit{}, bug, matrix.BootFailed, kernelDied, "boot: BUG: x"},
		"never speaks":                 {phaseBoot, overdue, vm.Exit{}, nil, matrix.BootFailed, guestOverdue, "boot: no answer within 1s"},
		"stalls at boot":               {phaseBoot, overdue, vm.Exit{}, stall, matrix.BootFailed, guestOverdue, "boot: no answer within 1s"},
		"no hello":                     {phaseAgent, overdue, vm.Exit{}, nil, matrix.BootFailed, guestOverdue, "agent: no answer within 1s"},
		"QEMU does not take it":        {phaseBoot, seen, vm.Exit{Refused: "without PVH ELF Note"}, nil, matrix.BootFailed, guestLost, "boot: without PVH ELF Note"},
		"panic in a probe":             {phaseProbes, seen, vm.Exit{}, bug, matrix.Crash, kernelDied, "BUG: x"},
		"panic while overdue":          {phaseProbes, overdue, vm.Exit{}, bug, matrix.Crash, kernelDied, "BUG: x"},
		"overdue":                      {phaseProbes, overdue, vm.Exit{}, nil, matrix.Hang, guestOverdue, "no answer within 1s"},
		"gone without a word":          {phaseProbes, seen, vm.Exit{}, nil, matrix.Lost, guestLost, "what the host saw"},
		"panic told by pvpanic":        {phaseProbes, seen, vm.Exit{Panicked: true}, nil, matrix.Crash, kernelDied, "the kernel panicked, and its console does not tell of what: what the host saw"},
		"a stall while overdue":        {phaseProbes, overdue, vm.Exit{}, stall, matrix.Hang, guestOverdue, "no answer within 1s; the kernel said: INFO: rcu stall in x"},
		"a forced end":                 {phaseProbes, overdue, shutdown("guest-reset"), nil, matrix.Hang, guestOverdue, "no answer within 1s"},
		"reset without a word":         {phaseProbes, seen, shutdown("guest-reset"), nil, matrix.Crash, kernelDied, "the guest was reset, as by a triple fault, without a word: what the host saw"},
		"a reboot":                     {phaseProbes, seen, vm.Exit{Console: "reboot: Restarting system", Events: shutdown("guest-reset").Events}, nil, matrix.Lost, guestLost, "QEMU ended by guest-reset: what the host saw"},
		"a power-off":                  {phaseProbes, seen, shutdown("guest-shutdown"), nil, matrix.Lost, guestLost, "QEMU ended by guest-shutdown: what the host saw"},
		"ended by kmatrix":             {phaseProbes, seen, shutdown("host-qmp-quit"), nil, matrix.Lost, guestLost, "what the host saw"},
		"QEMU's failure":               {phaseProbes, seen, vm.Exit{Err: errors.New("no room"), Command: "qemu -m 1"}, bug, matrix.Infra, hostFailed, "no room; the command was: qemu -m 1"},
		"QEMU is killed":               {phaseProbes, seen, vm.Exit{Killed: "signal: killed", Err: seen}, bug, matrix.Infra, hostInterfered, "QEMU was killed (signal: killed), by something outside of kmatrix"},
		"no time to run":               {phaseProbes, starved, vm.Exit{Panicked: true}, bug, matrix.Infra, hostInterfered, "this host let the guest run for 1s of 1m0s: its CPUs are busy, or QEMU was stopped"},
		"no time to boot":              {phaseBoot, starved, vm.Exit{}, nil, matrix.Infra, hostInterfered, "this host let the guest run for 1s of 1m0s: its CPUs are busy, or QEMU was stopped"},
		"QEMU fails with no time":      {phaseProbes, starved, vm.Exit{Err: seen, Command: "q"}, nil, matrix.Infra, hostInterfered, "what the host saw; the command was: q"},
		"the guest's words are no end": {phaseProbes, errors.New("ssh: \x1b[31mred"), vm.Exit{}, nil, matrix.Lost, guestLost, "ssh: ·[31mred"},
	} {
		c := causeOf(stop{phase: test.phase, err: test.err}, test.exit, test.reports, matrix.Machine{Name: "m"})
		if got, detail := unanswered(c); got != test.want || c.kind != test.kind || detail != test.detail {
			t.Errorf("%s: got %s, kind %d, %q; want %s, kind %d, %q", name, got, c.kind, detail, test.want, test.kind, test.detail)
		}
	}
	if got, detail := unanswered(hostFailure(errors.New("no memory"))); got != matrix.Infra || detail != "no memory" {
		t.Errorf("a session that could not begin is %s, %q", got, detail)
	}
}

func TestAtLeast(t *testing.T) {
	for _, test := range []struct {
		release, since string
		want           bool
	}{
		{"6.1.0-41-cloud-amd64", "5.10", true},
		{"5.10.0", "5.10", true},
		{"5.4.0", "5.10", false},
		{"6.12+deb13", "6.12", true},
		{"7.0-rc1", "6.12", true},
		{"", "5.10", false},
		{"custom", "5.10", false},
	} {
		if got := atLeast(test.release, test.since); got != test.want {
			t.Errorf("atLeast(%q, %q) = %v", test.release, test.since, got)
		}
	}
}
