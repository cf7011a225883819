package explain

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"kmatrix/matrix"
	"kmatrix/matrix/printable"
	"kmatrix/matrix/store"
)

// excerpt is the part of a console in which a kernel reports its own trouble.
type excerpt struct {
	Title string `json:"title"`
	Text  string `json:"text"`
}

// readCrashReport returns the text that the run keeps of a report, cleaned, since the file
// may be anybody's; "" when it keeps none.
func readCrashReport(dir, kernel string, r matrix.CrashReport) (string, error) {
	if r.File == "" {
		return "", nil
	}
	name, err := store.CrashReportName(kernel, r.Fingerprint)
	if err != nil {
		return "", &Error{err}
	}
	text, err := os.ReadFile(filepath.Join(dir, name))
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	return printable.Text(text), err
}

// marks say what is special about a report.
func marks(r matrix.CrashReport) string {
	var words []string
	if r.Fatal {
		words = append(words, "fatal")
	}
	if r.Known {
		words = append(words, "known")
	}
	if r.Taint != "" {
		words = append(words, "taint "+r.Taint)
	}
	if r.Count > 1 {
		words = append(words, fmt.Sprintf("%d times", r.Count))
	}
	if len(words) == 0 {
		return ""
	}
	return " (" + strings.Join(words, ", ") + ")"
}
