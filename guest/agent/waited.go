package main

import "sync"

// waited is the probe that runs now. The host keeps its deadline, by a clock that
// is right: a guest's runs fast on a host that was busy while it booted, and jumps
// where instructions are counted. Its zero value is no probe.
type waited struct {
	mu    sync.Mutex
	probe string
	late  chan struct{}
}

// begin notes which probe runs, and returns what is closed when the host gives it
// up.
func (w *waited) begin(probe string) <-chan struct{} {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.probe, w.late = probe, make(chan struct{})
	return w.late
}

// giveUp ends the wait for the probe, if it is the one that runs.
func (w *waited) giveUp(probe string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.late == nil || w.probe != probe {
		return false
	}
	close(w.late)
	w.late = nil
	return true
}
