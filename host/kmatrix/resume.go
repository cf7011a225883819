package main

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"kmatrix/host/progress"
	"kmatrix/matrix"
	"kmatrix/matrix/lockfile"
	"kmatrix/matrix/proc"
	"kmatrix/matrix/spec"
	"kmatrix/matrix/store"
)

// freeFlags are those of run that change no result: they can be given anew when a
// run is resumed. All others make its plan, and are recorded.
var freeFlags = []string{"resume", "dir", "jobs", "format", "json", "all", "summary", "output", "locked", "offline", "strict", "fail-on", "for-bisect", "bad-is", "dump-on-hang", "snapshot-limit", "profile", "help"}

// invocation records the flags that make the plan.
func invocation(flags *pflag.FlagSet) (*matrix.Invocation, error) {
	dir, err := os.Getwd()
	if err != nil {
		return nil, fmt.Errorf("record what was asked for: %w", err)
	}
	a := &matrix.Invocation{Flags: map[string][]string{}, Dir: dir}
	flags.Visit(func(f *pflag.Flag) {
		if slices.Contains(freeFlags, f.Name) {
			return
		}
		a.Flags[f.Name] = []string{f.Value.String()}
		if list, ok := f.Value.(pflag.SliceValue); ok {
			a.Flags[f.Name] = list.GetSlice()
		}
	})
	return a, nil
}

// resumeRun opens the run that is to be resumed, and sets the flags that it was begun
// with.
func resumeRun(cmd *cobra.Command, dir, name string) (*store.Run, error) {
	given, err := invocation(cmd.Flags())
	if err != nil {
		return nil, err
	}
	if len(given.Flags) > 0 {
		var names []string
		for name := range given.Flags {
			names = append(names, "--"+name)
		}
		slices.Sort(names)
		return nil, wrong("--resume: the run has the plan that it was begun with: leave %s out, or begin another run", strings.Join(names, " and "))
	}
	path, err := findRun(dir, []string{name})
	if err != nil {
		return nil, err
	}
	stored, err := store.Open(path)
	if err != nil {
		return nil, wrongUse{fmt.Errorf("--resume: %w", err)}
	}
	was := stored.Run.Invocation
	if was == nil {
		return nil, wrong("--resume: %s does not say what it was asked for: begin another run", path)
	}
	if was.Dir != given.Dir {
		return nil, wrong("--resume: the run was begun in %s, which its paths are relative to: go on there", was.Dir)
	}
	for flag, values := range was.Flags {
		for _, v := range values {
			if err := cmd.Flags().Set(flag, v); err != nil {
				return nil, wrong("--resume: the run was begun with --%s %s: %w", flag, v, err)
			}
		}
	}
	st, warnings, err := store.Resume(path)
	var held *lockfile.HeldError
	if errors.As(err, &held) {
		return nil, fmt.Errorf("--resume: %s is being written by %s", path, held.By)
	}
	if err != nil {
		return nil, err
	}
	if err := warn(cmd, warnings); err != nil {
		return nil, errors.Join(err, st.Close())
	}
	return st, nil
}

// samePlan refuses to go on where the results to come would not be of what the
// others are of. The plan gets the boots that the run was begun with.
func samePlan(run matrix.Run, s *spec.Spec, plan *spec.Plan, qemu string) error {
	if s.Digest != run.SpecDigest {
		return wrong("--resume: %s has changed since the run was begun: bring it back as it was, or begin another run", s.Path)
	}
	if qemu != run.Host.QEMU {
		return fmt.Errorf("--resume: the run was begun with QEMU %s, and here is %s: begin another run", run.Host.QEMU, qemu)
	}
	for i := range plan.Machines {
		for _, m := range run.Machines {
			if m.Name == plan.Machines[i].Name {
				plan.Machines[i].Boots = m.Boots
			}
		}
	}
	return nil
}

// recordResumed has the run say that it is gone on with; about is what it would say if it
// began now.
func recordResumed(st *store.Run, about matrix.Run, p *progress.Progress) error {
	was := st.Header()
	if was.Host.Agent != about.Host.Agent {
		return fmt.Errorf("--resume: the run was begun with the agent %.19s…, and %.19s… is beside the program: take the kmatrix that it was begun with, or begin another run", was.Host.Agent, about.Host.Agent)
	}
	if was.Host.CPU != about.Host.CPU || was.Host.Kernel != about.Host.Kernel || was.Host.CPUs != about.Host.CPUs {
		p.Notice(fmt.Sprintf("--resume: the run was begun on another host: %d × %s with Linux %s, and this is %d × %s with Linux %s; times do not compare", was.Host.CPUs, was.Host.CPU, was.Host.Kernel, about.Host.CPUs, about.Host.CPU, about.Host.Kernel))
	}
	final := slices.DeleteFunc(st.Results(), func(r matrix.Result) bool { return !r.Outcome.Final() })
	had, total := p.Resume(final)
	p.Notice(fmt.Sprintf("going on with %s: %d of %d results are there", st.Dir(), had, total))
	return st.Update(func(run *matrix.Run) {
		run.Resumed = append(run.Resumed, time.Now().UTC())
		run.Finished, run.Interrupted = nil, false
	})
}

// unfinished is the error of a run that can be gone on with.
type unfinished struct {
	err error
	dir string
}

func (u unfinished) Error() string {
	for _, full := range []error{syscall.ENOSPC, syscall.EDQUOT, syscall.EFBIG} {
		if errors.Is(u.err, full) {
			return u.err.Error() + "\nwhat was stored before is kept; there must be more room to go on"
		}
	}
	return u.err.Error()
}

func (u unfinished) Unwrap() error { return u.err }

// resumeHint says how to go on, "" where there is nothing to go on with.
func resumeHint(err error) string {
	var u unfinished
	if !errors.As(err, &u) {
		return ""
	}
	return "go on with: " + proc.Cmd{Path: "kmatrix", Args: []string{"run", "--resume", u.dir}}.String()
}
