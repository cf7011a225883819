// Package store keeps runs on disk, so that nothing that was measured is lost.
//
// A run is a directory DIR/ID with run.json (what ran where, a [matrix.Run],
// always whole), results.jsonl (a [matrix.Result] a line, appended and synced
// one by one), profiles.jsonl (a [matrix.Profile] a line, where any were taken),
// consoles/ (what each guest printed), reports/ (the console's text around each
// report) and outputs/ (what external probes printed). All of it can be read with
// jq and less. [Create] begins a run and holds a lock on it; [Open] reads one, also
// one that was killed while it wrote.
package store

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"github.com/gofrs/flock"

	"kmatrix/matrix"
)

// Names within a run's directory.
const (
	fileRun     = "run.json"
	fileResults = "results.jsonl"
	dirConsoles = "consoles"
	dirOutputs  = "outputs"
	fileLock    = ".lock"
)

// Run is a run that is being written. Its methods may be called from several
// goroutines.
type Run struct {
	dir     string
	mu      sync.Mutex
	header  matrix.Run
	results *os.File
	seen    map[string]bool
	// reports are the files of reports that were written.
	reports map[string]bool
	lock    *flock.Flock
}

// Create begins a run below dir. Its ID is made of run.Started and four random
// letters, so that runs sort by time.
func Create(dir string, run matrix.Run) (*Run, error) {
	run.ID = fmt.Sprintf("%s-%.4s", run.Started.UTC().Format("20060102-150405"), rand.Text())
	r := &Run{dir: filepath.Join(dir, run.ID), header: run, seen: map[string]bool{}}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("begin a run: %w", err)
	}
	if err := os.Mkdir(r.dir, 0o755); err != nil {
		return nil, fmt.Errorf("begin a run: %w", err)
	}
	if err := os.Mkdir(filepath.Join(r.dir, dirConsoles), 0o755); err != nil {
		return nil, fmt.Errorf("begin a run: %w", err)
	}
	r.lock = flock.New(filepath.Join(r.dir, fileLock))
	if got, err := r.lock.TryLock(); err != nil || !got {
		return nil, fmt.Errorf("begin a run: lock %s: %w", r.dir, err)
	}
	var err error
	if r.results, err = os.OpenFile(filepath.Join(r.dir, fileResults), os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o644); err != nil {
		return nil, fmt.Errorf("begin a run: %w", err)
	}
	if err := errors.Join(r.writeHeader(), syncDir(dir)); err != nil {
		return nil, fmt.Errorf("begin a run: %w", err)
	}
	return r, nil
}

// Dir is the run's directory.
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
// the same cell and boot is refused.
func (r *Run) Append(res matrix.Result) error {
	line, err := json.Marshal(res)
	if err != nil {
		return fmt.Errorf("encode the result of %s: %w", res.Cell, err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	key := fmt.Sprintf("%s %d", res.Cell, res.Boot)
	if r.seen[key] {
		return fmt.Errorf("%s has a result for boot %d already", res.Cell, res.Boot)
	}
	if _, err := r.results.Write(append(line, '\n')); err != nil {
		return fmt.Errorf("store a result: %w", err)
	}
	if err := r.results.Sync(); err != nil {
		return fmt.Errorf("store a result: %w", err)
	}
	r.seen[key] = true
	return nil
}

// Update changes what the run says of itself.
func (r *Run) Update(change func(*matrix.Run)) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	change(&r.header)
	return r.writeHeader()
}

// writeHeader writes run.json whole or not at all.
func (r *Run) writeHeader() error {
	text, err := json.MarshalIndent(r.header, "", "  ")
	if err != nil {
		return fmt.Errorf("encode %s: %w", fileRun, err)
	}
	tmp, err := os.CreateTemp(r.dir, ".run-")
	if err != nil {
		return fmt.Errorf("write %s: %w", fileRun, err)
	}
	_, err = tmp.Write(append(text, '\n'))
	if err == nil {
		err = tmp.Sync()
	}
	if err == nil {
		err = tmp.Chmod(0o644)
	}
	if err = errors.Join(err, tmp.Close()); err == nil {
		err = os.Rename(tmp.Name(), filepath.Join(r.dir, fileRun))
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", fileRun, errors.Join(err, os.Remove(tmp.Name())))
	}
	return syncDir(r.dir)
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// Console opens the log of one guest's console, see [ConsoleName].
func (r *Run) Console(kernel, machine string, boot, life int) (*os.File, error) {
	name, err := ConsoleName(kernel, machine, boot, life)
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
	if err := errors.Join(r.results.Close(), r.lock.Unlock(), os.Remove(filepath.Join(r.dir, fileLock))); err != nil {
		return fmt.Errorf("close the run: %w", err)
	}
	return nil
}
