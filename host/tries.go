package host

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"kmatrix/matrix"
)

// tries are the first results of a batch's cells that are asked once more, in
// another guest that starts as the first did.
type tries map[string]matrix.Result

// settle keeps the result of a probe, and before it what the probe and the kernel
// printed, or has it asked once more. spoiled tells that
// the host's fault is one that may not come again.
func (l *life) settle(probe string, res matrix.Result, spoiled bool) {
	if l.batch.profile {
		l.keepProfile(probe, nil, res.Outcome, res.Detail)
		return
	}
	if len(l.output) > 0 && l.store == nil {
		res.Output, l.store = l.r.Store.Output(l.cell(probe), l.batch.boot, l.number, l.r.printed(l.cell(probe), l.output))
	}
	l.output = nil
	if l.store == nil {
		res.Reports, l.store = l.ear.keep(res.Reports)
	}
	if l.store != nil {
		return
	}
	first, tried := l.tries[probe]
	if !tried && onceMore(res.Outcome, spoiled) {
		l.tries[probe] = res
		l.again = append(l.again, probe)
		return
	}
	if tried {
		res = settled(first, res)
		delete(l.tries, probe)
	}
	l.store = l.r.keep(l.cell(probe), res)
}

// unsettled keeps what came of the cells that were to be asked once more, where
// nobody will; one that the host has spoiled has no outcome.
func (t tries) unsettled(r *Runner, b batch) error {
	var errs []error
	for _, probe := range slices.Sorted(maps.Keys(t)) {
		if t[probe].Outcome != matrix.Infra {
			errs = append(errs, r.keep(matrix.Cell{Kernel: b.kernel, Machine: b.machine, Probe: probe}, t[probe]))
		}
	}
	return errors.Join(errs...)
}

// try is the part of a result that is kept beside another one's.
func try(r matrix.Result) *matrix.Try {
	return &matrix.Try{
		Outcome: r.Outcome, Detail: r.Detail, Observation: r.Observation, Sample: r.Sample, Test: r.Test,
		Life: r.Life, Clone: r.Clone, Output: r.Output, Reports: r.Reports, Seconds: r.Seconds,
	}
}

// once says that a cell is asked once more, "" when none is.
func (l *life) once(probes []string) string {
	n := 0
	for _, p := range probes {
		if slices.Contains(l.again, p) {
			n++
		}
	}
	switch n {
	case 0:
		return ""
	case 1:
		return "; it is asked once more"
	}
	return fmt.Sprintf("; %d cells are asked once more", n)
}
