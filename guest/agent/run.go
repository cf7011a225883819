package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"time"

	"kmatrix/guest/wire"
	"kmatrix/matrix"
)

// maxRequest is the longest request, in bytes.
const maxRequest = 4 << 20

// run answers a request: for each probe the event that it starts, what its
// program printed where it has one, then its answer, and done after the last.
func (a *agent) run(ctx context.Context, in io.Reader, out io.Writer) error {
	var req wire.Request
	if err := json.NewDecoder(io.LimitReader(in, maxRequest)).Decode(&req); err != nil {
		return fmt.Errorf("read request: %w", err)
	}
	a.running.Lock()
	defer a.running.Unlock()
	events := json.NewEncoder(out)
	for _, p := range req.Probes {
		if err := events.Encode(wire.Event{Type: wire.EventStart, Probe: p}); err != nil {
			return fmt.Errorf("write event: %w", err)
		}
		began := time.Now()
		answer, output := a.answer(ctx, task{Probe: p, Budget: req.Budgets[p], Profile: req.Profile}, req.Scratch[p], a.waited.begin(p))
		answer.Seconds = time.Since(began).Seconds()
		if ctx.Err() != nil {
			return ctx.Err()
		}
		for len(output) > 0 {
			part := output[:min(len(output), wire.MaxPart)]
			if err := events.Encode(wire.Event{Type: wire.EventOutput, Probe: p, Output: part}); err != nil {
				return fmt.Errorf("write event: %w", err)
			}
			output = output[len(part):]
		}
		if err := events.Encode(wire.Event{Type: wire.EventAnswer, Probe: p, Answer: &answer}); err != nil {
			return fmt.Errorf("write event: %w", err)
		}
	}
	if err := events.Encode(wire.Event{Type: wire.EventDone}); err != nil {
		return fmt.Errorf("write event: %w", err)
	}
	return nil
}

// answer answers one probe, which late gives up; scratch is what an external one asks
// for.
func (a *agent) answer(ctx context.Context, t task, scratch wire.Scratch, late <-chan struct{}) (wire.Answer, []byte) {
	if kind, _ := matrix.SplitName(t.Probe); kind == matrix.External {
		return a.external(ctx, t.Probe, scratch, late)
	}
	return a.ask(ctx, t, late), nil
}

// ask has the worker answer one probe, and leaves none behind that is not fit for
// the next.
func (a *agent) ask(ctx context.Context, t task, late <-chan struct{}) wire.Answer {
	if err := a.startWorker(); err != nil {
		return wire.Answer{Status: wire.StatusError, Detail: err.Error()}
	}
	needed := everything
	if p, ok := lookup(t.Probe); ok && (p.Kind == matrix.Stability || p.Kind == matrix.Performance) {
		needed = func(name string) bool { return p.Needs == name || slices.Contains(p.Features, name) }
	}
	t.Files = a.mount(needed)
	answer, fit := a.worker.ask(ctx, t, late)
	if !fit {
		a.worker.kill()
		a.worker = nil
	}
	return answer
}

// startWorker starts a worker where there is none.
func (a *agent) startWorker() (err error) {
	if a.worker == nil {
		if a.worker, err = startWorker(a.runner.Reaper, a.workerPath); err != nil {
			err = fmt.Errorf("start a worker: %w", err)
		}
	}
	return err
}
