package host

import (
	"context"
	"errors"
	"time"

	"kmatrix/guest/wire"
	"kmatrix/host/deadline"
	"kmatrix/host/kconfig"
	"kmatrix/host/vm"
	"kmatrix/matrix"
)

// session is one guest, from QEMU's start to its end, and what it was asked.
type session struct {
	r       *Runner
	batch   batch
	machine matrix.Machine
	// number counts the guests of the batch from 1.
	number int
	// left are the guest's cells without an outcome; the first may be running.
	// rest are the cells of later guests.
	left, rest []string
	// attempts are those of the batch, and retry are the cells that another guest is to
	// be asked.
	attempts attempts
	retry    []string
	// snapshot is what the guest starts from where clone is set, and what it may be saved
	// to elsewhere; alone reports whether its one cell is to have a clone.
	snapshot     *bootSnapshot
	clone, alone bool
	// kind is that of its first cell.
	kind    matrix.ProbeKind
	hello   matrix.Hello
	reports consoleReports
	// options are those of the kernel's configuration, nil where it is not known.
	options kconfig.Config
	// output is what the running probe has printed.
	output []byte
	// began is when QEMU was started, and ready how long the agent took to be.
	began time.Time
	ready time.Duration
	// evidence was found by examinations, the last one while the probe examined ran.
	evidence     []matrix.Evidence
	examinations int
	examined     string
	hang         hang
}

// run boots the guest and asks it what is left. The error is the host's alone;
// whatever the guest does ends in outcomes.
func (s *session) run(ctx context.Context, img Bootable) error {
	own, cancel := context.WithCancel(ctx)
	defer cancel()
	stage := StageBoot
	if s.clone {
		stage = StageRestore
	}
	p, err := s.r.reserve(ctx, s.machine)
	if err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return s.assignOutcome(hostFailure(err))
	}
	defer p.Release()
	s.notify(stage, "", 0)
	s.began = time.Now()
	g, err := s.r.boot(own, launch{s.batch, s.number, img, s.machine, s.snapshot.saved, p})
	if err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if s.clone {
			s.snapshot.discard(err)
			return nil
		}
		return s.assignOutcome(hostFailure(err))
	}
	s.options = img.options
	s.reports = consoleReports{r: s.r, kernel: s.r.kernel(s.batch.kernel), symbols: img.Symbols}
	end, failed := s.follow(own, g)
	if end.overdue() && failed == nil && ctx.Err() == nil {
		s.collectEvidence(ctx, g, end)
	}
	exit := g.End(s.ending(end, failed))
	reports := s.reports.read(exit.Console, exit.Printed)
	switch {
	case ctx.Err() != nil:
		return errors.Join(ctx.Err(), s.recordGuest(end, exit, "", ""))
	case failed != nil:
		return failed
	case end.err == nil || end.unasked:
		return errors.Join(s.reports.attachToColumn(reports), s.recordGuest(end, exit, "", ""))
	}
	c := s.causeOf(end, exit, reports)
	outcome, detail := unanswered(c)
	if err := s.recordGuest(end, exit, outcome, detail); err != nil {
		return err
	}
	if s.clone && c.phase < phaseProbes {
		// A boot will show whether it is the kernel's own fault.
		s.snapshot.discard(errors.New(detail))
		return nil
	}
	return s.assignOutcome(c)
}

// causeOf finds why the guest stopped, and names what the kernel's configuration lacks
// where it never came up.
func (s *session) causeOf(end stop, exit vm.Exit, reports []matrix.CrashReport) cause {
	c := causeOf(end, exit, reports, s.r.machine(s.batch.machine))
	if outcome, _ := unanswered(c); outcome == matrix.BootFailed {
		c.detail = lacking(c.detail, s.options.Guest())
	}
	return c
}

// follow takes the guest through its phases, each with its deadline. The error is one of
// keeping what came of them.
func (s *session) follow(ctx context.Context, g guest) (stop, error) {
	d := s.r.cfg.Deadlines
	var ready wire.Ready
	if err := deadline.Within(ctx, d.Boot, g.Share, func(ctx context.Context) (err error) {
		ready, err = g.Ready(ctx)
		return err
	}); err != nil {
		return stop{phase: phaseBoot, err: err}, nil
	}
	s.ready = time.Since(s.began)
	if !s.clone {
		s.notify(StageReady, "", s.ready.Seconds())
	}
	if s.snapshot.wanted {
		if err := s.snapshot.keep(ctx, g, ready); err != nil {
			return stop{err: err, unasked: true}, nil
		}
	}
	if err := deadline.Within(ctx, d.Agent, g.Share, func(ctx context.Context) (err error) {
		if err = g.Login(ctx); err != nil || s.snapshot.hello != nil {
			return err
		}
		// A clone would say the same, having mounted all that it could.
		hello, err := g.Hello(ctx)
		if err == nil {
			s.snapshot.hello = &hello
		}
		return err
	}); err != nil {
		return stop{phase: phaseAgent, err: err}, nil
	}
	s.hello = *s.snapshot.hello
	if err := errors.Join(s.recordHello(), s.reports.attachToColumn(s.reports.read(g.Printed()))); err != nil {
		return stop{phase: phaseAgent}, err
	}
	if !s.clone && s.alone && s.snapshot.saved != nil {
		return stop{unasked: true}, nil
	}
	return s.probes(ctx, g)
}

// recordHello stores what the kernel's first guest told of itself.
func (s *session) recordHello() error {
	s.r.mu.Lock()
	known := s.r.hello[s.batch.kernel]
	s.r.hello[s.batch.kernel] = true
	s.r.mu.Unlock()
	if known {
		return nil
	}
	return s.r.column(s.batch.kernel, func(c *matrix.Column) { c.Booted = &s.hello })
}

func (s *session) cell(probe string) matrix.Cell {
	return matrix.Cell{Kernel: s.batch.kernel, Machine: s.batch.machine, Probe: probe}
}

func (s *session) notify(stage Stage, probe string, seconds float64) {
	s.r.notify(Event{
		Kernel: s.batch.kernel, Machine: s.batch.machine, Boot: s.batch.boot, Stage: stage, Probe: probe, Seconds: seconds,
		Done: len(s.batch.probes) - len(s.left) - len(s.rest) - len(s.retry), Total: len(s.batch.probes), Profile: s.batch.profile,
	})
}
