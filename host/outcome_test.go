package host

import (
	"errors"
	"strings"
	"testing"

	"kmatrix/guest/wire"
	"kmatrix/matrix"
)

func TestAnswered(t *testing.T) {
	probe := matrix.Probe{Name: "stability/splice/write/xfs/dirty", Needs: "xfs", Features: []string{"tls"}, Since: "5.10"}
	seen := func(c matrix.Class) wire.Answer {
		return wire.Answer{Status: wire.StatusOK, Finding: matrix.Finding{Observation: &matrix.Observation{Class: c}}}
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
		"sample":                         {contract: matrix.Snapshot, answer: wire.Answer{Status: wire.StatusOK, Finding: matrix.Finding{Sample: &matrix.Sample{Value: 1}}}, want: matrix.Pass},
		"unsupported on an old kernel":   {release: "5.4.0", answer: wire.Answer{Status: wire.StatusUnsupported, Detail: "why"}, want: matrix.Unsupported, detail: "why"},
		"unsupported where it must work": {release: "5.10.0-1-cloud", answer: wire.Answer{Status: wire.StatusUnsupported, Detail: "why"}, want: matrix.Fail, detail: "must work since 5.10"},
		"no such file system":            {release: "6.1.0", refused: without, answer: wire.Answer{Status: wire.StatusUnsupported}, want: matrix.Unsupported},
		"test passes":                    {answer: wire.Answer{Status: wire.StatusOK, Detail: "last", Finding: matrix.Finding{Test: &matrix.Test{Judge: matrix.JudgeExit, Passed: 1}}}, want: matrix.Pass, detail: "last"},
		"test fails":                     {answer: wire.Answer{Status: wire.StatusOK, Detail: "last", Finding: matrix.Finding{Test: &matrix.Test{Judge: matrix.JudgeExit, ExitCode: 3, Failed: 1}}}, want: matrix.Fail, detail: "exit code 3: last"},
		"one of many fails":              {answer: wire.Answer{Status: wire.StatusOK, Finding: matrix.Finding{Test: &matrix.Test{Judge: matrix.JudgeKTAP, Passed: 4, Failed: 1, Failing: []string{"b"}, Diagnostics: []string{"b: got 2"}}}}, want: matrix.Fail, detail: "1 of 5 failed: b; b: got 2"},
		"an irregular report":            {answer: wire.Answer{Status: wire.StatusOK, Detail: "last", Finding: matrix.Finding{Test: &matrix.Test{Judge: matrix.JudgeKTAP, Passed: 2, Warnings: []string{"the number 1 is there twice"}}}}, want: matrix.Pass, detail: "the report is irregular: the number 1 is there twice"},
		"test is skipped":                {answer: wire.Answer{Status: wire.StatusOK, Detail: "last", Finding: matrix.Finding{Test: &matrix.Test{Judge: matrix.JudgeKTAP, Skipped: 1, Skips: []string{"no root"}}}}, want: matrix.Unsupported, detail: "skipped: no root"},
		"a program is killed":            {answer: wire.Answer{Status: wire.StatusDied, Detail: "signal: killed", Finding: matrix.Finding{Test: &matrix.Test{Judge: matrix.JudgeExit, ExitCode: -1}}}, want: matrix.Crash, detail: "signal: killed"},
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

func TestUnanswered(t *testing.T) {
	err := errors.New("what the host saw")
	for name, test := range map[string]struct {
		end    end
		want   matrix.Outcome
		detail string
	}{
		"panic at boot":           {end{phase: phaseBoot, err: err, panic: "Kernel panic - not syncing: x"}, matrix.BootFailed, "boot: Kernel panic - not syncing: x"},
		"never speaks":            {end{phase: phaseBoot, err: err, overdue: true}, matrix.BootFailed, "boot: what the host saw"},
		"no hello":                {end{phase: phaseAgent, err: err, overdue: true}, matrix.BootFailed, "agent: what the host saw"},
		"panic in a probe":        {end{phase: phaseProbes, err: err, panic: "BUG: x"}, matrix.Crash, "BUG: x"},
		"panic while overdue":     {end{phase: phaseProbes, err: err, overdue: true, panic: "BUG: x"}, matrix.Crash, "BUG: x"},
		"overdue":                 {end{phase: phaseProbes, err: err, overdue: true}, matrix.Hang, "what the host saw"},
		"gone without a word":     {end{phase: phaseProbes, err: err}, matrix.Lost, "what the host saw"},
		"panic told by pvpanic":   {end{phase: phaseProbes, err: err, panicked: true}, matrix.Crash, "the kernel panicked, and its console does not tell of what: what the host saw"},
		"a stall while overdue":   {end{phase: phaseProbes, err: err, overdue: true, reports: []matrix.Report{{Kind: matrix.KindRCUStall, Title: "INFO: rcu stall in x"}}}, matrix.Hang, "what the host saw; the kernel said: INFO: rcu stall in x"},
		"a forced end":            {end{phase: phaseProbes, err: err, overdue: true, shutdown: "guest-reset"}, matrix.Hang, "what the host saw"},
		"reset without a word":    {end{phase: phaseProbes, err: err, shutdown: "guest-reset"}, matrix.Crash, "the guest was reset, as by a triple fault, without a word: what the host saw"},
		"a reboot":                {end{phase: phaseProbes, err: err, shutdown: "guest-reset", rebooted: true}, matrix.Lost, "QEMU ended by guest-reset: what the host saw"},
		"a power-off":             {end{phase: phaseProbes, err: err, shutdown: "guest-shutdown"}, matrix.Lost, "QEMU ended by guest-shutdown: what the host saw"},
		"host's fault in a probe": {end{phase: phaseProbes, err: err, infra: errors.New("no room")}, matrix.Infra, "no room"},
	} {
		if got, detail := unanswered(test.end); got != test.want || detail != test.detail {
			t.Errorf("%s: got %s, %q; want %s, %q", name, got, detail, test.want, test.detail)
		}
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
