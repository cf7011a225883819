package host

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"kmatrix/host/oops"
	"kmatrix/host/vm"
	"kmatrix/matrix"
)

// Bounds of an examination, of a guest that lives on and of one that is ended.
const (
	examineDeadline = 30 * time.Second
	dumpDeadline    = 2 * time.Minute
	// maxDumps is of how many guests of each kernel the memory is kept.
	maxDumps = 4
)

// examine keeps what an overdue guest is at, and does it no harm.
func (s *session) examine(ctx context.Context, g guest, probe string) {
	ctx, cancel := context.WithTimeout(ctx, examineDeadline)
	defer cancel()
	s.examinations++
	s.examined = probe
	var stuck []oops.StuckTask
	for _, f := range g.Examine(ctx) {
		stuck = append(stuck, oops.Stuck(f.Text)...)
		s.found(f, probe)
	}
	s.hang.saw(probe, stuck)
}

// collectEvidence keeps what can be had of a guest that is overdue, before it is ended:
// its state, where it was not examined yet, its memory where that was asked for, and the
// trace of a panic that is forced on it.
func (s *session) collectEvidence(ctx context.Context, g guest, end stop) {
	probe := ""
	if end.phase == phaseProbes && len(s.left) > 0 {
		probe = s.left[0]
	}
	if s.examinations == 0 || s.examined != probe {
		s.examine(ctx, g, probe)
	}
	if s.r.cfg.DumpMiB > 0 {
		s.dump(ctx, g, probe)
	}
	ctx, cancel := context.WithTimeout(ctx, examineDeadline)
	defer cancel()
	s.found(g.Die(ctx), probe)
}

// found keeps one finding.
func (s *session) found(f vm.Finding, probe string) {
	kept := matrix.Evidence{What: f.What, Probe: probe}
	if n := s.r.outputs.Take(s.batch.kernel, int64(len(f.Text))); n < int64(len(f.Text)) {
		f.Text = strings.ToValidUTF8(f.Text[:n], "")
		f.Err = errors.Join(f.Err, errors.New("the rest is left out: of its kernel's guests more is not kept"))
	}
	if f.Text != "" {
		err := s.file(f.Name, &kept, func(file *os.File) error {
			_, err := file.WriteString(f.Text)
			return err
		})
		f.Err = errors.Join(f.Err, err)
	}
	if f.Err != nil {
		kept.Error = f.Err.Error()
	}
	s.evidence = append(s.evidence, kept)
}

// dump keeps the guest's memory.
func (s *session) dump(ctx context.Context, g guest, probe string) {
	ctx, cancel := context.WithTimeout(ctx, dumpDeadline)
	defer cancel()
	kept := matrix.Evidence{What: "the guest's memory", Probe: probe}
	if s.r.dumps.Take(s.batch.kernel, 1) == 0 {
		kept.Error = fmt.Sprintf("%d of its kernel's guests were kept, and no more are", maxDumps)
		s.evidence = append(s.evidence, kept)
		return
	}
	err := s.file("memory.elf", &kept, func(file *os.File) error {
		f := g.Dump(ctx, file, s.r.cfg.DumpMiB<<20)
		kept.What = f.What
		return f.Err
	})
	if err != nil {
		kept.Error = err.Error()
	}
	s.evidence = append(s.evidence, kept)
}

// file makes one of the guest's files: of an examination after the first it has its
// number. What is not whole is kept.
func (s *session) file(name string, kept *matrix.Evidence, write func(*os.File) error) error {
	if s.examinations > 1 {
		name = fmt.Sprintf("%d-%s", s.examinations, name)
	}
	f, path, err := s.r.cfg.Store.Evidence(s.batch.kernel, s.batch.machine, s.batch.boot, s.number, name)
	if err != nil {
		return err
	}
	kept.File = path
	return errors.Join(write(f), f.Close())
}

// recordGuest stores how the guest ended: outcome and detail are what its last cells got
// of it, if anything.
func (s *session) recordGuest(end stop, exit vm.Exit, outcome matrix.Outcome, detail string) error {
	g := matrix.Guest{
		Kernel: s.batch.kernel, Machine: s.batch.machine, Boot: s.batch.boot, Session: s.number, Clone: s.clone,
		Command: exit.Command, Repro: exit.Repro, Began: s.began.UTC(), ReadySeconds: s.ready.Seconds(), Seconds: time.Since(s.began).Seconds(),
		Phase: "done", Outcome: outcome, Detail: detail,
		Exit: exit.Status, Stderr: exit.Stderr, Events: exit.Events, Evidence: s.evidence,
	}
	if end.err != nil && !end.unasked {
		g.Phase = end.phase.String()
		if end.phase == phaseProbes && len(s.left) > 0 {
			g.Probe = s.left[0]
		}
	}
	return s.r.cfg.Store.Guest(g)
}
