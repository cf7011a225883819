package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"

	"github.com/spf13/cobra"

	"kmatrix/host/images"
	"kmatrix/matrix/report"
	"kmatrix/vmimage"
	"kmatrix/vmimage/cache"
	"kmatrix/vmimage/series"
	"kmatrix/vmimage/source"
)

func newSeriesCommand() *cobra.Command {
	var (
		asJSON bool
		output string
	)
	cmd := &cobra.Command{
		Use:   "series FILE...",
		Short: "Show what is understood of a patch series",
		Long: `Show what kmatrix understands of a patch series: its version, and of each patch
number, subject, author, files and lines. FILE is what series: of kernels.yaml takes:

  an mbox      as any mail program, list archive, patchwork, b4 or git writes it
  a mail       with the patch as its text or attached
  a patch      with git's headers, quilt's, or none
  a thread     of lore.kernel.org, saved as text
  a directory  of these (*.patch, *.eml, *.mbox, …), a Maildir, or quilt's with its list
  a URL        of one of these, which is kept in the cache; - is the standard input

Each may be compressed (.gz, .xz, .zst). Several FILEs are the parts of one series, or
series that are applied one after the other. Of a thread the newest version is taken;
what is left out, an older version or a reply with a diff, is said. A series of which
not every patch was understood is refused with the reason, here as in a run.

Exit codes: 0 understood; 2 not understood, or wrong use; 3 a URL is not reached;
130 interrupted.`,
		Example: `  kmatrix series my-rfc.mbox
  kmatrix series https://lore.kernel.org/r/MESSAGE-ID/t.mbox.gz
  b4 am -o - MESSAGE-ID | kmatrix series --json -`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return wrong("series takes at least one FILE: an mbox, a patch, a saved thread, a directory of these, or a URL")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			s, err := readSeries(cmd, args)
			if err != nil {
				return err
			}
			return writeTo(cmd, output, func(w io.Writer) error {
				if asJSON {
					for _, n := range s.Notes {
						notices(cmd)("kmatrix: " + n)
					}
					return writeSeriesJSON(w, s)
				}
				return writeSeries(w, s)
			})
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	cmd.Flags().StringVarP(&output, "output", "o", "", "write to `FILE` instead of the standard output")
	return cmd
}

// readSeries reads a series as a run does; "-" is the standard input.
func readSeries(cmd *cobra.Command, names []string) (*series.Series, error) {
	dir, err := cacheDir()
	if err != nil {
		return nil, err
	}
	env := &vmimage.Env{Env: source.Env{Cache: &cache.Cache{Dir: dir, Log: notices(cmd)}, HTTP: images.HTTPClient(), Log: notices(cmd)}}
	var s *series.Series
	var files []series.File
	for _, name := range names {
		f := series.File{Name: "the standard input"}
		if name == "-" {
			f.Text, err = io.ReadAll(cmd.InOrStdin())
		} else {
			f, err = vmimage.SeriesFile(cmd.Context(), env, "", name)
		}
		if err != nil {
			break
		}
		files = append(files, f)
	}
	if err == nil {
		s, err = series.Read(cmd.Context(), files...)
	}
	var bad *series.Error
	if errors.As(err, &bad) || errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) {
		return nil, wrongUse{err}
	}
	return s, err
}

// seriesDocument is the JSON form of a series.
type seriesDocument struct {
	Version    int             `json:"version"`
	Revision   int             `json:"revision"`
	Cover      string          `json:"cover,omitempty"`
	Files      []string        `json:"files"`
	Insertions int             `json:"insertions"`
	Deletions  int             `json:"deletions"`
	Patches    []patchDocument `json:"patches"`
	Notes      []string        `json:"notes,omitempty"`
}

// patchDocument is the JSON form of a patch.
type patchDocument struct {
	Number     int      `json:"number"`
	Of         int      `json:"of"`
	Revision   int      `json:"revision"`
	Subject    string   `json:"subject"`
	Author     string   `json:"author"`
	Origin     string   `json:"origin"`
	Files      []string `json:"files"`
	Insertions int      `json:"insertions"`
	Deletions  int      `json:"deletions"`
}

func writeSeriesJSON(w io.Writer, s *series.Series) error {
	sum := s.Stat()
	doc := seriesDocument{
		Version: 1, Revision: s.Revision, Cover: s.Cover,
		Files: s.Files(), Insertions: sum.Insertions, Deletions: sum.Deletions, Notes: s.Notes,
	}
	for _, p := range s.Patches {
		doc.Patches = append(doc.Patches, patchDocument{
			Number: p.Number, Of: p.Total, Revision: p.Revision, Subject: p.Subject, Author: p.Author, Origin: p.Origin,
			Files: p.Files(), Insertions: p.Stat.Insertions, Deletions: p.Stat.Deletions,
		})
	}
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(doc)
}

// writeSeries writes a line for each patch, with its author and files below.
func writeSeries(w io.Writer, s *series.Series) error {
	var b strings.Builder
	fmt.Fprintf(&b, "version %d, %s", s.Revision, counted(len(s.Patches), "patch", "patches"))
	if s.Cover != "" {
		fmt.Fprintf(&b, ": %s", s.Cover)
	}
	b.WriteString("\n\n")
	for _, p := range s.Patches {
		fmt.Fprintf(&b, "%d/%d  %s\n", p.Number, p.Total, p.Subject)
		about := fmt.Sprintf("+%d -%d in %s", p.Stat.Insertions, p.Stat.Deletions, strings.Join(p.Files(), ", "))
		if p.Author != "" {
			about = p.Author + "; " + about
		}
		if p.Revision != s.Revision {
			about = fmt.Sprintf("version %d; %s", p.Revision, about)
		}
		b.WriteString("     " + report.Wrap(about, "     ", explainWidth-5))
	}
	sum := s.Stat()
	fmt.Fprintf(&b, "\nin all: %s, +%d -%d\n", counted(sum.Files, "file", "files"), sum.Insertions, sum.Deletions)
	for _, n := range s.Notes {
		b.WriteString(report.Wrap("note: "+n, "  ", explainWidth))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// counted writes a number with its noun.
func counted(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
