package matrix

import "time"

// Guest is one life of one guest, for who wants to know how a result came about.
type Guest struct {
	Kernel  string `json:"kernel"`
	Machine string `json:"machine"`
	Boot    int    `json:"boot"`
	// Life counts the guests of the boot from 1.
	Life int `json:"life"`
	// Clone tells that it began as a clone of its boot.
	Clone bool `json:"clone,omitempty"`
	// Began is when it was started, by the host's clock, and Seconds how long it
	// lived, by one that does not jump. Ready is how long it took to be ready, of
	// a boot.
	Began   time.Time `json:"began"`
	Seconds float64   `json:"seconds"`
	Ready   float64   `json:"ready,omitempty"`
	// Asked is how many cells it was asked, and Answered how many of them have a
	// result of it.
	Asked    int `json:"asked"`
	Answered int `json:"answered"`
	// End says how it ended, in a line.
	End string `json:"end"`
	// Command is QEMU's command line, and ByHand one that boots the same guest
	// from a shell, with its console on the terminal.
	Command string `json:"command,omitempty"`
	ByHand  string `json:"by_hand,omitempty"`
	// Console is the file with what it printed, relative to the run's directory,
	// "" when it printed nothing.
	Console string `json:"console,omitempty"`
}
