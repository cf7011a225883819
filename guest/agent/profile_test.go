package main

import (
	"context"
	"testing"

	"kmatrix/guest/probe"
	"kmatrix/guest/wire"
	"kmatrix/matrix"
)

// TestProfilesAreAskedOfCostsAlone asks a probe that has one, and one that has none.
func TestProfilesAreAskedOfCostsAlone(t *testing.T) {
	before := lookup
	defer func() { lookup = before }()
	lookup = func(name string) (probe.Probe, bool) {
		p := probe.Probe{Run: func(context.Context, *probe.Env) (probe.Finding, error) {
			return probe.Finding{Finding: matrix.Finding{Observation: &matrix.Observation{Class: matrix.Stable}}}, nil
		}}
		if name == "cost/x" {
			p.Profile = func(context.Context, *probe.Env) (*matrix.ProfileCounts, error) {
				return &matrix.ProfileCounts{Samples: 1, User: 1}, nil
			}
		}
		return p, true
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
