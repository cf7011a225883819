package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"regexp"
	"strings"
	"syscall"

	"kmatrix/guest/ktap"
	"kmatrix/guest/ltp"
	"kmatrix/guest/wire"
	"kmatrix/matrix"
	"kmatrix/matrix/printable"
)

// externalList is the file that names the external probes' programs.
const externalList = "/etc/kmatrix/external.json"

// guestShell runs scripts; a kernel need not know of interpreters.
const guestShell = "/bbin/gosh"

// exitSkip is the exit code of a self-test that was skipped
// (tools/testing/selftests/kselftest.h).
const exitSkip = 4

// readExternals reads the list; a guest without one has no such probes.
func readExternals(file string) (map[string]matrix.Installed, error) {
	text, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var list []matrix.Installed
	if err == nil {
		err = json.Unmarshal(text, &list)
	}
	if err != nil {
		return nil, fmt.Errorf("read the list of external probes: %w", err)
	}
	by := map[string]matrix.Installed{}
	for _, one := range list {
		by[one.Probe] = one
	}
	return by, nil
}

// external runs an external probe's programs one after the other, and returns
// the answer and what they printed; late gives them up.
func (a *agent) external(ctx context.Context, name string, room wire.Scratch, late <-chan struct{}) (answer wire.Answer, output []byte) {
	in, ok := a.programs[name]
	switch {
	case !ok:
		return wire.Answer{Status: wire.StatusError, Detail: fmt.Sprintf("this guest has no program of %q", name)}, nil
	case in.Unsupported != "":
		return wire.Answer{Status: wire.StatusUnsupported, Detail: in.Unsupported}, nil
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	scratch, release, err := a.scratch(room)
	var lacking *noScratchError
	switch {
	case errors.As(err, &lacking):
		return wire.Answer{Status: wire.StatusUnsupported, Detail: err.Error()}, nil
	case err != nil:
		return wire.Answer{Status: wire.StatusError, Detail: err.Error()}, nil
	}
	defer release()
	var sum matrix.Test
	for _, one := range in.Runs {
		e, err := a.execute(ctx, in, one, scratch, late)
		if err != nil {
			return wire.Answer{Status: wire.StatusError, Detail: fmt.Sprintf("run %s: %v", one.Name, err)}, output
		}
		output = append(output, e.report(len(in.Runs) > 1)...)
		switch {
		case e.overdue:
			return wire.Answer{Status: wire.StatusOverdue, Detail: one.Name + " did not end"}, output
		case ctx.Err() != nil:
			return wire.Answer{}, output
		}
		sum.Merge(e.test(in))
		if e.status.Signaled() && len(in.Runs) == 1 {
			wire.CleanTest(&sum)
			return wire.Answer{Status: wire.StatusDied, Detail: strings.Join(append([]string{"signal: " + e.status.Signal().String()}, e.reasons()...), "; "), Finding: matrix.Finding{Test: &sum}}, output
		}
		answer.Detail = e.lastWords()
	}
	wire.CleanTest(&sum)
	answer.Status, answer.Test = wire.StatusOK, &sum
	return answer, output
}

// execution is one program's life.
type execution struct {
	run  matrix.Command
	out  *stream
	err  *stream
	said *ktap.Parser
	// isLTP tells that it is a test of the Linux Test Project, of whose lines ltpOut
	// and ltpErr read the reasons.
	isLTP          bool
	ltpOut, ltpErr ltp.Reader
	status         syscall.WaitStatus
	overdue        bool
}

// missingRE is what the guest's shell says of a command that it does not have.
var missingRE = regexp.MustCompile(`(?m)^"([^"\n]{1,60})": executable file not found`)

// test says how the program did.
func (e *execution) test(in matrix.Installed) matrix.Test {
	code := e.code()
	t := matrix.Test{ExitCode: code}
	if in.ResultFormat == matrix.FormatKTAP && (e.said.Seen() || !in.Selftests) {
		t = e.said.Finish()
		t.ExitCode = code
		allSkipped := code == exitSkip && t.Ran() == 0
		if code != 0 && !allSkipped && t.Failed == 0 && len(t.Problems) == 0 {
			t.Problems = matrix.Keep(t.Problems, "no test failed, and yet it ended with "+e.how())
		}
		if in.Selftests {
			t.Within(e.run.Name)
		}
	} else {
		e.judge(&t, in)
	}
	reason := in.Lacks
	if m := missingRE.FindSubmatch(e.err.text.Bytes()); m != nil && e.run.Script && code != 0 {
		reason = "the guest has no command " + string(m[1])
	}
	if reason != "" {
		e.excuse(&t, reason)
	}
	return t
}

// excuse makes failures skipped tests: for that reason it need not be the kernel
// that failed.
func (e *execution) excuse(t *matrix.Test, reason string) {
	for _, name := range t.Failing {
		t.Skips = matrix.Keep(t.Skips, name+": "+reason)
	}
	t.Skipped, t.Failed, t.Failing = t.Skipped+t.Failed, 0, nil
	if len(t.Problems) > 0 {
		t.Skips = matrix.Keep(t.Skips, e.run.Name+": "+reason)
		t.Skipped, t.Problems = t.Skipped+1, nil
	}
}

// judge counts the program as one test, by its exit code.
func (e *execution) judge(t *matrix.Test, in matrix.Installed) {
	why := e.reasons()
	switch {
	case t.ExitCode == 0:
		t.Passed = 1
	case in.Selftests && t.ExitCode == exitSkip:
		t.Skipped, t.ExitCode = 1, 0
		t.Skips = matrix.Keep(nil, e.run.Name+": "+e.lastWords())
	case e.isLTP && t.ExitCode == matrix.LTPConf && len(why) > 0:
		t.Skipped = 1
		t.Skips = matrix.Keep(nil, e.run.Name+": "+why[0])
	case e.isLTP && t.ExitCode == matrix.LTPConf:
		t.Skipped = 1
		t.Skips = matrix.Keep(nil, e.run.Name+": TCONF: "+e.lastWords())
	case e.isLTP:
		t.Failed = 1
		t.Failing = matrix.Keep(nil, e.run.Name)
		if last := e.lastWords(); len(why) == 0 && last != "" {
			why = []string{last}
		}
		t.Diagnostics = why
	default:
		t.Failed = 1
		t.Failing = matrix.Keep(nil, e.run.Name)
		t.Diagnostics = matrix.Keep(nil, e.run.Name+": "+e.how()+": "+e.lastWords())
	}
}

// code is the program's exit code, -1 when a signal ended it.
func (e *execution) code() int {
	if !e.status.Exited() {
		return -1
	}
	return e.status.ExitStatus()
}

// reasons are the lines by which a test of the Linux Test Project says why it did not
// pass; other programs have none.
func (e *execution) reasons() []string { return ltp.Reasons(e.code(), &e.ltpErr, &e.ltpOut) }

// how says how the program ended.
func (e *execution) how() string {
	if e.overdue {
		return "killed at its deadline"
	}
	if e.status.Signaled() {
		return "signal: " + e.status.Signal().String()
	}
	return fmt.Sprintf("exit code %d", e.status.ExitStatus())
}

// lastWords is the last line that the program printed, on standard error where
// it did, but for a summary of LTP's. A zero byte ends a line, too: pages of files end
// in many.
func (e *execution) lastWords() string {
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

// report is what the program printed, each stream under its name; one of
// several programs is named, and its end told.
func (e *execution) report(several bool) []byte {
	var out []byte
	if several {
		out = fmt.Appendf(out, "== %s: %s\n", e.run.Name, e.how())
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
