package host

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"kmatrix/guest/wire"
	"kmatrix/host/deadline"
	"kmatrix/host/hangs"
	"kmatrix/matrix"
)

// probes asks for what is left, under each probe's deadline. The error is one of keeping
// an answer.
func (s *session) probes(ctx context.Context, g guest) (stop, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	req := wire.Request{Probes: s.left, Budgets: s.r.budgets(s.left), Scratch: s.r.scratch(s.batch.machine, s.left), Profile: s.batch.profile}
	watch := deadline.Watchdog{
		Share: g.Share, Grace: s.r.cfg.Deadlines.grace, GiveUp: cancel,
		Stuck:   func(probe string) bool { return s.hangsAlike(ctx, g, probe) },
		Examine: func(probe string) { s.examine(ctx, g, probe) }, Overdue: g.Overdue,
	}
	defer watch.Stop()
	watch.Start(ctx, "", 0, s.r.limit(s.left, req.Budgets))
	began := time.Now()
	var failed error
	err := g.Run(ctx, req, func(ev wire.Event) {
		switch ev.Type {
		case wire.EventStart:
			if len(s.left) == 0 || ev.Probe != s.left[0] || watch.Probe() == ev.Probe {
				break // it was not asked, or has begun
			}
			began, s.output = time.Now(), nil
			limit := s.r.limit(s.left, req.Budgets)
			watch.Start(ctx, ev.Probe, s.begin(ev.Probe, limit, req.Budgets[ev.Probe]), limit)
			s.notify(StageProbe, ev.Probe, 0)
		case wire.EventOutput:
			// The reader caps what comes between two other events.
			s.output = append(s.output, ev.Output[:min(len(ev.Output), wire.MaxOutput-len(s.output))]...)
		case wire.EventAnswer:
			// An answer to what was not asked is dropped: it can forge no other
			// cell's result.
			if failed != nil || len(s.left) == 0 || ev.Probe != s.left[0] {
				break
			}
			watch.Stop() // a slow disk takes no time from a guest
			if watch.Late() && ev.Answer.Status == wire.StatusOK {
				ev.Answer = &wire.Answer{Status: wire.StatusOverdue, Detail: "it answered while the guest was examined"}
				s.hang.stack = hangs.Stack{} // and came out of where it was seen
			}
			if failed = s.answer(g, ev, time.Since(began)); failed != nil {
				cancel(failed)
				break
			}
			watch.Start(ctx, "", 0, s.r.limit(s.left, req.Budgets))
		}
	})
	watch.Stop()
	cause := context.Cause(ctx)
	starved := (*deadline.StarvedError)(nil)
	switch {
	case len(s.left) == 0:
		// Every cell has its answer; how the stream ended changes none.
		err = nil
	case errors.As(cause, &starved):
		err = starved
	case errors.Is(cause, deadline.ErrOverdue):
		err = s.late(s.left[0], time.Since(began))
	case err == nil:
		err = fmt.Errorf("the agent was done before %s had an answer", s.left[0])
	}
	return stop{phase: phaseProbes, err: err}, failed
}

// answer keeps the outcome of the running probe, which gave an answer.
func (s *session) answer(g guest, ev wire.Event, took time.Duration) error {
	p := s.r.probe(ev.Probe)
	if sample := ev.Answer.Sample; sample != nil {
		setClock(sample, p, s.machine)
	}
	if t := ev.Answer.Test; t != nil && p.Program != nil {
		t.ResultFormat = p.Program.ResultFormat
	}
	if ev.Answer.Status == wire.StatusOverdue {
		ev.Answer.Detail = strings.TrimPrefix(ev.Answer.Detail+": ", ": ") + s.late(ev.Probe, took).Error()
	}
	if !s.batch.profile {
		wrongKind(p, ev.Answer)
	}
	outcome, detail := answered(s.r.kernel(s.batch.kernel), p, s.hello, *ev.Answer)
	s.ended(ev.Probe, outcome)
	if outcome == matrix.Unsupported {
		detail = lacking(detail, missing(s.options, p, s.hello.Refused))
	}
	if s.batch.profile {
		if err := s.keepProfile(ev.Probe, ev.Answer.Profile, outcome, detail); err != nil {
			return err
		}
		s.left = s.left[1:]
		return nil
	}
	res := s.result(outcome, detail)
	res.Finding = ev.Answer.Finding
	res.CrashReports = s.reports.read(g.Printed())
	res.Seconds = took.Round(time.Microsecond).Seconds()
	if err := s.settle(ev.Probe, res, false); err != nil {
		return err
	}
	s.left = s.left[1:]
	return nil
}

// result returns a result of this session.
func (s *session) result(o matrix.Outcome, detail string) matrix.Result {
	return matrix.Result{Boot: s.batch.boot, Attempt: matrix.Attempt{Outcome: o, Detail: detail, Session: s.number, Clone: s.clone}}
}

// assignOutcome gives the outcome of an early end to the cell that was running, or, when
// no probe had begun or the host would fail again, to all that are left.
func (s *session) assignOutcome(c cause) error {
	outcome, detail := unanswered(c)
	all := c.phase < phaseProbes || c.kind == hostFailed
	if all {
		s.left, s.rest = append(slices.Clone(s.left), s.rest...), nil
	}
	hit := s.left
	if !all {
		hit = s.left[:1]
		s.ended(hit[0], outcome)
	}
	for _, p := range hit {
		res := s.result(outcome, detail)
		res.CrashReports = c.reports
		if err := s.settle(p, res, c.kind == hostInterfered); err != nil {
			return err
		}
	}
	s.left = s.left[len(hit):]
	detail += s.retryNote(hit)
	s.r.notify(Event{Kernel: s.batch.kernel, Machine: s.batch.machine, Boot: s.batch.boot, Stage: StageNotice, Text: fmt.Sprintf("%s: %s: %s", s.batch.kernel, outcome, detail)})
	return nil
}
