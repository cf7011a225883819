package main

import (
	"slices"
	"time"

	"kmatrix/matrix"
	"kmatrix/matrix/spec"
)

// check refuses flags that make no sense before anything is started.
func (o *runOptions) check() (err error) {
	if o.jobs < 0 {
		return wrong("-j %d: at least one guest must run at once", o.jobs)
	}
	if o.to, err = o.format.destinations(); err != nil {
		return err
	}
	for flag, d := range map[string]time.Duration{"boot-deadline": o.boot, "probe-deadline": o.probe} {
		if d < 0 {
			return wrong("--%s %s: want a time such as 90s", flag, d)
		}
	}
	if o.stressFor < 0 {
		return wrong("--stress-for %s: want a time such as 30s", o.stressFor)
	}
	if _, err := parseBoots(o.boots); err != nil {
		return err
	}
	if o.snapshots < 1 {
		return wrong("--snapshot-limit %d: want a number of MiB; isolate: boot in %s does without snapshots", o.snapshots, o.file)
	}
	if o.dump < 0 {
		return wrong("--dump-on-hang %d: want a number of MiB", o.dump)
	}
	if o.profile != "" && o.profile != profileDiffering && o.profile != profileAll {
		return wrong("--profile=%s: allowed are --profile, for costs that differ, and --profile=all", o.profile)
	}
	if o.allProbes && len(o.patterns) > 0 {
		return wrong("--all-probes and -p: choose one")
	}
	if err := o.bisect.check(o); err != nil {
		return err
	}
	return checkFailOn(o.failOn)
}

// plan reads kernels.yaml and selects from it.
func (o *runOptions) plan() (*spec.Spec, *spec.Plan, error) {
	known := known()
	s, err := spec.LoadFile(o.file, known)
	if err != nil {
		return nil, nil, err
	}
	selected, err := replaceSources(s, o.kernels)
	if err != nil {
		return nil, nil, err
	}
	patterns := o.patterns
	var kinds []matrix.ProbeKind
	switch {
	case o.allProbes:
		kinds = everyKind
	case len(patterns) == 0:
		patterns = s.Probes
	}
	if o.aa && len(selected) == 0 {
		selected = []string{s.Baseline}
	}
	plan, err := s.Plan(spec.Selection{Kernels: selected, Probes: patterns, Kinds: kinds}, known)
	if err == nil && o.stressFor > 0 && !slices.ContainsFunc(plan.Probes, func(p matrix.Probe) bool { return p.Budget > 0 }) {
		err = wrong("--stress-for: no stress probe is asked: add -p stress")
	}
	if err == nil {
		err = o.bisect.checkPlan(s, plan)
	}
	return s, plan, err
}

// everyKind are the kinds that --all-probes asks: those whose probes end when they
// are done. A stress probe works for as long as it is told to, and an external one
// does what its author likes.
var everyKind = []matrix.ProbeKind{matrix.Stability, matrix.Performance}

// leftOut counts the probes of --all-probes that are not asked because nobody
// asked for anything, and run: probes: does not name them.
func (o *runOptions) leftOut(s *spec.Spec, plan *spec.Plan) (int, error) {
	if len(o.patterns) > 0 || o.allProbes {
		return 0, nil
	}
	all, err := s.Plan(spec.Selection{Kinds: everyKind}, known())
	if err != nil {
		return 0, err
	}
	asked := map[string]bool{}
	for _, p := range plan.Probes {
		asked[p.Name] = true
	}
	n := 0
	for _, p := range all.Probes {
		if !asked[p.Name] {
			n++
		}
	}
	return n, nil
}
