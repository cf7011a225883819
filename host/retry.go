package host

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"kmatrix/matrix"
)

// attempts are the first results, by probe, of a batch's cells that are retried in another
// guest that starts as the first did.
type attempts map[string]matrix.Result

// settle stores the result of a probe, and before it what the probe and the kernel
// printed, or has the cell retried. spoiled reports whether the host is at fault in a way
// that may not repeat.
func (s *session) settle(probe string, res matrix.Result, spoiled bool) (err error) {
	if s.batch.profile {
		return s.keepProfile(probe, nil, res.Outcome, res.Detail)
	}
	if len(s.output) > 0 {
		if res.Output, err = s.r.cfg.Store.Output(s.cell(probe), s.batch.boot, s.number, s.r.printed(s.cell(probe), s.output)); err != nil {
			return err
		}
	}
	s.output = nil
	if res.CrashReports, err = s.reports.keep(res.CrashReports); err != nil {
		return err
	}
	first, tried := s.attempts[probe]
	if !tried && shouldRetry(res.Outcome, spoiled) {
		s.attempts[probe] = res
		s.retry = append(s.retry, probe)
		return nil
	}
	if tried {
		res = settled(first, res)
		delete(s.attempts, probe)
	}
	return s.r.keep(s.cell(probe), res)
}

// flush stores the first results of cells that no guest will retry any more; a cell that
// the host has spoiled gets no outcome.
func (a attempts) flush(r *Runner, b batch) error {
	var errs []error
	for _, probe := range slices.Sorted(maps.Keys(a)) {
		if a[probe].Outcome != matrix.Infra {
			errs = append(errs, r.keep(matrix.Cell{Kernel: b.kernel, Machine: b.machine, Probe: probe}, a[probe]))
		}
	}
	return errors.Join(errs...)
}

// retryNote returns what a notice says of how many of the probes are retried, "" for none.
func (s *session) retryNote(probes []string) string {
	n := 0
	for _, p := range probes {
		if slices.Contains(s.retry, p) {
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
