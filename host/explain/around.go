package explain

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"

	"kmatrix/matrix"
	"kmatrix/matrix/printable"
	"kmatrix/matrix/spec"
	"kmatrix/matrix/store"
)

// around adds what stands around a result: what the baseline answered, how its guest
// is booted by hand, and what its console said when it ended badly.
func (e *Explanation) around(s *store.Stored) error {
	for i, r := range s.Results {
		if r.Kernel == s.Run.Baseline && r.Kernel != e.Kernel && r.Machine == e.Machine && r.Probe == e.Probe && (e.Baseline == nil || r.Boot == e.Boot) {
			e.Baseline = &s.Results[i]
		}
	}
	for _, g := range s.Guests {
		if g.Kernel == e.Kernel && g.Machine == e.Machine && g.Boot == e.Boot && g.Session == e.Session && g.Command != "" {
			e.Repro = g.Repro
		}
	}
	// What a hang was at is in its evidence, which is much of the console as well.
	well := []matrix.Outcome{matrix.Pass, matrix.Fail, matrix.Unsupported, matrix.Hang}
	if e.Console == "" || len(e.Excerpts) > 0 || slices.Contains(well, e.Outcome) {
		return nil
	}
	var err error
	e.Around, err = consoleAround(e.Console, e.Detail)
	return err
}

// Lines of a console that are shown before and behind the one that tells of the
// event, and how much of a console is searched for it.
const (
	linesBefore, linesBehind = 8, 24
	maxSearched              = 8 << 20
)

// consoleAround returns the part of a console that stands around the line which the
// detail of an outcome repeats; its end where there is no such line. It is cleaned.
func consoleAround(path, detail string) (string, error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	defer f.Close() //nolint:errcheck // it was only read
	text, err := io.ReadAll(io.LimitReader(f, maxSearched))
	if err != nil {
		return "", err
	}
	lines := strings.Split(strings.TrimRight(printable.Text(text), "\n\t "), "\n")
	at := slices.IndexFunc(lines, func(l string) bool {
		if _, said, stamped := strings.Cut(l, "] "); stamped {
			l = said
		}
		l = strings.TrimSpace(l)
		return len(l) >= 10 && strings.Contains(detail, l)
	})
	from := max(0, at-linesBefore)
	if at < 0 {
		from = max(0, len(lines)-linesBefore-linesBehind)
	}
	return strings.Join(lines[from:min(len(lines), from+linesBefore+linesBehind)], "\n"), nil
}

// wasAsked tells whether a run was to ask the cell that the arguments name.
func wasAsked(run matrix.Run, cell []string) bool {
	for _, k := range run.Kernels {
		for _, p := range run.Probes {
			if len(cell) == 2 && cell[0] == k.Name && cell[1] == p {
				return true
			}
			for _, m := range run.Machines {
				if len(cell) == 1 && cell[0] == (matrix.Cell{Kernel: k.Name, Machine: m.Name, Probe: p}).ID() {
					return true
				}
			}
		}
	}
	return false
}

// mostNear is how many names are offered for one that is none.
const mostNear = 3

// nearCells returns what was meant by a cell that is none, for the message.
func nearCells(results []matrix.Result, cell []string) string {
	var names []string
	for _, r := range results {
		name := r.Cell
		if len(cell) == 2 {
			name = r.Kernel + " " + r.Probe
		}
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	near := spec.Near(strings.Join(cell, " "), names, mostNear)
	if len(near) == 0 {
		return ""
	}
	return "; near it are " + strings.Join(near, ", ")
}
