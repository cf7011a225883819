package matrix

import "time"

// Guest is what is kept of one guest's session and end, beside its results.
type Guest struct {
	Kernel  string `json:"kernel"`
	Machine string `json:"machine"`
	// Boot and Session are as in [Result].
	Boot    int  `json:"boot"`
	Session int  `json:"life"`
	Clone   bool `json:"clone,omitempty"`
	// Command is QEMU's command line, and Repro one that boots the same guest from a
	// shell; runs of before it was kept have none.
	Command string    `json:"command,omitempty"`
	Repro   string    `json:"repro,omitempty"`
	Began   time.Time `json:"began"`
	// ReadySeconds is how long it took until its agent was ready, Seconds until
	// its end, by the host's clock.
	ReadySeconds float64 `json:"ready_seconds,omitempty"`
	Seconds      float64 `json:"seconds"`
	// Phase is the last that it entered: "boot", "agent" or "probes"; "done" when
	// it answered all that it was asked.
	Phase string `json:"phase"`
	// Probe is the one that it ended in, and Outcome what that one got of it, or,
	// before the first, what all of its cells got.
	Probe   string  `json:"probe,omitempty"`
	Outcome Outcome `json:"outcome,omitempty"`
	Detail  string  `json:"detail,omitempty"`
	// Exit is how QEMU ended: "exit status 0", "signal: killed", or "ended by
	// kmatrix".
	Exit string `json:"exit,omitempty"`
	// Stderr is the last that QEMU printed.
	Stderr string `json:"stderr,omitempty"`
	// Events are those of QEMU's control channel, the first 64.
	Events []Event `json:"events,omitempty"`
	// Evidence lies in files of the run.
	Evidence []Evidence `json:"evidence,omitempty"`
}

// Event is one of QEMU's, such as GUEST_PANICKED, RESET, SHUTDOWN, STOP.
type Event struct {
	Name string `json:"name"`
	// Reason is what QEMU gives as reason and action, such as "guest-reset".
	Reason string    `json:"reason,omitempty"`
	Time   time.Time `json:"time"`
}

// Evidence is a file with what was found out about a guest.
type Evidence struct {
	// File is relative to the run's directory; "" where there is only Error.
	File string `json:"file,omitempty"`
	// What is in it, in a few words.
	What string `json:"what"`
	// Probe is the one that ran.
	Probe string `json:"probe,omitempty"`
	// Error is why it could not be had, or not whole.
	Error string `json:"error,omitempty"`
}
