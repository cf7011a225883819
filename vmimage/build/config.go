package build

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// DroppedError tells that options that were asked for are not in the final
// configuration: the kernel has no such option, or something that it depends
// on is off.
type DroppedError struct{ Options []string }

// Error lists the options.
func (e *DroppedError) Error() string {
	return "the kernel's configuration drops " + strings.Join(e.Options, ", ") + ": no such option there, or what it depends on is off"
}

// Fragments returns the fragments' texts, in their order.
func Fragments(names []string, dir string) ([]string, error) {
	var texts []string
	for _, name := range names {
		if name == FragmentName {
			texts = append(texts, Fragment)
			continue
		}
		if !filepath.IsAbs(name) {
			name = filepath.Join(dir, name)
		}
		text, err := os.ReadFile(name)
		if err != nil {
			return nil, fmt.Errorf("read a fragment: %w", err)
		}
		texts = append(texts, string(text))
	}
	return texts, nil
}

// configure makes the configuration and returns its text.
func (r Request) configure(ctx context.Context, log io.Writer) ([]byte, error) {
	final := filepath.Join(r.Out, ".config")
	switch r.Build.Config {
	case "tiny", "defconfig":
		target := map[string]string{"tiny": "tinyconfig", "defconfig": "defconfig"}[r.Build.Config]
		if err := r.make(ctx, log, target); err != nil {
			return nil, err
		}
	default:
		base := r.Build.Config
		if !filepath.IsAbs(base) {
			base = filepath.Join(r.Dir, base)
		}
		text, err := os.ReadFile(base)
		if err != nil {
			return nil, fmt.Errorf("read the configuration: %w", err)
		}
		if err := os.WriteFile(final, text, 0o644); err != nil {
			return nil, fmt.Errorf("write the configuration: %w", err)
		}
	}
	fragments, err := Fragments(r.Build.Fragments, r.Dir)
	if err != nil {
		return nil, err
	}
	f, err := os.OpenFile(final, os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		return nil, fmt.Errorf("write the configuration: %w", err)
	}
	// The last of equal lines wins (scripts/kconfig/confdata.c).
	_, err = io.WriteString(f, "\n"+strings.Join(fragments, "\n"))
	if e := f.Close(); err == nil {
		err = e
	}
	if err != nil {
		return nil, fmt.Errorf("write the configuration: %w", err)
	}
	if err := r.make(ctx, log, "olddefconfig"); err != nil {
		return nil, err
	}
	text, err := os.ReadFile(final)
	if err != nil {
		return nil, fmt.Errorf("read the configuration: %w", err)
	}
	return text, dropped(text, fragments)
}

// dropped checks that the configuration has every line of the fragments; of
// lines about the same option the last counts.
func dropped(config []byte, fragments []string) error {
	have := map[string]bool{}
	for line := range bytes.Lines(config) {
		have[string(bytes.TrimSpace(line))] = true
	}
	want := map[string]string{}
	var order []string
	for _, text := range fragments {
		for line := range strings.Lines(text) {
			line = strings.TrimSpace(line)
			name, ok := option(line)
			if !ok {
				continue
			}
			if want[name] == "" {
				order = append(order, name)
			}
			want[name] = line
		}
	}
	var lost []string
	for _, name := range order {
		line := want[name]
		unset := strings.HasPrefix(line, "#")
		// An option that is not there at all is as good as unset.
		if !unset && !have[line] || unset && (have[name+"=y"] || have[name+"=m"]) {
			lost = append(lost, line)
		}
	}
	if len(lost) > 0 {
		return &DroppedError{Options: lost}
	}
	return nil
}

// option returns the name of the option that a line of a configuration sets,
// or unsets.
func option(line string) (string, bool) {
	if name, _, ok := strings.Cut(line, "="); ok && strings.HasPrefix(name, "CONFIG_") {
		return name, true
	}
	if name, ok := strings.CutSuffix(strings.TrimPrefix(line, "# "), " is not set"); ok && strings.HasPrefix(name, "CONFIG_") {
		return name, true
	}
	return "", false
}
