// Package program runs the programs of external probes in the guest, and reads what
// they came to: by exit code, by KTAP, or as tests of the Linux Test Project.
//
// What a program prints goes into pipes that are read when they are full and when it has
// ended (capture.go): what it spliced into them and changed afterwards shows. All is plain
// read and write, none of the calls under test.
package program

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"kmatrix/guest/process"
	"kmatrix/guest/wire"
	"kmatrix/matrix"
)

// ReadList reads the programs of a guest, by the names of their probes; one without the
// file has none.
func ReadList(file string) (map[string]matrix.Installed, error) {
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

// Runner runs programs. All fields must be set.
type Runner struct {
	Reaper *process.Reaper
	// Shell is the path of what scripts are run by; a kernel need not know of
	// interpreters.
	Shell string
	// Warn is told of processes that do not end.
	Warn func(error)
}

// Run runs a probe's programs one after the other in a directory, and returns the answer
// and what they printed, at most [wire.MaxOutput] bytes; late gives them up.
func (r Runner) Run(ctx context.Context, in matrix.Installed, dir string, late <-chan struct{}) (wire.Answer, []byte) {
	answer, output := r.run(ctx, in, dir, late)
	if len(output) > wire.MaxOutput {
		// Of many programs, the first and the last.
		half := (wire.MaxOutput - 100) / 2
		output = fmt.Appendf(output[:half:half], "\n[… %d bytes left out …]\n%s", len(output)-2*half, output[len(output)-half:])
	}
	return answer, output
}

func (r Runner) run(ctx context.Context, in matrix.Installed, dir string, late <-chan struct{}) (answer wire.Answer, output []byte) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var sum matrix.Test
	for _, one := range in.Runs {
		e, err := r.execute(ctx, in, one, dir, late)
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
		answer.Detail = e.lastLine()
	}
	wire.CleanTest(&sum)
	answer.Status, answer.Test = wire.StatusOK, &sum
	return answer, output
}
