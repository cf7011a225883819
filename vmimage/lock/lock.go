// Package lock is kernels.lock: what each kernel's source was resolved to, what
// it was built into, and what it was run with.
//
// A second run with the same lock runs the same bytes. The file lies beside
// kernels.yaml and is meant to be committed by those who own one; it is YAML
// with one entry a kernel, sorted by name.
package lock

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"sync"
	"time"

	"github.com/goccy/go-yaml"

	"kmatrix/matrix"
	"kmatrix/matrix/atomicfile"
	"kmatrix/matrix/lockfile"
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
	// Trust is what vouched for the files of a tarball: [matrix.TrustSigned] or
	// [matrix.TrustFirstUse], which an entry without it was made by. Debian's are
	// always signed.
	Trust matrix.Trust `yaml:"trust,omitempty"`
	// SignedBy is the fingerprint of the key that has signed, in hex.
	SignedBy string `yaml:"signed_by,omitempty"`
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

// Built is what a kernel was built into.
type Built struct {
	// Of is the digest of what kernels.yaml and the source make of it: tree,
	// series, configuration, variables. When that has changed, the rest no longer
	// counts.
	Of string `yaml:"of"`
	// Compiler is the first line of its --version, with the build's own flags.
	Compiler string `yaml:"compiler"`
	// Config is the digest of the whole configuration, Image that of what boots.
	Config string `yaml:"config"`
	Image  string `yaml:"image"`
}

// With is what the kernels were last run with.
type With struct {
	// QEMU is its version, Agent the digest of the guest's base archive.
	QEMU  string `yaml:"qemu"`
	Agent string `yaml:"agent"`
}

// Lock is the file. It may be used by several goroutines.
type Lock struct {
	// Log takes a line for the user when another process is waited for; may be
	// nil.
	Log func(string)

	path    string
	mu      sync.Mutex
	entries map[string]Entry
	builds  map[string]Built
	with    *With
}

type document struct {
	Version int              `yaml:"version"`
	With    *With            `yaml:"with,omitempty"`
	Kernels map[string]Entry `yaml:"kernels"`
	Builds  map[string]Built `yaml:"builds,omitempty"`
}

const header = "# Written by kmatrix: what each kernel of kernels.yaml was resolved to, built into and run with.\n# Commit it to run the same bytes again; delete it, or an entry, to resolve anew.\n"

// Open reads a lock; a file that is not there is an empty one.
func Open(path string) (*Lock, error) {
	l := &Lock{path: path, entries: map[string]Entry{}, builds: map[string]Built{}}
	d, err := read(path)
	if err != nil {
		return nil, err
	}
	maps.Copy(l.entries, d.Kernels)
	maps.Copy(l.builds, d.Builds)
	l.with = d.With
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
	return parse(path, text)
}

func parse(path string, text []byte) (d document, err error) {
	defer func() {
		// The decoder panics on some of what is no lock.
		if p := recover(); p != nil {
			d, err = document{}, fmt.Errorf("%s: is damaged: %v\ndelete the file to have it made anew", path, p)
		}
	}()
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

// Built returns what a kernel was built into, if that is recorded: a lock may be
// of sources alone.
func (l *Lock) Built(kernel string) (Built, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	b, ok := l.builds[kernel]
	return b, ok
}

// With returns what the kernels were last run with, if they were.
func (l *Lock) With() (With, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.with == nil {
		return With{}, false
	}
	return *l.with, true
}

// Put records an entry in the file, keeping what other processes have recorded
// of other kernels meanwhile.
func (l *Lock) Put(kernel string, e Entry) error {
	return l.update(func(d *document) {
		l.entries[kernel] = e
		put(&d.Kernels, kernel, e)
	})
}

// PutBuilt records what a kernel was built into, like [Lock.Put].
func (l *Lock) PutBuilt(kernel string, b Built) error {
	return l.update(func(d *document) {
		l.builds[kernel] = b
		put(&d.Builds, kernel, b)
	})
}

// PutWith records what the kernels are run with, like [Lock.Put].
func (l *Lock) PutWith(w With) error {
	return l.update(func(d *document) { l.with, d.With = &w, &w })
}

func put[T any](m *map[string]T, key string, value T) {
	if *m == nil {
		*m = map[string]T{}
	}
	(*m)[key] = value
}

// writeDeadline is how long another writer is waited for, who needs milliseconds.
const writeDeadline = time.Minute

// update changes the file as it is now.
func (l *Lock) update(change func(*document)) (err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), writeDeadline)
	defer cancel()
	guard, err := lockfile.Wait(ctx, l.path+".guard", func(h lockfile.Holder) {
		if l.Log != nil {
			l.Log(fmt.Sprintf("%s is being written by %s: waiting for it", l.path, h))
		}
	})
	if err != nil {
		return fmt.Errorf("write the lock: %w", err)
	}
	defer func() { err = errors.Join(err, guard.Release()) }()
	d, err := read(l.path)
	if err != nil {
		return err
	}
	d.Version = Version
	change(&d)
	text, err := yaml.Marshal(d)
	if err != nil {
		return fmt.Errorf("write the lock: %w", err)
	}
	if err := atomicfile.Write(l.path, append([]byte(header), text...)); err != nil {
		return fmt.Errorf("write the lock: %w", err)
	}
	return nil
}
