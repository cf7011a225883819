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

// life follows one guest from QEMU's start to its end.
type life struct {
	r       *Runner
	batch   batch
	machine matrix.Machine
	// number counts the guests of the batch from 1.
	number int
	// left are the guest's cells without an outcome; the first may be running.
	// rest are those of guests to come.
	left, rest []string
	// tries are the batch's, and again are the cells that are to be asked once more,
	// by another guest.
	tries tries
	again []string
	// original is what the guest is a clone of, where clone is set, and what is
	// saved of it elsewhere; alone tells that its one cell is to have a clone.
	original     *original
	clone, alone bool
	// kind is that of its first cell.
	kind  matrix.ProbeKind
	hello matrix.Hello
	ear   ear
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

// live boots the guest and runs what is left. The error is the host's alone;
// whatever the guest does ends in outcomes.
func (l *life) live(ctx context.Context, img Bootable) error {
	own, cancel := context.WithCancel(ctx)
	defer cancel()
	stage := StageBoot
	if l.clone {
		stage = StageRestore
	}
	p, err := l.r.reserve(ctx, l.machine)
	if err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return l.give(end{phase: phaseBoot, infra: err, err: err})
	}
	defer p.Release()
	l.notify(stage, "", 0)
	l.began = time.Now()
	g, err := l.r.boot(own, launch{l.batch, l.number, img, l.machine, l.original.saved, p})
	if err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if l.clone {
			l.original.discard(err)
			return nil
		}
		return l.give(end{phase: phaseBoot, infra: err, err: err})
	}
	l.options = img.options
	l.ear = ear{r: l.r, kernel: l.r.kernel(l.batch.kernel), symbols: img.Symbols}
	e := l.follow(own, g)
	if e.overdue && l.store == nil && ctx.Err() == nil {
		l.last(ctx, g, e)
	}
	exit := g.End(l.ending(e))
	said := l.ear.listen(exit.Console, exit.Printed)
	switch {
	case ctx.Err() != nil:
		return errors.Join(ctx.Err(), l.record(e, exit, "", ""))
	case l.store != nil:
		return l.store
	case e.err == nil || e.again:
		return errors.Join(l.ear.aside(said), l.record(e, exit, "", ""))
	}
	e.blame(said)
	e.ended(exit, l.r.machine(l.batch.machine))
	outcome, detail := l.unanswered(e)
	if err := l.record(e, exit, outcome, detail); err != nil {
		return err
	}
	if l.clone && e.phase < phaseProbes {
		// A boot will show whether it is the kernel's own fault.
		l.original.discard(errors.New(detail))
		return nil
	}
	return l.give(e)
}

// unanswered decides the outcome of an early end, and names what the kernel's
// configuration lacks where the guest never came up.
func (l *life) unanswered(e end) (matrix.Outcome, string) {
	outcome, detail := unanswered(e)
	if outcome == matrix.BootFailed {
		detail = lacking(detail, l.options.Guest())
	}
	return outcome, detail
}

// follow takes the guest through its phases, each with its deadline.
func (l *life) follow(ctx context.Context, g guest) end {
	d := l.r.Deadlines
	var ready wire.Ready
	if e := within(ctx, phaseBoot, d.Boot, g.Share, func(ctx context.Context) (err error) {
		ready, err = g.Ready(ctx)
		return err
	}); e.err != nil {
		return e
	}
	l.ready = time.Since(l.began)
	if !l.clone {
		l.notify(StageReady, "", l.ready.Seconds())
	}
	if o := l.original; o.wanted {
		if err := o.keep(ctx, g, ready); err != nil {
			return end{err: err, again: true}
		}
	}
	if e := within(ctx, phaseAgent, d.Agent, g.Share, func(ctx context.Context) (err error) {
		if err = g.Login(ctx); err != nil || l.original.hello != nil {
			return err
		}
		// A clone would say the same, having mounted all that it could.
		hello, err := g.Hello(ctx)
		if err == nil {
			l.original.hello = &hello
		}
		return err
	}); e.err != nil {
		return e
	}
	l.hello = *l.original.hello
	if err := errors.Join(l.introduce(), l.ear.aside(l.ear.listen(g.Printed()))); err != nil {
		l.store = err
		return end{err: err}
	}
	if !l.clone && l.alone && l.original.saved != nil {
		return end{again: true}
	}
	return l.probes(ctx, g)
}

// introduce stores what the kernel said at its first hello.
func (l *life) introduce() error {
	l.r.mu.Lock()
	known := l.r.hello[l.batch.kernel]
	l.r.hello[l.batch.kernel] = true
	l.r.mu.Unlock()
	if known {
		return nil
	}
	return l.r.column(l.batch.kernel, func(c *matrix.Column) { c.Booted = &l.hello })
}

// probes runs what is left, watching each probe's deadline.
func (l *life) probes(ctx context.Context, g guest) end {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	req := wire.Request{Probes: l.left, Budgets: l.r.budgets(l.left), Scratch: l.r.scratch(l.batch.machine, l.left), Profile: l.batch.profile}
	watch := watch{
		ctx: ctx, share: g.Share, grace: l.r.Deadlines.grace, giveUp: cancel,
		examine: func(probe string) { l.examine(ctx, g, probe) }, overdue: g.Overdue,
	}
	defer watch.stop()
	watch.set("", l.r.limit(l.left, req.Budgets))
	began := time.Now()
	err := g.Run(ctx, req, func(ev wire.Event) {
		switch ev.Type {
		case wire.EventStart:
			if len(l.left) == 0 || ev.Probe != l.left[0] || watch.probe == ev.Probe {
				break // it was not asked, or has begun
			}
			began, l.output = time.Now(), nil
			watch.set(ev.Probe, l.r.limit(l.left, req.Budgets))
			l.notify(StageProbe, ev.Probe, 0)
		case wire.EventOutput:
			// The reader caps what comes between two other events.
			l.output = append(l.output, ev.Output[:min(len(ev.Output), wire.MaxOutput-len(l.output))]...)
		case wire.EventAnswer:
			if len(l.left) > 0 && ev.Probe == l.left[0] {
				watch.stop() // a slow disk takes no time from a guest
				if watch.late && ev.Answer.Status == wire.StatusOK {
					ev.Answer = &wire.Answer{Status: wire.StatusOverdue, Detail: "it answered while the guest was examined"}
				}
			}
			if l.answer(g, ev, time.Since(began)) {
				watch.set("", l.r.limit(l.left, req.Budgets))
			}
		}
		if l.store != nil {
			cancel(l.store)
		}
	})
	watch.stop()
	e := end{phase: phaseProbes, overdue: errors.Is(context.Cause(ctx), errOverdue)}
	if e.overdue && len(l.left) > 0 {
		err = l.r.late(l.left[0], req.Budgets, time.Since(began))
	}
	var starved *starvedError
	if errors.As(context.Cause(ctx), &starved) {
		e.infra, e.spoiled = starved, true
	}
	if err == nil && len(l.left) > 0 {
		err = fmt.Errorf("the agent was done before %s had an answer", l.left[0])
	}
	if err != nil && len(l.left) == 0 {
		// Every cell has its answer; how the stream ended changes none.
		return end{phase: phaseProbes}
	}
	e.err = err
	return e
}

// answer keeps the outcome of a probe that gave an answer. An answer to what
// was not asked is dropped, which is told by false: it can forge no other cell's
// result.
func (l *life) answer(g guest, ev wire.Event, took time.Duration) bool {
	if len(l.left) == 0 || ev.Probe != l.left[0] || l.store != nil {
		return false
	}
	p := l.r.probe(ev.Probe)
	if s := ev.Answer.Sample; s != nil {
		clocked(s, l.machine)
	}
	if t := ev.Answer.Test; t != nil && p.Program != nil {
		t.Judge = p.Program.Judge
	}
	if ev.Answer.Status == wire.StatusOverdue {
		ev.Answer.Detail = strings.TrimPrefix(ev.Answer.Detail+": ", ": ") + l.r.late(ev.Probe, l.r.budgets(l.left[:1]), took).Error()
	}
	if !l.batch.profile {
		wrongKind(p, ev.Answer)
	}
	outcome, detail := answered(l.r.kernel(l.batch.kernel), p, l.hello, *ev.Answer)
	if outcome == matrix.Unsupported {
		detail = lacking(detail, missing(l.options, p, l.hello.Refused))
	}
	if l.batch.profile {
		l.keepProfile(ev.Probe, ev.Answer.Profile, outcome, detail)
		l.left = l.left[1:]
		return true
	}
	res := l.result(outcome, detail)
	res.Observation, res.Sample, res.Test = ev.Answer.Observation, ev.Answer.Sample, ev.Answer.Test
	res.Reports = l.ear.listen(g.Printed())
	res.Seconds = took.Round(time.Microsecond).Seconds()
	l.settle(ev.Probe, res, false)
	l.left = l.left[1:]
	return true
}

// result is one of this life.
func (l *life) result(o matrix.Outcome, detail string) matrix.Result {
	return matrix.Result{Boot: l.batch.boot, Life: l.number, Clone: l.clone, Outcome: o, Detail: detail}
}

// give hands the outcome of an early end to the cell that was at it, or, when
// no probe had begun or the host will do no better, to all that are left.
func (l *life) give(e end) error {
	outcome, detail := l.unanswered(e)
	all := e.phase < phaseProbes || e.infra != nil && !e.spoiled
	if all {
		l.left, l.rest = append(slices.Clone(l.left), l.rest...), nil
	}
	hit := l.left
	if !all {
		hit = l.left[:1]
	}
	for _, p := range hit {
		res := l.result(outcome, detail)
		res.Reports = e.reports
		if l.settle(p, res, e.spoiled); l.store != nil {
			return l.store
		}
	}
	l.left = l.left[len(hit):]
	detail += l.once(hit)
	l.r.notify(Event{Kernel: l.batch.kernel, Machine: l.batch.machine, Boot: l.batch.boot, Stage: StageNotice, Text: fmt.Sprintf("%s: %s: %s", l.batch.kernel, outcome, detail)})
	return nil
}

func (l *life) cell(probe string) matrix.Cell {
	return matrix.Cell{Kernel: l.batch.kernel, Machine: l.batch.machine, Probe: probe}
}

func (l *life) notify(s Stage, probe string, seconds float64) {
	l.r.notify(Event{
		Kernel: l.batch.kernel, Machine: l.batch.machine, Boot: l.batch.boot, Stage: s, Probe: probe, Seconds: seconds,
		Done: len(l.batch.probes) - len(l.left) - len(l.rest) - len(l.again), Total: len(l.batch.probes), Profile: l.batch.profile,
	})
}
