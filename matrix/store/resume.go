package store

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"

	"kmatrix/matrix"
	"kmatrix/matrix/lockfile"
)

// Resume opens a run that ended before every cell had an outcome, to go on with
// it. The error is a [*lockfile.HeldError] while another process writes it. What a
// killed writer left behind is cleared away, and warnings say what was cut off.
func Resume(dir string) (r *Run, warnings []string, err error) {
	header, err := readHeader(dir)
	if err != nil {
		return nil, nil, err
	}
	r = &Run{dir: dir, header: header, sessions: map[string]int{}, reports: map[string]bool{}, configs: map[string]string{}}
	if r.lock, err = lockfile.Try(filepath.Join(dir, fileLock)); err != nil {
		return nil, nil, fmt.Errorf("go on with a run: %w", err)
	}
	if warnings, err = r.takeUp(); err != nil {
		return nil, nil, errors.Join(fmt.Errorf("go on with a run: %w", err), r.lock.Release())
	}
	return r, warnings, nil
}

func (r *Run) takeUp() (warnings []string, err error) {
	// Under the lock: the writer may have gone on until it was had.
	if r.header, err = readHeader(r.dir); err != nil {
		return nil, err
	}
	if warnings, err = readConfigs(r.dir, &r.header); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(filepath.Join(r.dir, dirConsoles), 0o755); err != nil {
		return nil, err
	}
	var more []string
	if r.all, more, err = readResults(r.dir); err != nil {
		return nil, err
	}
	warnings = append(warnings, more...)
	for _, res := range r.all.all {
		r.noteSession(res.Kernel, res.Machine, res.Boot, res.Session)
	}
	if _, err := readLines(filepath.Join(r.dir, fileGuests), func(g matrix.Guest) string {
		r.noteSession(g.Kernel, g.Machine, g.Boot, g.Session)
		return ""
	}); err != nil {
		return nil, err
	}
	if err := r.consoles(); err != nil {
		return nil, err
	}
	return warnings, r.open()
}

// guestsKey returns the key of a boot in [Run.sessions]: the beginning of the names of its
// guests' files.
func guestsKey(kernel, machine string, boot int) string {
	return fmt.Sprintf("%s-%s-%d", kernel, machine, boot)
}

// noteSession notes that a boot has had a session of that number.
func (r *Run) noteSession(kernel, machine string, boot, session int) {
	key := guestsKey(kernel, machine, boot)
	r.sessions[key] = max(r.sessions[key], session)
}

var consoleRE = regexp.MustCompile(`^(.*-\d+?)(?:\.(\d+))?\.log$`)

// consoles notes the sessions that left a console and nothing else: whoever killed
// kmatrix killed them. Names and key are made alike, see [ConsoleName].
func (r *Run) consoles() error {
	entries, err := os.ReadDir(filepath.Join(r.dir, dirConsoles))
	if err != nil {
		return err
	}
	for _, e := range entries {
		m := consoleRE.FindStringSubmatch(e.Name())
		if m == nil {
			continue
		}
		session := 1
		if m[2] != "" {
			if session, err = strconv.Atoi(m[2]); err != nil {
				continue // nobody's name
			}
		}
		r.sessions[m[1]] = max(r.sessions[m[1]], session)
	}
	return nil
}

// Sessions returns how many guests a boot has had before this process: the sessions of a run
// that is resumed are counted on, so that none writes into another's files.
func (r *Run) Sessions(kernel, machine string, boot int) int {
	return r.sessions[guestsKey(kernel, machine, boot)]
}
