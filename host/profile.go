package host

import (
	"context"
	"errors"
	"fmt"

	"golang.org/x/sync/errgroup"

	"kmatrix/matrix"
)

// Profile asks cells that [Runner.Run] has answered once more, each in a guest of
// its own where its machine isolates costs, for where the kernel spends what they
// cost. Their boots are further ones, of which no result comes. A guest that has no
// profile costs its own alone: that says why. Cells of kernels without an image
// have none.
func (r *Runner) Profile(ctx context.Context, cells []matrix.Cell) (profiles []matrix.Profile, err error) {
	release, err := r.begin()
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, release()) }()
	last, next := map[string]int{}, map[string]int{}
	for _, m := range r.Machines {
		last[m.Name], next[m.Name] = m.Boots, m.Boots+1
	}
	for _, res := range r.Store.Results() {
		if res.Boot > last[res.Machine] {
			last[res.Machine], next[res.Machine] = res.Boot, res.Boot+1
		}
	}
	all := batches(cells, last, next, r.Store.Final)
	for i := range all {
		all[i].profile = true
	}
	q := newQueue(all)
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error {
		for _, k := range r.Kernels {
			if err := r.reopen(ctx, q, k); err != nil {
				return err
			}
		}
		return nil
	})
	r.serve(ctx, g, q)
	err = g.Wait()
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.profiles, err
}

// reopen lets a kernel's batches out. Its image is there but in a run that was
// resumed with nothing left to ask; one that cannot be had again costs its profiles.
func (r *Runner) reopen(ctx context.Context, q *queue, k matrix.Kernel) error {
	if _, ok := r.images.Load(k.Name); !ok && q.wants(k.Name) {
		img, err := r.image(ctx, k)
		if err != nil {
			q.drop(k.Name)
			r.notify(Event{Kernel: k.Name, Stage: StageNotice, Text: fmt.Sprintf("no profile of %s: %v", k.Name, err)})
			return ctx.Err()
		}
		r.images.Store(k.Name, img)
	}
	q.open(k.Name)
	return nil
}

// keepProfile stores a cell's profile, or, of a cell without, what kept it from
// having one.
func (s *session) keepProfile(probe string, counts *matrix.ProfileCounts, outcome matrix.Outcome, detail string) error {
	c := s.cell(probe)
	p := matrix.Profile{
		Kernel: c.Kernel, Machine: c.Machine, Probe: c.Probe, Cell: c.ID(),
		Boot: s.batch.boot, Life: s.number, Clone: s.clone,
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
	if err := s.r.Store.AppendProfile(p); err != nil {
		return fmt.Errorf("store the profile of %s: %w", p.Cell, err)
	}
	s.r.profiles = append(s.r.profiles, p)
	return nil
}
