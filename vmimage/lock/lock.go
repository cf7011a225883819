// Package lock is kernels.lock: what each kernel's source was resolved to.
//
// A second run with the same lock runs the same bytes. The file lies beside
// kernels.yaml and is meant to be committed by those who own one; it is YAML
// with one entry a kernel, sorted by name.
package lock

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/gofrs/flock"
)

// Version is the format's.
const Version = 1

// Entry is what one kernel's source was resolved to.
type Entry struct {
	// Source are the keys of the source as kernels.yaml had them. When they
	// have changed, the entry no longer counts.
	Source map[string]string `yaml:"source"`
	// Version is the full version, for example "6.1.158-1".
	Version string `yaml:"version"`
	// Resolved is when.
	Resolved time.Time `yaml:"resolved"`
	// Files are what to fetch.
	Files []File `yaml:"files"`
}

// File is one download.
type File struct {
	Package string `yaml:"package,omitempty"`
	Version string `yaml:"version,omitempty"`
	URL     string `yaml:"url"`
	SHA256  string `yaml:"sha256"`
	Size    int64  `yaml:"size"`
}

// Lock is the file. It may be used by several goroutines.
type Lock struct {
	path    string
	mu      sync.Mutex
	entries map[string]Entry
}

type document struct {
	Version int              `yaml:"version"`
	Kernels map[string]Entry `yaml:"kernels"`
}

const header = "# Written by kmatrix: what each kernel of kernels.yaml was resolved to.\n# Commit it to run the same bytes again; delete it, or an entry, to resolve anew.\n"

// Open reads a lock; a file that is not there is an empty one.
func Open(path string) (*Lock, error) {
	l := &Lock{path: path, entries: map[string]Entry{}}
	d, err := read(path)
	if err != nil {
		return nil, err
	}
	if d.Kernels != nil {
		l.entries = d.Kernels
	}
	return l, nil
}

func read(path string) (document, error) {
	var d document
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return d, nil
	}
	if err != nil {
		return d, fmt.Errorf("read the lock: %w", err)
	}
	if err := yaml.UnmarshalWithOptions(text, &d, yaml.Strict()); err != nil {
		return d, fmt.Errorf("%s: %w\ndelete the file to have it made anew", path, err)
	}
	if d.Version != Version {
		return d, fmt.Errorf("%s: version: is %d, this kmatrix writes %d: delete the file to have it made anew", path, d.Version, Version)
	}
	return d, nil
}

// Path is the file's.
func (l *Lock) Path() string { return l.path }

// Get returns a kernel's entry, if it was made of the same source.
func (l *Lock) Get(kernel string, source map[string]string) (Entry, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	e, ok := l.entries[kernel]
	return e, ok && maps.Equal(e.Source, source)
}

// Forget has a kernel resolved anew. The file keeps the entry until another is
// put in its place.
func (l *Lock) Forget(kernel string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.entries, kernel)
}

// Put records an entry in the file, keeping what other processes have recorded
// of other kernels meanwhile.
func (l *Lock) Put(kernel string, e Entry) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	guard := flock.New(l.path + ".guard")
	if err := guard.Lock(); err != nil {
		return fmt.Errorf("write the lock: %w", err)
	}
	defer func() {
		_ = os.Remove(l.path + ".guard") // an empty file that may stay
		_ = guard.Unlock()               // closing frees it
	}()
	d, err := read(l.path)
	if err != nil {
		return err
	}
	if d.Kernels == nil {
		d.Kernels = map[string]Entry{}
	}
	d.Version, d.Kernels[kernel], l.entries[kernel] = Version, e, e
	text, err := yaml.Marshal(d)
	if err != nil {
		return fmt.Errorf("write the lock: %w", err)
	}
	return replace(l.path, append([]byte(header), text...))
}

// replace writes a file whole or not at all.
func replace(path string, text []byte) error {
	tmp, err := os.CreateTemp(filepath.Dir(path), ".kernels.lock-")
	if err != nil {
		return fmt.Errorf("write the lock: %w", err)
	}
	_, err = tmp.Write(text)
	if err == nil {
		err = tmp.Sync()
	}
	if err = errors.Join(err, tmp.Close()); err == nil {
		err = os.Rename(tmp.Name(), path)
	}
	if err != nil {
		return fmt.Errorf("write the lock: %w", errors.Join(err, os.Remove(tmp.Name())))
	}
	return nil
}
