package store

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"kmatrix/matrix"
)

// fileProfiles keeps the profiles of a run that took any, one a line.
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

// profiles reads a run's profiles; most runs have none.
func (s *Stored) profiles(dir string) error {
	path := filepath.Join(dir, fileProfiles)
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read a run: %w", err)
	}
	defer f.Close() //nolint:errcheck // it was only read
	text, err := io.ReadAll(io.LimitReader(f, maxProfiles+1))
	if err != nil {
		return fmt.Errorf("read a run: %w", err)
	}
	if len(text) > maxProfiles {
		return fmt.Errorf("%s: more than %d bytes", path, maxProfiles)
	}
	n := 0
	for line := range strings.Lines(string(text)) {
		n++
		if !strings.HasSuffix(line, "\n") {
			s.Warnings = append(s.Warnings, fmt.Sprintf("%s:%d: the last line is torn and was passed over: its cell has no profile", path, n))
			break
		}
		var p matrix.Profile
		if err := json.Unmarshal([]byte(line), &p); err != nil {
			return fmt.Errorf("%s:%d: %w", path, n, err)
		}
		s.Profiles = append(s.Profiles, p)
	}
	return nil
}

// maxProfiles is how long a run's file of profiles may be, in bytes: a thousand
// times 64 KiB.
const maxProfiles = 64 << 20
