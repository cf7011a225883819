package build

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"kmatrix/vmimage/buildlog"
)

// targets are the configurations that make has a target for, by the names that
// kernels.yaml has for them.
var targets = map[string]string{"tiny": "tinyconfig", "defconfig": "defconfig"}

// Targets are the names of configurations that are neither files nor another
// kernel's.
var Targets = slices.Sorted(maps.Keys(targets))

// withoutModules is what a distribution's configuration needs to build
// elsewhere: its keys are not in the source (signatures can stay selected, by
// the lockdown module, but then nothing is signed), and debug information would
// take most of the time.
const withoutModules = `
CONFIG_SYSTEM_TRUSTED_KEYS=""
CONFIG_SYSTEM_REVOCATION_KEYS=""
CONFIG_MODULE_SIG_KEY=""
# CONFIG_MODULE_SIG is not set
# CONFIG_MODULE_SIG_ALL is not set
# CONFIG_DEBUG_INFO_BTF is not set
CONFIG_DEBUG_INFO_NONE=y
# CONFIG_DEBUG_INFO is not set
# CONFIG_DEBUG_INFO_DWARF_TOOLCHAIN_DEFAULT is not set
`

// WithoutModules returns a distribution's configuration without what it has as
// modules: they are nine tenths of the work, and cost nothing while they are
// not loaded. What is built in stays as it is.
func WithoutModules(config string) string {
	var b strings.Builder
	for line := range strings.Lines(config) {
		if !strings.HasSuffix(strings.TrimSpace(line), "=m") {
			b.WriteString(line)
		}
	}
	return b.String() + withoutModules
}

// DroppedError tells that options that were asked for are not in the final
// configuration: the kernel has no such option, or something that it depends
// on is off.
type DroppedError struct{ Options []string }

// Error lists the options.
func (e *DroppedError) Error() string {
	return "the kernel's configuration drops " + strings.Join(e.Options, ", ") + ": no such option there, or what it depends on is off"
}

// essential are options of kmatrix.config without which a guest can neither start its
// agent nor say what became of it.
var essential = []string{
	"CONFIG_64BIT", "CONFIG_PRINTK", "CONFIG_PCI", "CONFIG_TTY", "CONFIG_SERIAL_8250", "CONFIG_SERIAL_8250_CONSOLE", "CONFIG_BLK_DEV_INITRD", "CONFIG_BLOCK",
	"CONFIG_VIRTIO_PCI", "CONFIG_VIRTIO_BLK", "CONFIG_VIRTIO_CONSOLE", "CONFIG_DEVTMPFS", "CONFIG_BINFMT_ELF", "CONFIG_FUTEX", "CONFIG_EPOLL",
	"CONFIG_MULTIUSER", "CONFIG_PROC_FS", "CONFIG_SYSFS", "CONFIG_NET", "CONFIG_UNIX",
}

// ContradictionError tells that one fragment turns off what another asks for and every
// guest needs.
type ContradictionError struct{ Option, Fragment string }

// Error names the option, both fragments, and the hint.
func (e *ContradictionError) Error() string {
	return fmt.Sprintf("the fragment %s turns off %s, which %s asks for, since every guest needs it for its agent or its console: leave that line out of %s", e.Fragment, e.Option, FragmentName, e.Fragment)
}

// contradicted checks that no fragment turns off what the guest needs, where
// kmatrix.config is among them.
func contradicted(names, texts []string) error {
	if !slices.Contains(names, FragmentName) {
		return nil
	}
	// The last line about an option counts.
	last, by := map[string]string{}, map[string]string{}
	for i, text := range texts {
		for line := range strings.Lines(text) {
			line = strings.TrimSpace(line)
			if name, ok := option(line); ok {
				last[name], by[name] = line, names[i]
			}
		}
	}
	for _, name := range essential {
		if line := last[name]; strings.HasPrefix(line, "#") || strings.HasSuffix(line, "=n") {
			return &ContradictionError{name, by[name]}
		}
	}
	return nil
}

// Fragments returns the fragments' texts, in their order. The error is a
// [*ContradictionError] where one turns off what every guest needs.
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
	return texts, contradicted(names, texts)
}

// configure makes the configuration and returns its text.
func (r Request) configure(ctx context.Context, log io.Writer) ([]byte, error) {
	final := filepath.Join(r.Out, ".config")
	if r.Config != "" {
		if err := os.WriteFile(final, []byte(r.Config), 0o644); err != nil {
			return nil, fmt.Errorf("write the configuration: %w", err)
		}
	} else if err := r.make(ctx, log, targets[r.Build.Config]); err != nil {
		return nil, err
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
	if asksBTF(string(text)) && lacksProgram(pahole(r.Build)) {
		return nil, &Error{Step: "olddefconfig", Host: true, Log: r.Log, Reason: buildlog.Reason{
			Line: "the configuration has " + optionBTF + ", and there is no " + pahole(r.Build) + " to make it", Hint: mendBTF + "; a fragment with # " + optionBTF + " is not set does without",
		}}
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
