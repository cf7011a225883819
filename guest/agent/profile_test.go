package main

import (
	"context"
	"testing"

	"kmatrix/guest/probe"
	"kmatrix/guest/wire"
	"kmatrix/matrix"
)

// TestProfilesAreAskedOfCostsAlone asks a probe that has one, and one that goes on
// to observe.
func TestProfilesAreAskedOfCostsAlone(t *testing.T) {
	before := lookup
	defer func() { lookup = before }()
	lookup = func(name string) (probe.Probe, bool) {
		return probe.Probe{Run: func(_ context.Context, env *probe.Env) (probe.Finding, error) {
			if name == "cost/x" && env.Profile {
				return probe.Finding{Profile: &matrix.Profile{Samples: 1, User: 1}}, nil
			}
			return probe.Finding{Finding: matrix.Finding{Observation: &matrix.Observation{Class: matrix.Stable}}}, nil
		}}, true
	}
	if a := carryOut(task{Probe: "cost/x", Profile: true}).Answer; a.Status != wire.StatusOK || a.Profile == nil || a.Observation != nil {
		t.Errorf("%+v", a)
	}
	if a := carryOut(task{Probe: "stability/x", Profile: true}).Answer; a.Status != wire.StatusError || a.Detail == "" || a.Observation != nil {
		t.Errorf("%+v", a)
	}
	if a := carryOut(task{Probe: "cost/x"}).Answer; a.Status != wire.StatusOK || a.Observation == nil {
		t.Errorf("%+v", a)
	}
}
