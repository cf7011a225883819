package store

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"

	"kmatrix/matrix"
)

// Stored is a run that was read.
type Stored struct {
	Run matrix.Run
	// Results are those that count, one for each cell and boot that has one, and
	// Earlier those that they stand for: an infra that was asked again.
	Results, Earlier []matrix.Result
	// Guests are the guests' sessions.
	Guests []matrix.Guest
	// Profiles are those that the run took, if any.
	Profiles []matrix.Profile
	// Assessments are what policies concluded of the run, the last last.
	Assessments []matrix.Assessment
	// Warnings say what was passed over, such as a last line that was torn
	// when its writer died.
	Warnings []string
}

// Open reads the run in a directory.
func Open(dir string) (*Stored, error) {
	run, err := readHeader(dir)
	if err != nil {
		return nil, err
	}
	s := &Stored{Run: run}
	if s.Warnings, err = readConfigs(dir, &s.Run); err != nil {
		return nil, err
	}
	all, more, err := readResults(dir)
	if err != nil {
		return nil, fmt.Errorf("read a run: %w", err)
	}
	s.Warnings = append(s.Warnings, more...)
	s.Results, s.Earlier = all.counted()
	more, err = readLines(filepath.Join(dir, fileGuests), func(g matrix.Guest) string {
		s.Guests = append(s.Guests, g)
		return ""
	})
	s.Warnings = append(s.Warnings, more...)
	if err != nil {
		return nil, fmt.Errorf("read a run: %w", err)
	}
	s.Profiles, more, err = readProfiles(dir)
	s.Warnings = append(s.Warnings, more...)
	if err != nil {
		return s, err
	}
	s.Assessments, more, err = assessments(dir)
	s.Warnings = append(s.Warnings, more...)
	return s, err
}

// readHeader reads what a run says of itself.
func readHeader(dir string) (matrix.Run, error) {
	var run matrix.Run
	text, err := os.ReadFile(filepath.Join(dir, fileRun))
	if errors.Is(err, fs.ErrNotExist) {
		return run, fmt.Errorf("%s is no run: it has no %s", dir, fileRun)
	}
	if err != nil {
		return run, fmt.Errorf("read a run: %w", err)
	}
	if err := json.Unmarshal(text, &run); err != nil {
		return run, fmt.Errorf("read %s: %w", filepath.Join(dir, fileRun), err)
	}
	return run, nil
}

// readResults reads a run's results, and what of them was passed over.
func readResults(dir string) (*tally, []string, error) {
	all := newTally()
	warnings, err := readLines(filepath.Join(dir, fileResults), all.take)
	return all, warnings, err
}

var idRE = regexp.MustCompile(`^\d{8}-\d{6}-[A-Z2-7]{4}$`)

// List returns the IDs of the runs below dir, oldest first. A directory that
// is not there holds none.
func List(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("list runs: %w", err)
	}
	var ids []string
	for _, e := range entries {
		if e.IsDir() && idRE.MatchString(e.Name()) {
			ids = append(ids, e.Name())
		}
	}
	return ids, nil
}
