// Package spec reads kernels.yaml.
//
// [Load] turns the file into a [Spec], having checked all of it before anything
// boots; every mistake becomes a [Problem] with line, key and hint, and all of
// them are reported at once. [Spec.Plan] selects from it and yields the cells
// to run. Which probes and which kinds of source exist is told by the caller
// ([Known]); the JSON Schema for editors is made from the same ([Schema]).
package spec

import (
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"slices"

	"kmatrix/matrix"
)

// Version is the version of the format.
const Version = 1

// Known is what a kernels.yaml may name.
type Known struct {
	Probes  []matrix.Probe
	Sources []matrix.SourceKind
	// Build is the build of kernels that are built and name none.
	Build matrix.Build
}

// Spec is a kernels.yaml that has been checked.
type Spec struct {
	// Path is the file as the user named it, and Digest the sha256 of its
	// bytes, in hex.
	Path, Digest string
	Kernels      []matrix.Kernel
	Machines     []matrix.Machine
	// Builds are the named builds, the default one included.
	Builds []matrix.Build
	// External are the probes that the file itself declares.
	External []matrix.Probe
	// Probes are the patterns of what is asked unless the user says otherwise;
	// without one, all that the machines name.
	Probes []string
	// Baseline is the kernel that the others are compared with.
	Baseline string
	Debian   Debian
	// Rewrite replaces beginnings of URLs that sources and series have.
	Rewrite map[string]string
}

// Debian names a mirror, for machines whose apt configuration names none.
type Debian struct {
	Mirror, Security, Keyring string
}

// maxFile is the largest file that is read.
const maxFile = 1 << 20

// LoadFile reads a kernels.yaml.
func LoadFile(path string, known Known) (*Spec, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, &Error{File: path, Problems: []Problem{{What: err.Error(), Hint: "name another file with -f"}}}
	}
	defer f.Close() //nolint:errcheck // it was only read
	return Load(f, path, known)
}

// AllProbes lists what can be asked with this file: the known probes and, after
// them, its own.
func (s *Spec) AllProbes(known Known) []matrix.Probe {
	return append(slices.Clip(known.Probes), s.External...)
}

// Load reads a kernels.yaml; name stands for it in errors, and the programs of
// external: are looked for from its directory. The error is an
// [*Error] for whatever the file's author can correct.
func Load(r io.Reader, name string, known Known) (*Spec, error) {
	text, err := io.ReadAll(io.LimitReader(r, maxFile+1))
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	if len(text) > maxFile {
		return nil, &Error{File: name, Problems: []Problem{{What: fmt.Sprintf("has more than %d bytes", maxFile), Hint: "is it the right file?"}}}
	}
	p := newReader(known, &Spec{Path: name, Digest: fmt.Sprintf("%x", sha256.Sum256(text))})
	p.read(text)
	if len(p.problems) > 0 {
		return nil, &Error{File: name, Problems: p.problems}
	}
	return p.spec, nil
}
