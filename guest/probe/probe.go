// Package probe holds the questions that are put to a kernel.
//
// This package is their registry; each probe carries the function that runs it. The
// packages below it hold the probes (stability, overfill, cost, stress), one file a
// family, which registers itself from init, and what they share: source makes the files
// that probes read, sys makes the system calls, load keeps workers busy. A program that
// needs the probes imports the package all.
//
// Probes run as root in a worker process of the guest's agent, one at a time.
// On the host the registry serves for its names.
package probe

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"kmatrix/matrix"
)

// Probe couples a probe's description with the way it is asked.
type Probe struct {
	matrix.Probe
	// Run asks. An [*UnsupportedError] says that the guest lacks what it
	// takes, a [*PreconditionError] that the question did not come about; any other
	// error that the probe could not be carried out. What the kernel did is in the
	// finding.
	Run func(context.Context, *Env) (Finding, error)
	// Profile finds out where the probe's time goes, with the errors of Run; nil of a
	// probe that is no question of cost.
	Profile func(context.Context, *Env) (*matrix.ProfileCounts, error)
}

// Finding is what a probe found.
type Finding struct {
	matrix.Finding
	// Detail is a line for people, "" for none.
	Detail string
}

// Env is where a probe runs.
type Env struct {
	// Dirs are the directories that file systems are mounted on, by name.
	Dirs map[string]string
	// Refused says why others are not, and what else the kernel lacks.
	Refused map[string]string
	// Budget is how long a probe works that has a budget of its own; it is 0
	// for others.
	Budget time.Duration
}

// Dir returns a file system's directory.
func (e *Env) Dir(fs string) (string, error) {
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

// PreconditionError says that what a probe rests on did not come about, though the
// kernel can: its question was not asked. It is no fault of the kernel's.
type PreconditionError struct{ Reason string }

// Error returns the reason.
func (e *PreconditionError) Error() string { return "a precondition is not met: " + e.Reason }

// Family is what probes have in common whose names begin alike.
type Family struct {
	// Name is the beginning, for example "stability/splice".
	Name string
	// Summary is one sentence.
	Summary string
	// Origin says where the question comes from: a message of the thread that
	// kmatrix began with, a change of the kernel, a manual page.
	Origin string
	// Answers say what each answer would mean, in the order of their words.
	Answers []Answer
}

// Answer is a class, a unit or an outcome with its meaning.
type Answer struct{ Word, Meaning string }

var (
	families []Family
	registry = map[string]Probe{}
)

// Register adds a family with its probes; a name that is taken is a mistake in
// the program.
func Register(f Family, probes ...Probe) {
	families = append(families, f)
	for _, p := range probes {
		if _, taken := registry[p.Name]; taken || !matrix.Match(f.Name, p.Name) {
			panic(fmt.Sprintf("probe %s is registered twice, or not of the family %s", p.Name, f.Name))
		}
		registry[p.Name] = p
	}
}

// All returns every probe, sorted by name.
func All() []Probe {
	all := slices.Collect(maps.Values(registry))
	slices.SortFunc(all, func(a, b Probe) int { return strings.Compare(a.Name, b.Name) })
	return all
}

// Families returns every family, sorted by name.
func Families() []Family {
	all := slices.Clone(families)
	slices.SortFunc(all, func(a, b Family) int { return strings.Compare(a.Name, b.Name) })
	return all
}

// FamilyOf returns the family that a probe belongs to.
func FamilyOf(name string) Family {
	i := slices.IndexFunc(families, func(f Family) bool { return matrix.Match(f.Name, name) })
	if i < 0 {
		return Family{}
	}
	return families[i]
}

// Lookup returns the probe of that name.
func Lookup(name string) (Probe, bool) {
	p, ok := registry[name]
	return p, ok
}
