package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"kmatrix/host/oops"
	"kmatrix/matrix"
	"kmatrix/matrix/report"
)

func newOopsCommand() *cobra.Command {
	var (
		asJSON bool
		output string
	)
	cmd := &cobra.Command{
		Use:   "oops FILE...",
		Short: "Show what a kernel's log reports: titles, stacks, fingerprints",
		Long: `Show the reports in the log of a kernel, each once: panics, oopses, warnings, what the
sanitizers and lockdep found, stalls, OOM kills, and file systems that found their
data corrupt. Their titles are those that syzbot would give; what has one fingerprint
is the same trouble. A run reads the consoles of its guests in this way.

FILE is a console as it was captured, or what dmesg, journalctl or a system's log made
of it; - is the standard input.

Exit codes: 0 done, whether there are reports or not; 2 wrong use, such as a FILE that
cannot be read; 130 interrupted.`,
		Example: `  kmatrix oops console.log
  journalctl -k -o short-monotonic | kmatrix oops --json -`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return wrong("oops takes at least one FILE: the log of a kernel, or - for the standard input")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			doc := oopsDocument{Version: 1, Reports: []oopsEntry{}}
			for _, name := range args {
				text, err := readLog(cmd, name)
				if err != nil {
					return err
				}
				for _, r := range oops.Parse(text) {
					one := oopsEntry{CrashReport: r, Stack: r.Stack, Text: r.Text}
					if len(args) > 1 {
						one.Log = name
					}
					doc.Reports = append(doc.Reports, one)
				}
			}
			return writeTo(cmd, output, func(w io.Writer) error {
				if !asJSON {
					return writeOops(w, doc.Reports)
				}
				e := json.NewEncoder(w)
				e.SetEscapeHTML(false)
				e.SetIndent("", "  ")
				return e.Encode(doc)
			})
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON, with the text of each report")
	cmd.Flags().StringVarP(&output, "output", "o", "", "write to `FILE` instead of the standard output")
	return cmd
}

// oopsDocument is the JSON form of the reports of logs.
type oopsDocument struct {
	Version int         `json:"version"`
	Reports []oopsEntry `json:"reports"`
}

// oopsEntry is a report with the lines that a run keeps in a file.
type oopsEntry struct {
	// Log is the file that it was read from, where there are several.
	Log string `json:"log,omitempty"`
	matrix.CrashReport
	Stack []string `json:"stack,omitempty"`
	Text  string   `json:"text"`
}

// readLog reads the end of a log, as much as is looked at.
func readLog(cmd *cobra.Command, name string) (string, error) {
	in := cmd.InOrStdin()
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return "", unreadable(err)
		}
		defer f.Close() //nolint:errcheck // it is only read
		in = f
	}
	var tail []byte
	all := int64(0)
	for part := make([]byte, 1<<20); ; {
		n, err := in.Read(part)
		all += int64(n)
		tail = append(tail, part[:n]...)
		if len(tail) > 2*oops.MaxConsole {
			tail = append(tail[:0], tail[len(tail)-oops.MaxConsole:]...)
		}
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return "", unreadable(err)
		}
		if err := cmd.Context().Err(); err != nil {
			return "", err
		}
	}
	if all > oops.MaxConsole {
		notices(cmd)(fmt.Sprintf("kmatrix: %s has %d MiB, of which the last %d are read", name, all>>20, oops.MaxConsole>>20))
	}
	return string(tail), nil
}

// unreadable marks the error of a file that the user named.
func unreadable(err error) error {
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.EISDIR) {
		return wrongUse{fmt.Errorf("%w: name the log of a kernel, or - for the standard input", err)}
	}
	return fmt.Errorf("read a log: %w", err)
}

// writeOops writes a paragraph for each report.
func writeOops(w io.Writer, reports []oopsEntry) error {
	var b strings.Builder
	for i, r := range reports {
		if i > 0 {
			b.WriteString("\n")
		}
		about := string(r.Kind)
		if r.Fatal {
			about += ", fatal"
		}
		if r.Count > 1 {
			about += fmt.Sprintf(", %d times", r.Count)
		}
		if r.Taint != "" {
			about += ", taint " + r.Taint
		}
		if r.Log != "" {
			about += ", " + r.Log
		}
		b.WriteString(report.Wrap(r.Title, "  ", explainWidth))
		fmt.Fprintf(&b, "  %s: %s\n", r.Fingerprint, about)
		for _, f := range r.Frames {
			where := ""
			if f.Module != "" {
				where = " [" + f.Module + "]"
			}
			fmt.Fprintf(&b, "    %s%s\n", f, where)
		}
	}
	if len(reports) == 0 {
		b.WriteString("no report\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}
