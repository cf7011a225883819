// Package explain puts together all that a stored run knows of one cell.
//
// [Find] gathers it, from the run, the files in its directory and what the cell is beside
// the baseline's and its base's, and [Write] writes it for people; its JSON is that of
// [Explanation]. Texts that lie in the run's directory may be anybody's: they are cleaned
// where they are read.
package explain

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"kmatrix/matrix"
	"kmatrix/matrix/compare"
	"kmatrix/matrix/printable"
	"kmatrix/matrix/proc"
	"kmatrix/matrix/report"
	"kmatrix/matrix/store"
)

// Error is a mistake of who asks: a cell that the run does not have, or a run whose names
// are none.
type Error struct{ err error }

// Error says what is wrong, and what would be right.
func (e *Error) Error() string { return e.err.Error() }

// Unwrap returns the reason.
func (e *Error) Unwrap() error { return e.err }

func mistake(format string, args ...any) error { return &Error{fmt.Errorf(format, args...)} }

// Explanation is all about one cell in one boot.
type Explanation struct {
	matrix.Result
	// Run is the run's directory.
	Run string `json:"run"`
	// Column is the kernel, as far as it was known.
	Column matrix.Column `json:"column"`
	// Console is the file with what the guest printed, "" when there was none.
	Console string `json:"console,omitempty"`
	// Profile is where its cost is spent, nil where that was not asked.
	Profile *matrix.Profile `json:"profile,omitempty"`
	// Costs are what its cost is beside others'.
	Costs []report.CostData `json:"costs,omitempty"`
	// Guests are those that it was asked in, with how they ended.
	Guests []matrix.Guest `json:"guests,omitempty"`
	// Printed is what an external probe printed.
	Printed string `json:"printed,omitempty"`
	// Excerpts are the console's texts around the reports, of each one that has its own.
	Excerpts []excerpt `json:"said,omitempty"`
	// Around is what the console says around the event that ended it, where no
	// report has a text.
	Around string `json:"around,omitempty"`
	// Baseline is what the baseline answered; nil for the baseline's own cells.
	Baseline *matrix.Result `json:"baseline,omitempty"`
	// Repro is the command that boots the guest from a shell.
	Repro string `json:"repro,omitempty"`
	// Again is the command that runs the cell again.
	Again string `json:"again"`
}

// Find explains the cells of a stored run that cell names, KERNEL/MACHINE/PROBE, or KERNEL
// and PROBE: one for each machine that is left open, and for each boot. dir is the run's
// directory. What who asks is to correct is an [*Error].
func Find(s *store.Stored, dir string, cell []string) ([]Explanation, error) {
	var list []Explanation
	compared := compare.Compare(s.Run, s.Results)
	compared.Locate(s.Profiles)
	for _, r := range s.Results {
		if len(cell) == 1 && r.Cell != cell[0] || len(cell) == 2 && (r.Kernel != cell[0] || r.Probe != cell[1]) {
			continue
		}
		e := Explanation{Result: r, Run: dir, Again: again(s.Run, r), Guests: guestsOf(s.Guests, r)}
		for _, k := range s.Run.Kernels {
			if k.Name == r.Kernel {
				e.Column = k
			}
		}
		e.located(compared, s.Profiles)
		if err := errors.Join(e.files(dir), e.around(s)); err != nil {
			return nil, err
		}
		list = append(list, e)
	}
	if len(list) == 0 && wasAsked(s.Run, cell) {
		return nil, mistake("%s has no outcome in %s yet: kmatrix run --resume %s asks it", strings.Join(cell, " "), dir, dir)
	}
	if len(list) == 0 {
		return nil, mistake("the run %s has no cell %s%s: kmatrix report --all lists them", dir, strings.Join(cell, " "), nearCells(s.Results, cell))
	}
	return list, nil
}

// files adds what lies in the run's directory, under names made of the cell.
func (e *Explanation) files(dir string) error {
	if e.Boot > 0 {
		name, err := store.ConsoleName(e.Kernel, e.Machine, e.Boot, e.Session)
		if err != nil {
			return &Error{err}
		}
		if _, err := os.Stat(filepath.Join(dir, name)); err == nil {
			e.Console = filepath.Join(dir, name)
		}
	}
	for _, r := range e.CrashReports {
		text, err := readCrashReport(dir, e.Kernel, r)
		if err != nil {
			return err
		}
		if text != "" {
			e.Excerpts = append(e.Excerpts, excerpt{r.Title, text})
		}
	}
	if e.Output == "" {
		return nil
	}
	name, err := store.OutputName(matrix.Cell{Kernel: e.Kernel, Machine: e.Machine, Probe: e.Probe}, e.Boot, e.Session)
	if err != nil {
		return &Error{err}
	}
	text, err := os.ReadFile(filepath.Join(dir, name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	e.Output, e.Printed = filepath.Join(dir, name), printable.Text(text)
	return err
}

// again is the command that runs a cell again, to be pasted into a shell.
func again(run matrix.Run, r matrix.Result) string {
	c := proc.Cmd{Path: "kmatrix", Args: []string{"run"}}
	if run.Spec != "kernels.yaml" {
		c.Args = append(c.Args, "-f", run.Spec)
	}
	c.Args = append(c.Args, "-k", r.Kernel, "-p", r.Probe)
	return c.String()
}
