package main

import (
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"kmatrix/host"
	"kmatrix/matrix"
	"kmatrix/matrix/printable"
	"kmatrix/matrix/spec"
)

// progress tells what a run does, on the standard error: a live line and the
// table as far as it is on a terminal, a line for every finished boot
// elsewhere.
type progress struct {
	mu  sync.Mutex
	out io.Writer
	// bars, bar and live are nil when out is no terminal.
	bars *mpb.Progress
	bar  *mpb.Bar
	live *liveTable
	// now says what each kernel is at, and ready how long its boot took.
	now   map[string]string
	ready map[string]float64
	done  map[string]int
	total int
	// boots is how many each machine's cells get, and had how many results a run
	// had before it was resumed.
	boots map[string]int
	had   int
	// left is how many results each kernel still lacks, and seen counts what
	// its results say.
	left map[string]int
	seen map[string]*tally
	// whole are the lines of columns that are, until their last boot has ended.
	whole map[string]string
}

// tally counts words, and keeps their order.
type tally struct {
	order  []string
	counts map[string]int
}

func (t *tally) add(word string) {
	if t.counts[word]++; t.counts[word] == 1 {
		t.order = append(t.order, word)
	}
}

// String lists the words, the most frequent first.
func (t *tally) String() string {
	slices.SortStableFunc(t.order, func(a, b string) int { return t.counts[b] - t.counts[a] })
	var parts []string
	for _, w := range t.order {
		parts = append(parts, fmt.Sprintf("%d %s", t.counts[w], w))
	}
	return strings.Join(parts, ", ")
}

// word says in a word what became of a cell.
func word(r matrix.Result) string {
	switch {
	case r.Outcome != matrix.Pass && r.Outcome != matrix.Fail:
		return string(r.Outcome)
	case r.Observation != nil:
		return string(r.Observation.Class)
	case r.Sample != nil:
		return "measured"
	}
	return string(r.Outcome)
}

// column takes a result, and keeps the line that tells of its kernel's column once
// that is whole; p.mu is held.
func (p *progress) column(r matrix.Result) {
	t := p.saw(r)
	if p.left[r.Kernel]--; p.left[r.Kernel] == 0 && r.Boot > 0 {
		p.whole[r.Kernel] = r.Kernel + " is done: " + t.String()
	}
}

// saw counts a result, and returns what its kernel's say; p.mu is held.
func (p *progress) saw(r matrix.Result) *tally {
	t := p.seen[r.Kernel]
	if t == nil {
		t = &tally{counts: map[string]int{}}
		p.seen[r.Kernel] = t
	}
	t.add(word(r))
	return t
}

func newProgress(w io.Writer, plan *spec.Plan) *progress {
	p := &progress{out: w, now: map[string]string{}, ready: map[string]float64{}, done: map[string]int{}, total: plan.Total(), left: map[string]int{}, seen: map[string]*tally{}, whole: map[string]string{}, boots: map[string]int{}}
	for _, m := range plan.Machines {
		p.boots[m.Name] = m.Boots
	}
	for _, k := range plan.Kernels {
		p.left[k.Name] = plan.Total() / len(plan.Kernels) // each is asked the same
	}
	if width, _ := terminal(w); width == 0 {
		return p
	}
	tty := rawStream(w).(*os.File) // as every terminal is
	p.live = &liveTable{}
	p.bars = mpb.New(mpb.WithOutput(tty))
	p.bar = p.bars.New(int64(p.total), mpb.NopStyle(), mpb.BarRemoveOnComplete(),
		mpb.PrependDecorators(decor.Any(func(decor.Statistics) string {
			width, _ := screen(tty)
			return p.line(width)
		})),
		mpb.BarExtender(mpb.BarFillerFunc(func(w io.Writer, _ decor.Statistics) error {
			width, height := screen(tty)
			for _, line := range p.live.table(width, height-liveMargin) {
				if _, err := fmt.Fprintln(w, line); err != nil {
					return err
				}
			}
			return nil
		}), false))
	return p
}

// more takes that cells are asked in further boots, see [experiment.Sequential], and says
// so.
func (p *progress) more(cells []matrix.Cell, boots host.BootRange) {
	p.mu.Lock()
	for _, c := range cells {
		n := boots.UpTo[c.Machine] - boots.After[c.Machine]
		p.total += n
		p.left[c.Kernel] += n
	}
	total := p.total
	p.mu.Unlock()
	if p.bar != nil {
		p.bar.SetTotal(int64(total), false)
	}
	for _, name := range slices.Sorted(maps.Keys(boots.UpTo)) {
		n := 0
		for _, c := range cells {
			if c.Machine == name {
				n++
			}
		}
		p.notice(fmt.Sprintf("%s: after %d boots %d cells have no verdict yet; they get %d", name, boots.After[name], n, boots.UpTo[name]))
	}
}

// liveMargin is how many lines of the screen the live table leaves free: for
// the live line, for the cursor, and for the newest notice.
const liveMargin = 3

// follow takes the function that returns what the run says of itself, which
// the table needs for its columns.
func (p *progress) follow(header func() matrix.Run) {
	if p.live != nil {
		p.live.follow(header)
	}
}

// line is the live line, cut to the terminal's width.
func (p *progress) line(width int) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	text := fmt.Sprintf("%d/%d", p.count(), p.total)
	for _, kernel := range slices.Sorted(maps.Keys(p.now)) {
		text += "  " + kernel + ": " + p.now[kernel]
	}
	if r := []rune(text); len(r) > width-1 {
		text = string(r[:width-2]) + "…"
	}
	return text
}

func (p *progress) count() int {
	sum := p.had
	for _, n := range p.done {
		sum += n
	}
	return sum
}

// event takes what a [host.Runner] tells.
func (p *progress) event(e host.Event) {
	p.mu.Lock()
	boot := fmt.Sprintf("%s %s %d", e.Kernel, e.Machine, e.Boot)
	if e.Total > 0 && !e.Profile {
		p.done[boot] = e.Done
	}
	text := ""
	switch e.Stage {
	case host.StageImage:
		delete(p.now, e.Kernel)
		text = e.Kernel + ": " + e.Text
	case host.StageBoot:
		p.now[e.Kernel] = "booting"
	case host.StageRestore:
		p.now[e.Kernel] = "restoring"
	case host.StageReady:
		p.ready[boot] = e.Seconds
	case host.StageProbe:
		p.now[e.Kernel] = e.Probe
	case host.StageEnd:
		delete(p.now, e.Kernel)
		if p.bar == nil {
			what := "cells"
			if e.Profile {
				what = "profiles"
			}
			text = fmt.Sprintf("%s on %s, boot %d: %d %s in %.1f s, agent ready after %.1f s", e.Kernel, e.Machine, e.Boot, e.Total, what, e.Seconds, p.ready[boot])
		}
		if p.whole[e.Kernel] != "" {
			text = strings.TrimPrefix(text+"\n"+p.whole[e.Kernel], "\n")
			delete(p.whole, e.Kernel)
		}
	case host.StageResult:
		if p.live != nil {
			p.live.add(e.Result)
		}
		p.column(e.Result)
	case host.StageNotice:
		text = e.Text
	}
	done := p.count()
	p.mu.Unlock()
	if p.bar != nil {
		p.bar.SetCurrent(int64(min(done, p.total-1)))
	}
	if text != "" {
		p.notice(text)
	}
}

// resume takes the results that a run had before it was resumed. That of a kernel
// that could not be had stands for its cell's boots.
func (p *progress) resume(results []matrix.Result) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, r := range results {
		if p.live != nil {
			p.live.add(r)
		}
		n := 1
		if r.Boot == 0 {
			n = max(1, p.boots[r.Machine])
		}
		p.had += n
		p.left[r.Kernel] -= n
		p.saw(r)
	}
}

// fetching tells what is being downloaded or unpacked for a kernel.
func (p *progress) fetching(kernel, what string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.now[kernel] = what
}

// notice prints a line, above the live one. What cannot be written is not
// told: there is nobody to tell it to.
func (p *progress) notice(text string) {
	line := strings.TrimRight(printable.Text([]byte(text)), "\n") + "\n"
	var err error
	if p.bars != nil {
		_, err = p.bars.Write([]byte(line))
	} else {
		_, err = io.WriteString(p.out, line)
	}
	_ = err
}

// stop takes the live line away. It may be called twice.
func (p *progress) stop() {
	if p.bar == nil {
		return
	}
	p.bar.Abort(true)
	p.bars.Wait()
	p.bar, p.bars = nil, nil
}
