package host

import (
	"fmt"

	"kmatrix/matrix"
)

// keepProfile stores a cell's profile, or, of a cell without, what kept it from
// having one.
func (s *session) keepProfile(probe string, counts *matrix.ProfileCounts, outcome matrix.Outcome, detail string) error {
	c := s.cell(probe)
	p := matrix.Profile{
		Kernel: c.Kernel, Machine: c.Machine, Probe: c.Probe, Cell: c.ID(),
		Boot: s.batch.boot, Session: s.number, Clone: s.clone,
	}
	switch {
	case counts != nil:
		p.ProfileCounts = *counts
	case outcome == matrix.Unsupported:
		p.Missing = detail
	case outcome == matrix.Pass:
		p.Missing = "the guest answered with something else"
	default:
		p.Missing = fmt.Sprintf("%s: %s", outcome, detail)
	}
	s.output = nil
	s.r.mu.Lock()
	defer s.r.mu.Unlock()
	if err := s.r.cfg.Store.AppendProfile(p); err != nil {
		return fmt.Errorf("store the profile of %s: %w", p.Cell, err)
	}
	return nil
}
