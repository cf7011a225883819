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
	"kmatrix/matrix/lockfile"
)

// unfinished is, below the directory of runs, the one that is being made. Its lock is
// held meanwhile.
const unfinished = ".new"

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
	birth, err := lockfile.Wait(ctx, filepath.Join(dir, unfinished+lockfile.Suffix), nil)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, birth.Release()) }()
	ids, err := List(dir)
	if err != nil {
		return nil, err
	}
	run.ID = newID(run.Started, ids)
	// A run has its name when it has all its files, so that a kill leaves none that
	// lacks some.
	tmp := filepath.Join(dir, unfinished)
	// What a killed process was making.
	if err := os.RemoveAll(tmp); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(filepath.Join(tmp, dirConsoles), 0o755); err != nil {
		return nil, err
	}
	r = &Run{dir: filepath.Join(dir, run.ID), header: run, all: newTally(), sessions: map[string]int{}, reports: map[string]bool{}, configs: map[string]string{}}
	if err = writeHeader(tmp, run); err == nil {
		err = os.Rename(tmp, r.dir)
	}
	if err == nil {
		r.lock, err = lockfile.Try(filepath.Join(r.dir, fileLock))
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
