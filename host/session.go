package host

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"kmatrix/guest/wire"
	"kmatrix/host/kconfig"
	"kmatrix/matrix"
)

// session is the life of one guest, from QEMU's start to its end, and what it was asked.
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
	// store is the first error of keeping a result.
	store error
	// began is when QEMU was started, and ready how long the agent took to be.
	began time.Time
	ready time.Duration
	// evidence was found by examinations, the last one while the probe examined ran.
	evidence     []matrix.Evidence
	examinations int
	examined     string
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
		return s.assignOutcome(end{phase: phaseBoot, infra: err, err: err})
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
		return s.assignOutcome(end{phase: phaseBoot, infra: err, err: err})
	}
	s.options = img.options
	s.reports = consoleReports{r: s.r, kernel: s.r.kernel(s.batch.kernel), symbols: img.Symbols}
	e := s.follow(own, g)
	if e.overdue && s.store == nil && ctx.Err() == nil {
		s.collectEvidence(ctx, g, e)
	}
	exit := g.End(s.ending(e))
	said := s.reports.read(exit.Console, exit.Printed)
	switch {
	case ctx.Err() != nil:
		return errors.Join(ctx.Err(), s.record(e, exit, "", ""))
	case s.store != nil:
		return s.store
	case e.err == nil || e.again:
		return errors.Join(s.reports.attachToColumn(said), s.record(e, exit, "", ""))
	}
	e.blame(said)
	e.ended(exit, s.r.machine(s.batch.machine))
	outcome, detail := s.unanswered(e)
	if err := s.record(e, exit, outcome, detail); err != nil {
		return err
	}
	if s.clone && e.phase < phaseProbes {
		// A boot will show whether it is the kernel's own fault.
		s.snapshot.discard(errors.New(detail))
		return nil
	}
	return s.assignOutcome(e)
}

// unanswered decides the outcome of an early end, and names what the kernel's
// configuration lacks where the guest never came up.
func (s *session) unanswered(e end) (matrix.Outcome, string) {
	outcome, detail := unanswered(e)
	if outcome == matrix.BootFailed {
		detail = lacking(detail, s.options.Guest())
	}
	return outcome, detail
}

// follow takes the guest through its phases, each with its deadline.
func (s *session) follow(ctx context.Context, g guest) end {
	d := s.r.Deadlines
	var ready wire.Ready
	if e := within(ctx, phaseBoot, d.Boot, g.Share, func(ctx context.Context) (err error) {
		ready, err = g.Ready(ctx)
		return err
	}); e.err != nil {
		return e
	}
	s.ready = time.Since(s.began)
	if !s.clone {
		s.notify(StageReady, "", s.ready.Seconds())
	}
	if o := s.snapshot; o.wanted {
		if err := o.keep(ctx, g, ready); err != nil {
			return end{err: err, again: true}
		}
	}
	if e := within(ctx, phaseAgent, d.Agent, g.Share, func(ctx context.Context) (err error) {
		if err = g.Login(ctx); err != nil || s.snapshot.hello != nil {
			return err
		}
		// A clone would say the same, having mounted all that it could.
		hello, err := g.Hello(ctx)
		if err == nil {
			s.snapshot.hello = &hello
		}
		return err
	}); e.err != nil {
		return e
	}
	s.hello = *s.snapshot.hello
	if err := errors.Join(s.recordHello(), s.reports.attachToColumn(s.reports.read(g.Printed()))); err != nil {
		s.store = err
		return end{err: err}
	}
	if !s.clone && s.alone && s.snapshot.saved != nil {
		return end{again: true}
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

// probes asks for what is left, under each probe's deadline.
func (s *session) probes(ctx context.Context, g guest) end {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	req := wire.Request{Probes: s.left, Budgets: s.r.budgets(s.left), Scratch: s.r.scratch(s.batch.machine, s.left), Profile: s.batch.profile}
	watch := watch{
		ctx: ctx, share: g.Share, grace: s.r.Deadlines.grace, giveUp: cancel,
		examine: func(probe string) { s.examine(ctx, g, probe) }, overdue: g.Overdue,
	}
	defer watch.stop()
	watch.set("", s.r.limit(s.left, req.Budgets))
	began := time.Now()
	err := g.Run(ctx, req, func(ev wire.Event) {
		switch ev.Type {
		case wire.EventStart:
			if len(s.left) == 0 || ev.Probe != s.left[0] || watch.probe == ev.Probe {
				break // it was not asked, or has begun
			}
			began, s.output = time.Now(), nil
			watch.set(ev.Probe, s.r.limit(s.left, req.Budgets))
			s.notify(StageProbe, ev.Probe, 0)
		case wire.EventOutput:
			// The reader caps what comes between two other events.
			s.output = append(s.output, ev.Output[:min(len(ev.Output), wire.MaxOutput-len(s.output))]...)
		case wire.EventAnswer:
			if len(s.left) > 0 && ev.Probe == s.left[0] {
				watch.stop() // a slow disk takes no time from a guest
				if watch.late && ev.Answer.Status == wire.StatusOK {
					ev.Answer = &wire.Answer{Status: wire.StatusOverdue, Detail: "it answered while the guest was examined"}
				}
			}
			if s.answer(g, ev, time.Since(began)) {
				watch.set("", s.r.limit(s.left, req.Budgets))
			}
		}
		if s.store != nil {
			cancel(s.store)
		}
	})
	watch.stop()
	e := end{phase: phaseProbes, overdue: errors.Is(context.Cause(ctx), errOverdue)}
	if e.overdue && len(s.left) > 0 {
		err = s.r.late(s.left[0], req.Budgets, time.Since(began))
	}
	var starved *starvedError
	if errors.As(context.Cause(ctx), &starved) {
		e.infra, e.spoiled = starved, true
	}
	if err == nil && len(s.left) > 0 {
		err = fmt.Errorf("the agent was done before %s had an answer", s.left[0])
	}
	if err != nil && len(s.left) == 0 {
		// Every cell has its answer; how the stream ended changes none.
		return end{phase: phaseProbes}
	}
	e.err = err
	return e
}

// answer keeps the outcome of a probe that gave an answer. An answer to what
// was not asked is dropped, which is told by false: it can forge no other cell's
// result.
func (s *session) answer(g guest, ev wire.Event, took time.Duration) bool {
	if len(s.left) == 0 || ev.Probe != s.left[0] || s.store != nil {
		return false
	}
	p := s.r.probe(ev.Probe)
	if sample := ev.Answer.Sample; sample != nil {
		setClock(sample, s.machine)
	}
	if t := ev.Answer.Test; t != nil && p.Program != nil {
		t.Judge = p.Program.Judge
	}
	if ev.Answer.Status == wire.StatusOverdue {
		ev.Answer.Detail = strings.TrimPrefix(ev.Answer.Detail+": ", ": ") + s.r.late(ev.Probe, s.r.budgets(s.left[:1]), took).Error()
	}
	if !s.batch.profile {
		wrongKind(p, ev.Answer)
	}
	outcome, detail := answered(s.r.kernel(s.batch.kernel), p, s.hello, *ev.Answer)
	if outcome == matrix.Unsupported {
		detail = lacking(detail, missing(s.options, p, s.hello.Refused))
	}
	if s.batch.profile {
		s.keepProfile(ev.Probe, ev.Answer.Profile, outcome, detail)
		s.left = s.left[1:]
		return true
	}
	res := s.result(outcome, detail)
	res.Finding = ev.Answer.Finding
	res.Reports = s.reports.read(g.Printed())
	res.Seconds = took.Round(time.Microsecond).Seconds()
	s.settle(ev.Probe, res, false)
	s.left = s.left[1:]
	return true
}

// result returns a result of this session.
func (s *session) result(o matrix.Outcome, detail string) matrix.Result {
	return matrix.Result{Boot: s.batch.boot, Attempt: matrix.Attempt{Outcome: o, Detail: detail, Life: s.number, Clone: s.clone}}
}

// assignOutcome gives the outcome of an early end to the cell that was running, or, when
// no probe had begun or the host would fail again, to all that are left.
func (s *session) assignOutcome(e end) error {
	outcome, detail := s.unanswered(e)
	all := e.phase < phaseProbes || e.infra != nil && !e.spoiled
	if all {
		s.left, s.rest = append(slices.Clone(s.left), s.rest...), nil
	}
	hit := s.left
	if !all {
		hit = s.left[:1]
	}
	for _, p := range hit {
		res := s.result(outcome, detail)
		res.Reports = e.reports
		if s.settle(p, res, e.spoiled); s.store != nil {
			return s.store
		}
	}
	s.left = s.left[len(hit):]
	detail += s.retryNote(hit)
	s.r.notify(Event{Kernel: s.batch.kernel, Machine: s.batch.machine, Boot: s.batch.boot, Stage: StageNotice, Text: fmt.Sprintf("%s: %s: %s", s.batch.kernel, outcome, detail)})
	return nil
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
