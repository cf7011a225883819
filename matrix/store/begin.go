package store

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"kmatrix/matrix"
	"kmatrix/matrix/atomicfile"
	"kmatrix/matrix/hold"
)

// Names below the directory of runs: of runs that are not whole yet, and of the
// lock that is held while one is made.
const (
	unborn    = ".new-"
	fileBirth = ".new.lock"
)

// birthDeadline is how long another process may take to make a run's directory.
const birthDeadline = time.Minute

// Create begins a run below dir. Its ID is made of run.Started and four random
// letters, so that runs sort by the order in which they were begun: where the
// clock was set back, a second behind the newest is taken instead.
func Create(dir string, run matrix.Run) (r *Run, err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("begin a run: %w", err)
		}
	}()
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), birthDeadline)
	defer cancel()
	birth, err := hold.Wait(ctx, filepath.Join(dir, fileBirth), nil)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, birth.Free()) }()
	if err := sweep(dir); err != nil {
		return nil, err
	}
	ids, err := List(dir)
	if err != nil {
		return nil, err
	}
	run.ID = newID(run.Started, ids)
	// A run has its name when it has all its files, so that a kill leaves none that
	// lacks some.
	tmp := filepath.Join(dir, unborn+run.ID)
	if err := os.MkdirAll(filepath.Join(tmp, dirConsoles), 0o755); err != nil {
		return nil, err
	}
	r = &Run{dir: filepath.Join(dir, run.ID), header: run, all: newTally(), lives: map[string]int{}, reports: map[string]bool{}, configs: map[string]string{}}
	if err = writeHeader(tmp, run); err == nil {
		err = os.Rename(tmp, r.dir)
	}
	if err == nil {
		r.lock, err = hold.Try(filepath.Join(r.dir, fileLock))
	}
	if err == nil {
		err = r.open()
	}
	if err == nil {
		err = errors.Join(atomicfile.SyncDir(r.dir), atomicfile.SyncDir(dir))
	}
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(tmp))
	}
	return r, nil
}

// sweep removes what killed processes left of runs that they were making; the
// lock on making one is held.
func sweep(dir string) error {
	left, err := filepath.Glob(filepath.Join(dir, unborn+"[0-9]*"))
	for _, l := range left {
		err = errors.Join(err, os.RemoveAll(l))
	}
	return err
}

// idTime is the part of an ID that tells when.
const idTime = "20060102-150405"

// newID returns an ID that sorts behind those that are there, oldest first.
func newID(at time.Time, ids []string) string {
	at = at.UTC()
	if len(ids) > 0 {
		newest, err := time.Parse(idTime, ids[len(ids)-1][:len(idTime)])
		if err == nil && !at.Truncate(time.Second).After(newest) {
			at = newest.Add(time.Second)
		}
	}
	return fmt.Sprintf("%s-%.4s", at.Format(idTime), rand.Text())
}

// writeHeader writes run.json whole or not at all.
func writeHeader(dir string, run matrix.Run) error {
	text, err := json.MarshalIndent(run, "", "  ")
	if err != nil {
		return fmt.Errorf("encode %s: %w", fileRun, err)
	}
	if err := atomicfile.Write(filepath.Join(dir, fileRun), append(text, '\n')); err != nil {
		return fmt.Errorf("write %s: %w", fileRun, err)
	}
	return nil
}
