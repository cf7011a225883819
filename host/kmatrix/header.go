package main

import (
	"time"

	"kmatrix/matrix"
	"kmatrix/matrix/spec"
)

// header is the run's description before anything has run.
func header(s *spec.Spec, plan *spec.Plan, h matrix.Host) matrix.Run {
	run := matrix.Run{
		Started: time.Now().UTC(), Spec: s.Path, SpecDigest: s.Digest, Baseline: plan.Baseline,
		Host: h, Machines: plan.Machines, Classes: matrix.Classes,
	}
	for _, k := range plan.Kernels {
		run.Kernels = append(run.Kernels, matrix.Column{Name: k.Name, Contract: k.Contract, Source: k.Source, Base: k.Base, Series: k.Series, Append: k.Append})
	}
	for _, p := range plan.Probes {
		run.Probes = append(run.Probes, p.Name)
	}
	return run
}
