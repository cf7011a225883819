package program

import (
	"fmt"
	"regexp"
	"strings"
	"syscall"

	"kmatrix/guest/ktap"
	"kmatrix/guest/ltp"
	"kmatrix/matrix"
	"kmatrix/matrix/printable"
)

// exitSkip is the exit code of a self-test that was skipped
// (tools/testing/selftests/kselftest.h).
const exitSkip = 4

// execution is one run of a program.
type execution struct {
	run  matrix.Command
	out  *stream
	err  *stream
	said *ktap.Parser
	// isLTP reports whether it is a test of the Linux Test Project, of whose lines ltpOut
	// and ltpErr read the reasons.
	isLTP          bool
	ltpOut, ltpErr ltp.Reader
	status         syscall.WaitStatus
	overdue        bool
}

// missingRE is what the guest's shell says of a command that it does not have.
var missingRE = regexp.MustCompile(`(?m)^"([^"\n]{1,60})": executable file not found`)

// test returns what the program came to, as its result format has it.
func (e *execution) test(in matrix.Installed) matrix.Test {
	code := e.code()
	t := matrix.Test{ExitCode: code}
	if in.ResultFormat == matrix.FormatKTAP && (e.said.Seen() || !in.Selftests) {
		t = e.said.Finish()
		t.ExitCode = code
		allSkipped := code == exitSkip && t.Ran() == 0
		if code != 0 && !allSkipped && t.Failed == 0 && len(t.Problems) == 0 {
			t.Problems = matrix.Keep(t.Problems, "no test failed, and yet it ended with "+e.ending())
		}
		if in.Selftests {
			t.Within(e.run.Name)
		}
	} else {
		e.byExitCode(&t, in)
	}
	reason := in.Lacks
	if m := missingRE.FindSubmatch(e.err.text.Bytes()); m != nil && e.run.Script && code != 0 {
		reason = "the guest has no command " + string(m[1])
	}
	if reason != "" {
		e.skipFailures(&t, reason)
	}
	return t
}

// skipFailures makes failures skipped tests: for that reason it need not be the kernel
// that failed.
func (e *execution) skipFailures(t *matrix.Test, reason string) {
	for _, name := range t.Failing {
		t.Skips = matrix.Keep(t.Skips, name+": "+reason)
	}
	t.Skipped, t.Failed, t.Failing = t.Skipped+t.Failed, 0, nil
	if len(t.Problems) > 0 {
		t.Skips = matrix.Keep(t.Skips, e.run.Name+": "+reason)
		t.Skipped, t.Problems = t.Skipped+1, nil
	}
}

// byExitCode counts the program as one test, by its exit code.
func (e *execution) byExitCode(t *matrix.Test, in matrix.Installed) {
	why := e.reasons()
	switch {
	case t.ExitCode == 0:
		t.Passed = 1
	case in.Selftests && t.ExitCode == exitSkip:
		t.Skipped, t.ExitCode = 1, 0
		t.Skips = matrix.Keep(nil, e.run.Name+": "+e.lastLine())
	case e.isLTP && t.ExitCode == matrix.LTPConf && len(why) > 0:
		t.Skipped = 1
		t.Skips = matrix.Keep(nil, e.run.Name+": "+why[0])
	case e.isLTP && t.ExitCode == matrix.LTPConf:
		t.Skipped = 1
		t.Skips = matrix.Keep(nil, e.run.Name+": TCONF: "+e.lastLine())
	case e.isLTP:
		t.Failed = 1
		t.Failing = matrix.Keep(nil, e.run.Name)
		if last := e.lastLine(); len(why) == 0 && last != "" {
			why = []string{last}
		}
		t.Diagnostics = why
	default:
		t.Failed = 1
		t.Failing = matrix.Keep(nil, e.run.Name)
		t.Diagnostics = matrix.Keep(nil, e.run.Name+": "+e.ending()+": "+e.lastLine())
	}
}

// code returns the program's exit code, -1 when a signal ended it.
func (e *execution) code() int {
	if !e.status.Exited() {
		return -1
	}
	return e.status.ExitStatus()
}

// reasons returns the lines by which a test of the Linux Test Project says why it did not
// pass; other programs have none.
func (e *execution) reasons() []string { return ltp.Reasons(e.code(), &e.ltpErr, &e.ltpOut) }

// ending returns how the program ended.
func (e *execution) ending() string {
	if e.overdue {
		return "killed at its deadline"
	}
	if e.status.Signaled() {
		return "signal: " + e.status.Signal().String()
	}
	return fmt.Sprintf("exit code %d", e.status.ExitStatus())
}

// lastLine returns the last line that the program printed, on standard error where it did,
// but for a summary of LTP's. A zero byte ends a line, too: pages of files end in many.
func (e *execution) lastLine() string {
	for _, s := range []*stream{e.err, e.out} {
		lines := strings.FieldsFunc(string(s.text.Bytes()), func(r rune) bool { return r == '\n' || r == '\r' || r == 0 })
		for i := len(lines) - 1; i >= 0; i-- {
			if line := strings.TrimSpace(lines[i]); line != "" && (!e.isLTP || !ltp.IsSummary(line)) {
				return printable.Line(line, matrix.MaxText)
			}
		}
	}
	return ""
}

// report returns what the program printed, each stream under its name. Of several programs
// each is named, with how it ended.
func (e *execution) report(several bool) []byte {
	var out []byte
	if several {
		out = fmt.Appendf(out, "== %s: %s\n", e.run.Name, e.ending())
	}
	for _, s := range []*stream{e.out, e.err} {
		text := s.text.Bytes()
		if len(text) == 0 {
			continue
		}
		if s == e.err {
			out = append(out, "-- standard error\n"...)
		}
		out = append(out, text...)
		if text[len(text)-1] != '\n' {
			out = append(out, '\n')
		}
	}
	return out
}
