package host

import (
	"fmt"

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

// takeConsole takes disk space for one guest's console. Where a kernel has none left, its
// guests' last words are kept and nothing else, of which it notifies once.
func (r *Runner) takeConsole(kernel string) int64 {
	got := r.consoles.Take(kernel, vm.MaxConsole)
	if got < vm.MaxConsole {
		r.notifyOnce(kernel+" consoles", fmt.Sprintf("%s: its consoles have taken all of the %d MiB that one kernel of this run may fill: of further guests the last %d KiB are kept", kernel, r.consoles.Each()>>20, vm.MaxTail>>10))
	}
	return got
}

// printed cleans what a probe printed, and cuts it to the space that is left.
func (r *Runner) printed(c matrix.Cell, output []byte) string {
	text := printable.Text(output)
	got := r.outputs.Take(c.Kernel, int64(len(text)))
	if left := int64(len(text)) - got; left > 0 {
		r.notifyOnce(c.Kernel+" outputs", fmt.Sprintf("%s: the outputs of its probes have taken all of the %d MiB that one kernel of this run may fill: the rest is left out", c.Kernel, r.outputs.Each()>>20))
		text = printable.Text([]byte(text[:got])) + fmt.Sprintf("\n[kmatrix: %d bytes are left out: the outputs of %s have taken their %d MiB of this run]\n", left, c.Kernel, r.outputs.Each()>>20)
	}
	return text
}

// notifyOnce notifies of something once in a run.
func (r *Runner) notifyOnce(key, text string) {
	r.mu.Lock()
	known := r.notified[key]
	r.notified[key] = true
	r.mu.Unlock()
	if !known {
		r.notify(Event{Stage: StageNotice, Text: text})
	}
}
