package store

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"

	"kmatrix/matrix"
)

// fileProfiles keeps the profiles of a run that took any, one a line; of a cell that
// has several the last one counts.
const fileProfiles = "profiles.jsonl"

// AppendProfile adds a profile and returns when it is on the disk.
func (r *Run) AppendProfile(p matrix.Profile) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	f, err := openLines(filepath.Join(r.dir, fileProfiles))
	if err == nil {
		err = errors.Join(f.append(p), f.close())
	}
	if err != nil {
		return fmt.Errorf("store the profile of %s: %w", p.Cell, err)
	}
	return nil
}

// Profiles returns the profiles that the run has, also those of before it was
// resumed.
func (r *Run) Profiles() ([]matrix.Profile, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	all, _, err := readProfiles(r.dir)
	return all, err
}

// readProfiles reads a run's profiles, and what of them was passed over; most runs
// have none.
func readProfiles(dir string) (all []matrix.Profile, warnings []string, err error) {
	warnings, err = readLines(filepath.Join(dir, fileProfiles), func(p matrix.Profile) string {
		all = slices.DeleteFunc(all, func(old matrix.Profile) bool { return old.Cell == p.Cell })
		all = append(all, p)
		return ""
	})
	if err != nil {
		return nil, nil, fmt.Errorf("read a run: %w", err)
	}
	return all, warnings, nil
}
