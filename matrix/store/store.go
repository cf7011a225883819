// Package store keeps runs on disk, so that nothing that was measured is lost.
//
// A run is a directory DIR/ID with run.json (what ran where, a [matrix.Run],
// always whole), results.jsonl (a [matrix.Result] a line), guests.jsonl (a
// [matrix.Guest] a line: how each guest ended), profiles.jsonl (a [matrix.Profile] a
// line, where any were taken), assessments.json (what policies concluded, as
// [matrix.Assessment], where any did), consoles/ (what each guest printed), reports/
// (the console's text around each report), outputs/ (what external probes printed),
// configs/ (the kernels' configurations) and evidence/ (what was found out about guests
// that did not answer). All of it can be
// read with jq and less. Lines are appended whole and synced one by one ([lines]),
// so that a kill, a power loss or a full disk costs at most the one that was being
// written. [Create] begins a run and [Resume] goes on with one that had ended early;
// both hold a lock on it. [Open] reads a run, also one that is being written.
package store

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"kmatrix/matrix"
	"kmatrix/matrix/lockfile"
)

// Names within a run's directory.
const (
	fileRun     = "run.json"
	fileResults = "results.jsonl"
	fileGuests  = "guests.jsonl"
	dirConsoles = "consoles"
	dirOutputs  = "outputs"
	dirEvidence = "evidence"
	fileLock    = ".lock"
)

// Run is a run that is being written. Its methods may be called from several
// goroutines.
type Run struct {
	dir     string
	mu      sync.Mutex
	header  matrix.Run
	results *lines
	guests  *lines
	all     *tally
	// sessions has the last session of each boot that began before this process.
	sessions map[string]int
	// reports are the files of reports that were written.
	reports map[string]bool
	// configs has the digests of the configurations that were written, by kernel.
	configs map[string]string
	lock    *lockfile.Lock
}

// open opens a run's files to append, with its lock held.
func (r *Run) open() error {
	var err error
	if r.results, err = openLines(filepath.Join(r.dir, fileResults)); err != nil {
		return err
	}
	if r.guests, err = openLines(filepath.Join(r.dir, fileGuests)); err != nil {
		return errors.Join(err, r.results.close())
	}
	return nil
}

// Dir returns the run's directory.
func (r *Run) Dir() string { return r.dir }

// Header returns what the run says of itself, as it is now: a later
// [Run.Update] changes nothing of it.
func (r *Run) Header() matrix.Run {
	r.mu.Lock()
	defer r.mu.Unlock()
	header := r.header
	header.Kernels = slices.Clone(header.Kernels)
	return header
}

// Append adds a result and returns when it is on the disk. A second result of
// the same cell, boot and session is refused.
func (r *Run) Append(res matrix.Result) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if taken := r.all.taken(res); taken != "" {
		return errors.New(taken)
	}
	if err := r.results.append(res); err != nil {
		return fmt.Errorf("store a result: %w", err)
	}
	r.all.add(res)
	return nil
}

// Guest adds a guest's session and returns when it is on the disk.
func (r *Run) Guest(g matrix.Guest) error {
	if err := r.guests.append(g); err != nil {
		return fmt.Errorf("store what a guest was: %w", err)
	}
	return nil
}

// Results returns the results that count so far, also those of before the run was
// resumed.
func (r *Run) Results() []matrix.Result {
	r.mu.Lock()
	defer r.mu.Unlock()
	counted, _ := r.all.counted()
	return counted
}

// Final reports whether a cell has, for that boot, an outcome that is a last word.
func (r *Run) Final(cell string, boot int) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.all.final(cell, boot)
}

// Update changes what the run says of itself.
func (r *Run) Update(change func(*matrix.Run)) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	change(&r.header)
	if err := r.writeConfigs(); err != nil {
		return err
	}
	return writeHeader(r.dir, r.header)
}

// Console opens the log of one guest's console, see [ConsoleName].
func (r *Run) Console(kernel, machine string, boot, session int) (*os.File, error) {
	name, err := ConsoleName(kernel, machine, boot, session)
	if err != nil {
		return nil, fmt.Errorf("open a console's log: %w", err)
	}
	f, err := os.OpenFile(filepath.Join(r.dir, name), os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o644)
	if err != nil {
		return nil, fmt.Errorf("open a console's log: %w", err)
	}
	return f, nil
}

// Close ends the writing and frees the lock.
func (r *Run) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := errors.Join(r.results.close(), r.guests.close(), r.lock.Release()); err != nil {
		return fmt.Errorf("close the run: %w", err)
	}
	return nil
}
