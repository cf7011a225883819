package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"

	"kmatrix/matrix"
)

// dirReports holds the texts of reports.
const dirReports = "reports"

// MaxCrashReports is how many texts of reports a run keeps; a kernel that prints ever new
// ones must not fill the disk.
const MaxCrashReports = 1000

var fingerprintRE = regexp.MustCompile(`^[0-9a-f]{16}$`)

// CrashReportName returns the file of a report's text, in the run's directory.
func CrashReportName(kernel, fingerprint string) (string, error) {
	if !safeName.MatchString(kernel) || !fingerprintRE.MatchString(fingerprint) {
		return "", fmt.Errorf("%q and %q make no file name", kernel, fingerprint)
	}
	return filepath.Join(dirReports, kernel+"-"+fingerprint+".txt"), nil
}

// CrashReport keeps the console's text of a report, once for each kernel and fingerprint,
// and returns the file's name in the run's directory; "" when there are [MaxCrashReports]
// already.
func (r *Run) CrashReport(kernel string, report matrix.CrashReport) (string, error) {
	name, err := CrashReportName(kernel, report.Fingerprint)
	if err != nil {
		return "", fmt.Errorf("keep a report: %w", err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.reports[name] {
		return name, nil
	}
	if len(r.reports) == MaxCrashReports {
		return "", nil
	}
	if err := os.MkdirAll(filepath.Join(r.dir, dirReports), 0o755); err != nil {
		return "", fmt.Errorf("keep a report: %w", err)
	}
	f, err := os.OpenFile(filepath.Join(r.dir, name), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err == nil {
		_, err = f.WriteString(report.Title + "\n\n" + report.Text)
		err = errors.Join(err, f.Close())
	} else if errors.Is(err, fs.ErrExist) {
		err = nil // a run that was taken up again has it
	}
	if err != nil {
		return "", fmt.Errorf("keep a report: %w", err)
	}
	if r.reports == nil {
		r.reports = map[string]bool{}
	}
	r.reports[name] = true
	return name, nil
}
