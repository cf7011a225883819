package progress

import (
	"sync"
	"time"

	"kmatrix/matrix"
	"kmatrix/matrix/compare"
	"kmatrix/matrix/report"
)

// liveTable is the table of a run that goes on, for a terminal.
type liveTable struct {
	colour bool
	mu     sync.Mutex
	// header returns what the run says of itself by now; nil before it began.
	header  func() matrix.Run
	results []matrix.Result
	// lines are the table of the first drawn results, as made at the time.
	lines []string
	drawn int
	size  [2]int
	at    time.Time
}

// redraw is how often the table is made anew, at most: comparing thousands of
// cells takes processor time that the guests need.
const redraw = 500 * time.Millisecond

func (t *liveTable) follow(header func() matrix.Run) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.header = header
}

func (t *liveTable) add(r matrix.Result) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.results = append(t.results, r)
}

// table returns the lines of the table, for a terminal of that size.
func (t *liveTable) table(width, height int) []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	size := [2]int{width, height}
	if t.header == nil {
		return nil
	}
	if size == t.size && (t.drawn == len(t.results) || time.Since(t.at) < redraw) {
		return t.lines
	}
	run := t.header()
	doc := report.Document{Run: run, Results: t.results, Comparison: compare.Compare(run, t.results), Options: report.Options{Width: width, Colour: t.colour}}
	lines, err := report.Live(doc, height)
	if err != nil {
		lines = []string{err.Error()}
	}
	t.lines, t.drawn, t.size, t.at = lines, len(t.results), size, time.Now()
	return t.lines
}
