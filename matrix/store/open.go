package store

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"

	"kmatrix/matrix"
)

// Stored is a run that was read.
type Stored struct {
	Run     matrix.Run
	Results []matrix.Result
	// Profiles are those that the run took, if any.
	Profiles []matrix.Profile
	// Warnings say what was passed over, such as a last line that was torn
	// when its writer died.
	Warnings []string
}

// maxLine is the longest line of results.jsonl that is read.
const maxLine = 1 << 20

// Open reads the run in a directory.
func Open(dir string) (*Stored, error) {
	text, err := os.ReadFile(filepath.Join(dir, fileRun))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s is no run: it has no %s", dir, fileRun)
	}
	if err != nil {
		return nil, fmt.Errorf("read a run: %w", err)
	}
	s := &Stored{}
	if err := json.Unmarshal(text, &s.Run); err != nil {
		return nil, fmt.Errorf("read %s: %w", filepath.Join(dir, fileRun), err)
	}
	path := filepath.Join(dir, fileResults)
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("read a run: %w", err)
	}
	defer f.Close() //nolint:errcheck // it was only read
	return s, errors.Join(s.results(f, path), s.profiles(dir))
}

func (s *Stored) results(f io.Reader, path string) error {
	seen := map[string]bool{}
	r := bufio.NewReaderSize(f, 64<<10)
	for n := 1; ; n++ {
		line, err := r.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			if len(line) > 0 {
				s.Warnings = append(s.Warnings, fmt.Sprintf("%s:%d: the last line is torn and was passed over: its cell has no outcome", path, n))
			}
			return nil
		}
		if err != nil {
			return fmt.Errorf("read %s: %w", path, err)
		}
		if len(line) > maxLine {
			return fmt.Errorf("%s:%d: the line has %d bytes", path, n, len(line))
		}
		var res matrix.Result
		if err := json.Unmarshal(line, &res); err != nil {
			return fmt.Errorf("%s:%d: %w", path, n, err)
		}
		key := fmt.Sprintf("%s %d", res.Cell, res.Boot)
		if seen[key] {
			s.Warnings = append(s.Warnings, fmt.Sprintf("%s:%d: %s has a second result for boot %d, which was passed over", path, n, res.Cell, res.Boot))
			continue
		}
		seen[key] = true
		s.Results = append(s.Results, res)
	}
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
