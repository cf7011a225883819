// Package progress tells a user what a run does while it goes on.
//
// A [Progress] takes the events of a [host.Runner]. On a terminal it shows a live line and
// the table as far as it is; elsewhere it prints a line for every boot that has ended and
// every kernel that has all its results.
package progress

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
	"golang.org/x/term"

	"kmatrix/host"
	"kmatrix/matrix"
	"kmatrix/matrix/printable"
)

// Progress tells what a run does. Its methods but for Stop may be called
// from several goroutines.
type Progress struct {
	mu  sync.Mutex
	out io.Writer
	// bars, bar and live are nil without a terminal.
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

// column takes a result, and keeps the line that tells of its kernel's column once
// that is whole; p.mu is held.
func (p *Progress) column(r matrix.Result) {
	t := p.saw(r)
	if p.left[r.Kernel]--; p.left[r.Kernel] == 0 && r.Boot > 0 {
		p.whole[r.Kernel] = r.Kernel + " is done: " + t.String()
	}
}

// saw counts a result, and returns what its kernel's say; p.mu is held.
func (p *Progress) saw(r matrix.Result) *tally {
	t := p.seen[r.Kernel]
	if t == nil {
		t = &tally{counts: map[string]int{}}
		p.seen[r.Kernel] = t
	}
	t.add(r.Word())
	return t
}

// Terminal is one that shows what a run does.
type Terminal struct {
	// File is where it is written to, past anything that takes escapes out.
	File *os.File
	// Colour has the table coloured.
	Colour bool
}

// size returns how many columns and lines there are.
func (t *Terminal) size() (width, height int) {
	width, height, err := term.GetSize(int(t.File.Fd()))
	if err != nil {
		return 80, 24
	}
	return width, height
}

// Work is how much a run has to do.
type Work struct {
	// Kernels are the names of the columns, each of which is asked the same.
	Kernels []string
	// Boots is in how many boots each machine's cells are asked.
	Boots map[string]int
	// Results is how many results that makes.
	Results int
}

// New returns a Progress of a run with that work. It prints to w, or shows on t; t is
// nil where there is no terminal. [Progress.Stop] must be called.
func New(w io.Writer, t *Terminal, work Work) *Progress {
	p := &Progress{out: w, now: map[string]string{}, ready: map[string]float64{}, done: map[string]int{}, total: work.Results, left: map[string]int{}, seen: map[string]*tally{}, whole: map[string]string{}, boots: work.Boots}
	for _, k := range work.Kernels {
		p.left[k] = work.Results / len(work.Kernels)
	}
	if t == nil {
		return p
	}
	p.live = &liveTable{colour: t.Colour}
	p.bars = mpb.New(mpb.WithOutput(t.File))
	p.bar = p.bars.New(int64(p.total), mpb.NopStyle(), mpb.BarRemoveOnComplete(),
		mpb.PrependDecorators(decor.Any(func(decor.Statistics) string {
			width, _ := t.size()
			return p.line(width)
		})),
		mpb.BarExtender(mpb.BarFillerFunc(func(w io.Writer, _ decor.Statistics) error {
			width, height := t.size()
			for _, line := range p.live.table(width, height-liveMargin) {
				if _, err := fmt.Fprintln(w, line); err != nil {
					return err
				}
			}
			return nil
		}), false))
	return p
}

// More takes that cells are asked in further boots, as sequential policies do, and says so.
func (p *Progress) More(cells []matrix.Cell, boots host.BootRange) {
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
		p.Notice(fmt.Sprintf("%s: after %d boots %d cells have no verdict yet; they get %d", name, boots.After[name], n, boots.UpTo[name]))
	}
}

// liveMargin is how many lines of the screen the live table leaves free: for
// the live line, for the cursor, and for the newest notice.
const liveMargin = 3

// Follow takes the function that returns what the run says of itself, which
// the table needs for its columns.
func (p *Progress) Follow(header func() matrix.Run) {
	if p.live != nil {
		p.live.follow(header)
	}
}

// line is the live line, cut to the terminal's width.
func (p *Progress) line(width int) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	text := fmt.Sprintf("%d/%d", p.count(), p.total)
	for _, kernel := range slices.Sorted(maps.Keys(p.now)) {
		text += "  " + kernel + ": " + printable.Line(p.now[kernel], width)
	}
	if r := []rune(text); len(r) > width-1 {
		text = string(r[:width-2]) + "…"
	}
	return text
}

func (p *Progress) count() int {
	sum := p.had
	for _, n := range p.done {
		sum += n
	}
	return sum
}

// Event takes what a [host.Runner] tells.
func (p *Progress) Event(e host.Event) {
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
		p.Notice(text)
	}
}

// Resume takes the results that a run had before it was resumed, and returns how many of
// how many that are. That of a kernel that could not be had stands for its cell's boots.
func (p *Progress) Resume(results []matrix.Result) (had, total int) {
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
	return p.had, p.total
}

// Fetching tells what is being downloaded or unpacked for a kernel.
func (p *Progress) Fetching(kernel, what string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.now[kernel] = what
}

// Notice prints a line, above the live one. What cannot be written is not
// told: there is nobody to tell it to.
func (p *Progress) Notice(text string) {
	line := strings.TrimRight(printable.Text([]byte(text)), "\n") + "\n"
	var err error
	if p.bars != nil {
		_, err = p.bars.Write([]byte(line))
	} else {
		_, err = io.WriteString(p.out, line)
	}
	_ = err
}

// Stop takes the live line away. It may be called twice.
func (p *Progress) Stop() {
	if p.bar == nil {
		return
	}
	p.bar.Abort(true)
	p.bars.Wait()
	p.bar, p.bars = nil, nil
}
