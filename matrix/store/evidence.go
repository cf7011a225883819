package store

import (
	"fmt"
	"os"
	"path/filepath"
)

// guestName returns the beginning of the names of one guest's files: of a kernel on a
// machine, the boot counted from 1, and the session within it from 1.
func guestName(kernel, machine string, boot, session int) (string, error) {
	if !safeName.MatchString(kernel) || !safeName.MatchString(machine) {
		return "", fmt.Errorf("%q and %q make no file name", kernel, machine)
	}
	return fmt.Sprintf("%s-%s-%s", kernel, machine, sessionName(boot, session)), nil
}

// sessionName names a session: BOOT, and for the second guest of it and later ones
// BOOT.SESSION.
func sessionName(boot, session int) string {
	if session > 1 {
		return fmt.Sprintf("%d.%d", boot, session)
	}
	return fmt.Sprint(boot)
}

// Evidence makes the file with what was found out about a guest, below evidence/;
// its name ends in name.
func (r *Run) Evidence(kernel, machine string, boot, session int, name string) (*os.File, string, error) {
	guest, err := guestName(kernel, machine, boot, session)
	if err == nil && !safeName.MatchString(name) {
		err = fmt.Errorf("%q makes no file name", name)
	}
	if err != nil {
		return nil, "", fmt.Errorf("keep evidence: %w", err)
	}
	file := filepath.Join(dirEvidence, guest+"-"+name)
	if err := os.MkdirAll(filepath.Join(r.dir, dirEvidence), 0o755); err != nil {
		return nil, "", fmt.Errorf("keep evidence: %w", err)
	}
	f, err := os.Create(filepath.Join(r.dir, file))
	if err != nil {
		return nil, "", fmt.Errorf("keep evidence: %w", err)
	}
	return f, file, nil
}
