package host

import "kmatrix/matrix"

// Event is what a [Runner] notifies of while it runs.
type Event struct {
	// Kernel is whom it is about; Machine and Boot are set from the boot on.
	Kernel, Machine string
	Boot            int
	Stage           Stage
	// Probe is the probe that has started, at [StageProbe].
	Probe string
	// Done and Total count the batch's cells.
	Done, Total int
	// Result is what became of one cell, at [StageResult].
	Result matrix.Result
	// Text is a line for people.
	Text string
	// Profile reports whether the batch is asked for profiles.
	Profile bool
	// Seconds is how long the boot took, at [StageReady], or the batch, at
	// [StageEnd].
	Seconds float64
}

// Stage says what an [Event] tells.
type Stage int

const (
	// StageImage: the kernel's image is there, or is not, which Text says.
	StageImage Stage = iota
	// StageBoot: a guest starts.
	StageBoot
	// StageReady: the guest is ready.
	StageReady
	// StageRestore: a guest starts from its boot's snapshot.
	StageRestore
	// StageProbe: a probe starts.
	StageProbe
	// StageEnd: the batch has an outcome for each of its cells.
	StageEnd
	// StageResult: Result has been stored.
	StageResult
	// StageNotice: Text is something that the user should know.
	StageNotice
)

func (r *Runner) notify(e Event) {
	if r.cfg.Notify == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.cfg.Notify(e)
}
