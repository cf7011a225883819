package host

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"kmatrix/guest/wire"
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
	// original is what the guest is a clone of, where clone is set, and what is
	// saved of it elsewhere; alone tells that its one cell is to have a clone.
	original     *original
	clone, alone bool
	hello        matrix.Hello
	ear          ear
	// output is what the running probe has printed.
	output []byte
	// store is the first error of keeping a result.
	store error
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
	p, err := l.r.admit(ctx, l.machine)
	if err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return l.give(end{phase: phaseBoot, infra: err, err: err})
	}
	defer p.free()
	l.notify(stage, "", 0)
	began := time.Now()
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
	l.ear = ear{r: l.r, kernel: l.r.kernel(l.batch.kernel), symbols: img.Symbols}
	e := l.follow(own, g, began)
	exit := g.End(e.err == nil)
	said := l.ear.listen(exit.Console, exit.Printed)
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case l.store != nil:
		return l.store
	case e.err == nil || e.again:
		return l.ear.aside(said)
	}
	e.blame(said)
	if exit.Err != nil {
		e.infra = fmt.Errorf("%w; the command was: %s", insisted(l.r.machine(l.batch.machine), exit.Err), exit.Command)
	}
	if exit.Refused != "" {
		e.err = errors.New(exit.Refused)
	}
	if l.clone && e.phase < phaseProbes {
		// A boot will show whether it is the kernel's own fault.
		_, why := unanswered(e)
		l.original.discard(errors.New(why))
		return nil
	}
	return l.give(e)
}

// follow takes the guest through its phases, each with its deadline.
func (l *life) follow(ctx context.Context, g guest, began time.Time) end {
	d := l.r.Deadlines
	var ready wire.Ready
	if e := within(ctx, phaseBoot, d.Boot, func(ctx context.Context) (err error) {
		ready, err = g.Ready(ctx)
		return err
	}); e.err != nil {
		return e
	}
	if !l.clone {
		l.notify(StageReady, "", time.Since(began).Seconds())
	}
	if o := l.original; o.wanted {
		if err := o.keep(ctx, g, ready); err != nil {
			return end{err: err, again: true}
		}
		if o.saved != nil && l.alone {
			return end{again: true}
		}
	}
	if e := within(ctx, phaseAgent, d.Agent, func(ctx context.Context) error {
		hello, err := g.Hello(ctx)
		l.hello = hello
		return err
	}); e.err != nil {
		return e
	}
	if err := errors.Join(l.introduce(), l.ear.aside(l.ear.listen(g.Printed()))); err != nil {
		l.store = err
		return end{err: err}
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

// errOverdue ends a guest whose probe has passed its deadline.
var errOverdue = errors.New("overdue")

// probes runs what is left, watching each probe's deadline.
func (l *life) probes(ctx context.Context, g guest) end {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	req := wire.Request{Probes: l.left, Budgets: l.r.budgets(l.left), Profile: l.batch.profile}
	watch := deadline{overdue: g.Overdue, giveUp: func() { cancel(errOverdue) }, grace: l.r.Deadlines.grace}
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
			if l.answer(g, ev, time.Since(began)) {
				watch.set("", l.r.limit(l.left, req.Budgets))
			}
		}
		if l.store != nil {
			cancel(l.store)
		}
	})
	late := errors.Is(context.Cause(ctx), errOverdue)
	if late {
		err = l.r.late(l.left[0], req.Budgets)
	}
	if err == nil && len(l.left) > 0 {
		err = fmt.Errorf("the agent was done before %s had an answer", l.left[0])
	}
	if err != nil && len(l.left) == 0 {
		// Every cell has its answer; how the stream ended changes none.
		err = nil
	}
	return end{phase: phaseProbes, overdue: late, err: err}
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
		ev.Answer.Detail = strings.TrimPrefix(ev.Answer.Detail+": ", ": ") + l.r.late(ev.Probe, l.r.budgets(l.left[:1])).Error()
	}
	if !l.batch.profile {
		wrongKind(p, ev.Answer)
	}
	outcome, detail := answered(l.r.kernel(l.batch.kernel), p, l.hello, *ev.Answer)
	if l.batch.profile {
		l.keepProfile(ev.Probe, ev.Answer.Profile, outcome, detail)
		l.left = l.left[1:]
		return true
	}
	res := l.result(outcome, detail)
	res.Observation, res.Sample, res.Test = ev.Answer.Observation, ev.Answer.Sample, ev.Answer.Test
	res.Reports = l.ear.listen(g.Printed())
	res.Seconds = took.Round(time.Microsecond).Seconds()
	l.keep(ev.Probe, res)
	l.left = l.left[1:]
	return true
}

// result is one of this life.
func (l *life) result(o matrix.Outcome, detail string) matrix.Result {
	return matrix.Result{Boot: l.batch.boot, Life: l.number, Clone: l.clone, Outcome: o, Detail: detail}
}

// keep stores the result of a probe, and before it what the probe and the kernel
// printed.
func (l *life) keep(probe string, res matrix.Result) {
	if l.batch.profile {
		l.keepProfile(probe, nil, res.Outcome, res.Detail)
		return
	}
	if len(l.output) > 0 {
		res.Output, l.store = l.r.Store.Output(l.cell(probe), l.batch.boot, l.r.printed(l.cell(probe), l.output))
	}
	l.output = nil
	if l.store == nil {
		res.Reports, l.store = l.ear.keep(res.Reports)
	}
	if l.store == nil {
		l.store = l.r.keep(l.cell(probe), res)
	}
}

// give hands the outcome of an early end to the cell that was at it, or, when
// no probe had begun, to all that are left.
func (l *life) give(e end) error {
	outcome, detail := unanswered(e)
	if e.phase < phaseProbes || e.infra != nil {
		l.left, l.rest = append(slices.Clone(l.left), l.rest...), nil
	}
	hit := l.left
	if e.phase == phaseProbes && e.infra == nil {
		hit = l.left[:1]
	}
	for _, p := range hit {
		res := l.result(outcome, detail)
		res.Reports = e.reports
		if l.keep(p, res); l.store != nil {
			return l.store
		}
	}
	l.left = l.left[len(hit):]
	l.r.notify(Event{Kernel: l.batch.kernel, Machine: l.batch.machine, Boot: l.batch.boot, Stage: StageNotice, Text: fmt.Sprintf("%s: %s: %s", l.batch.kernel, outcome, detail)})
	return nil
}

func (l *life) cell(probe string) matrix.Cell {
	return matrix.Cell{Kernel: l.batch.kernel, Machine: l.batch.machine, Probe: probe}
}

func (l *life) notify(s Stage, probe string, seconds float64) {
	l.r.notify(Event{
		Kernel: l.batch.kernel, Machine: l.batch.machine, Boot: l.batch.boot, Stage: s, Probe: probe, Seconds: seconds,
		Done: len(l.batch.probes) - len(l.left) - len(l.rest), Total: len(l.batch.probes), Profile: l.batch.profile,
	})
}

// within runs one phase under its deadline.
func within(ctx context.Context, p phase, limit time.Duration, do func(context.Context) error) end {
	limited, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	err := do(limited)
	if err == nil {
		return end{}
	}
	e := end{phase: p, err: err, overdue: limited.Err() != nil}
	if e.overdue {
		e.err = fmt.Errorf("not over within %s: %w", limit, err)
	}
	return e
}

func (r *Runner) machine(name string) matrix.Machine {
	return r.Machines[slices.IndexFunc(r.Machines, func(m matrix.Machine) bool { return m.Name == name })]
}

func (r *Runner) kernel(name string) matrix.Kernel {
	return r.Kernels[slices.IndexFunc(r.Kernels, func(k matrix.Kernel) bool { return k.Name == name })]
}

func (r *Runner) probe(name string) matrix.Probe {
	return r.Probes[slices.IndexFunc(r.Probes, func(p matrix.Probe) bool { return p.Name == name })]
}
