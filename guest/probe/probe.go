// Package probe holds the questions that are put to a kernel.
//
// A family of probes is one file that registers itself from init; [All] lists
// every probe, and each carries its own way of being asked. Stability probes
// share one course (stability.go): a source file is filled with a known
// pattern (pattern.go) and brought into a state of caching (source.go), a call
// moves its data into a pipe, a mutation changes the file (mutation.go), and
// what the pipe then delivers is counted. Cost probes (cost.go) time a path.
//
// The definition of stable is Matthew Wilcox's, in the thread that kmatrix
// began with: after the call has returned, later changes of the source are not
// seen at the destination.
//
// Probes run as root in a worker process of the guest's agent, one at a time.
// On the host the package serves for its names.
package probe

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"kmatrix/matrix"
)

// Probe couples a probe's description with the way it is asked.
type Probe struct {
	matrix.Probe
	// Run asks. An [*UnsupportedError] says that the guest lacks what it
	// takes; any other error that the probe could not be carried out. What the
	// kernel did is in the finding.
	Run func(context.Context, *Env) (Finding, error)
}

// Finding is what a probe found: an observation or a sample.
type Finding struct {
	Observation *matrix.Observation
	Sample      *matrix.Sample
	// Detail is a line for people, "" for none.
	Detail string
}

// Env is where a probe runs.
type Env struct {
	// Dirs are the directories that file systems are mounted on, by name.
	Dirs map[string]string
	// Refused says why others are not.
	Refused map[string]string
}

// dir returns a file system's directory.
func (e *Env) dir(fs string) (string, error) {
	if d, ok := e.Dirs[fs]; ok {
		return d, nil
	}
	reason := e.Refused[fs]
	if reason == "" {
		reason = "the guest has no disk with it"
	}
	return "", &UnsupportedError{Reason: fs + " is not mounted: " + reason}
}

// UnsupportedError says that a probe cannot be asked of this guest, for a
// reason that was found out and not assumed.
type UnsupportedError struct{ Reason string }

// Error returns the reason.
func (e *UnsupportedError) Error() string { return "unsupported: " + e.Reason }

var registry []Probe

// register adds probes; a name that is taken is a mistake in the program.
func register(probes ...Probe) {
	for _, p := range probes {
		if _, taken := Lookup(p.Name); taken {
			panic(fmt.Sprintf("probe %s is registered twice", p.Name))
		}
		registry = append(registry, p)
	}
}

// All returns every probe, sorted by name.
func All() []Probe {
	all := slices.Clone(registry)
	slices.SortFunc(all, func(a, b Probe) int { return strings.Compare(a.Name, b.Name) })
	return all
}

// Lookup returns the probe of that name.
func Lookup(name string) (Probe, bool) {
	i := slices.IndexFunc(registry, func(p Probe) bool { return p.Name == name })
	if i < 0 {
		return Probe{}, false
	}
	return registry[i], true
}
