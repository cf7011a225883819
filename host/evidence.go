package host

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

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
func (l *life) examine(ctx context.Context, g guest, probe string) {
	ctx, cancel := context.WithTimeout(ctx, examineDeadline)
	defer cancel()
	l.examinations++
	l.examined = probe
	for _, f := range g.Examine(ctx) {
		l.found(f, probe)
	}
}

// last keeps what can be had of a guest that did not answer in time, before it is
// ended: what it is at, where nobody has looked yet, its memory where that was asked
// for, and the trace of a panic that is forced on it.
func (l *life) last(ctx context.Context, g guest, e end) {
	probe := ""
	if e.phase == phaseProbes && len(l.left) > 0 {
		probe = l.left[0]
	}
	if l.examinations == 0 || l.examined != probe {
		l.examine(ctx, g, probe)
	}
	if l.r.DumpMiB > 0 {
		l.dump(ctx, g, probe)
	}
	ctx, cancel := context.WithTimeout(ctx, examineDeadline)
	defer cancel()
	l.found(g.Die(ctx), probe)
}

// found keeps one finding.
func (l *life) found(f vm.Finding, probe string) {
	kept := matrix.Evidence{What: f.What, Probe: probe}
	if room := l.r.outputs.take(l.batch.kernel, int64(len(f.Text))); room < int64(len(f.Text)) {
		f.Text = strings.ToValidUTF8(f.Text[:room], "")
		f.Err = errors.Join(f.Err, errors.New("the rest is left out: of its kernel's guests more is not kept"))
	}
	if f.Text != "" {
		err := l.file(f.Name, &kept, func(file *os.File) error {
			_, err := file.WriteString(f.Text)
			return err
		})
		f.Err = errors.Join(f.Err, err)
	}
	if f.Err != nil {
		kept.Error = f.Err.Error()
	}
	l.evidence = append(l.evidence, kept)
}

// dump keeps the guest's memory.
func (l *life) dump(ctx context.Context, g guest, probe string) {
	ctx, cancel := context.WithTimeout(ctx, dumpDeadline)
	defer cancel()
	kept := matrix.Evidence{What: "the guest's memory", Probe: probe}
	if l.r.dumps.take(l.batch.kernel, 1) == 0 {
		kept.Error = fmt.Sprintf("%d of its kernel's guests were kept, and no more are", maxDumps)
		l.evidence = append(l.evidence, kept)
		return
	}
	err := l.file("memory.elf", &kept, func(file *os.File) error {
		f := g.Dump(ctx, file, l.r.DumpMiB<<20)
		kept.What = f.What
		return f.Err
	})
	if err != nil {
		kept.Error = err.Error()
	}
	l.evidence = append(l.evidence, kept)
}

// file makes one of the life's files: of an examination after the first it has its
// number. What is not whole is kept.
func (l *life) file(name string, kept *matrix.Evidence, write func(*os.File) error) error {
	if l.examinations > 1 {
		name = fmt.Sprintf("%d-%s", l.examinations, name)
	}
	f, path, err := l.r.Store.Evidence(l.batch.kernel, l.batch.machine, l.batch.boot, l.number, name)
	if err != nil {
		return err
	}
	kept.File = path
	return errors.Join(write(f), f.Close())
}

// record keeps how the guest ended: outcome and detail are what its last cells got
// of it, if anything.
func (l *life) record(e end, exit vm.Exit, outcome matrix.Outcome, detail string) error {
	g := matrix.Guest{
		Kernel: l.batch.kernel, Machine: l.batch.machine, Boot: l.batch.boot, Life: l.number, Clone: l.clone,
		Command: exit.Command, Began: l.began.UTC(), ReadySeconds: l.ready.Seconds(), Seconds: time.Since(l.began).Seconds(),
		Phase: "done", Outcome: outcome, Detail: detail,
		Exit: exit.Status, Stderr: exit.Stderr, Events: exit.Events, Evidence: l.evidence,
	}
	if e.err != nil && !e.again {
		g.Phase = e.phase.String()
		if e.phase == phaseProbes && len(l.left) > 0 {
			g.Probe = l.left[0]
		}
	}
	return l.r.Store.Guest(g)
}

// ended takes what else is kept of the end of a guest that did not end well.
func (e *end) ended(exit vm.Exit, asked matrix.Machine) {
	e.panicked, e.rebooted = exit.Panicked, strings.Contains(exit.Console, "reboot: ")
	for _, ev := range exit.Events {
		if ev.Name == "SHUTDOWN" {
			e.shutdown = ev.Reason
		}
	}
	switch {
	case exit.Killed != "":
		e.infra, e.spoiled = fmt.Errorf("QEMU was killed (%s), by something outside of kmatrix", exit.Killed), true
	case exit.Err != nil:
		e.infra = fmt.Errorf("%w; the command was: %s", insisted(asked, exit.Err), exit.Command)
	}
	if exit.Refused != "" {
		e.err = errors.New(exit.Refused)
	}
}
