package host

import (
	"fmt"
	"sync"

	"kmatrix/host/vm"
	"kmatrix/matrix"
	"kmatrix/matrix/printable"
)

// How many bytes of a run's directory consoles and outputs may take, all guests
// together: the kernels of the run have equal parts of it, so that one that floods
// costs no other anything.
const (
	maxConsoles = 256 << 20
	maxOutputs  = 128 << 20
)

// share deals out room on the disk to kernels.
type share struct {
	mu sync.Mutex
	// each is how many bytes one kernel may take.
	each  int64
	taken map[string]int64
}

func newShare(total int64, kernels int) *share {
	return &share{each: total / int64(max(1, kernels)), taken: map[string]int64{}}
}

// take takes as much as there is, up to want.
func (s *share) take(kernel string, want int64) int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	got := max(0, min(want, s.each-s.taken[kernel]))
	s.taken[kernel] += got
	return got
}

// back gives back what was not needed.
func (s *share) back(kernel string, n int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.taken[kernel] -= n
}

// consoleRoom takes room for one guest's console. Where a kernel has none left, its
// guests' last words are kept and nothing else, which is told once.
func (r *Runner) consoleRoom(kernel string) int64 {
	got := r.consoles.take(kernel, vm.MaxConsole)
	if got < vm.MaxConsole {
		r.once(kernel+" consoles", fmt.Sprintf("%s: its consoles have taken all of the %d MiB that one kernel of this run may fill: of further guests the last %d KiB are kept", kernel, r.consoles.each>>20, vm.MaxTail>>10))
	}
	return got
}

// printed cleans what a probe printed, and cuts it to the room that there is.
func (r *Runner) printed(c matrix.Cell, output []byte) string {
	text := printable.Text(output)
	got := r.outputs.take(c.Kernel, int64(len(text)))
	if left := int64(len(text)) - got; left > 0 {
		r.once(c.Kernel+" outputs", fmt.Sprintf("%s: the outputs of its probes have taken all of the %d MiB that one kernel of this run may fill: the rest is left out", c.Kernel, r.outputs.each>>20))
		text = printable.Text([]byte(text[:got])) + fmt.Sprintf("\n[kmatrix: %d bytes are left out: the outputs of %s have taken their %d MiB of this run]\n", left, c.Kernel, r.outputs.each>>20)
	}
	return text
}

// once tells something once in a run.
func (r *Runner) once(key, text string) {
	r.mu.Lock()
	known := r.told[key]
	r.told[key] = true
	r.mu.Unlock()
	if !known {
		r.notify(Event{Stage: StageNotice, Text: text})
	}
}
