// Package external makes the programs of external probes fit for the guest.
//
// [Build] takes what kernels.yaml names: a file of C is compiled, static, with
// the host's gcc, an executable or a script is looked at. What comes out is a
// [Ready]: the files that go into the initramfs, and what the agent is told of
// them. Self-tests of a kernel's own tree differ from kernel to kernel; they are
// built by package vmimage, which knows the trees.
package external

import (
	"bytes"
	"cmp"
	"context"
	"debug/elf"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"kmatrix/matrix"
	"kmatrix/matrix/proc"
	"kmatrix/vmimage/build"
	"kmatrix/vmimage/buildlog"
	"kmatrix/vmimage/cache"
)

// Root is the directory of the guest that holds the programs, each in one of
// its probe's name.
const Root = "/external"

// KindPrograms is the kind of the cache's entries that are compiled programs.
const KindPrograms = "programs"

// Ready is an external probe that the guest can be asked.
type Ready struct {
	matrix.Installed
	// Files go to the guest.
	Files []File
}

// File is one file of a program.
type File struct {
	// Name is its path in the guest, Path the one on the host.
	Name, Path string
}

// Error is a mistake in a program that the user named.
type Error struct {
	// Probe is the probe's name, File the program's path.
	Probe, File string
	// What is wrong, and Hint what would be right, "" where What says it.
	What, Hint string
}

// Error names probe and file, what is wrong and a hint.
func (e *Error) Error() string {
	text := fmt.Sprintf("%s: %s: %s", e.Probe, e.File, e.What)
	if e.Hint != "" {
		text += "; " + e.Hint
	}
	return text
}

// Build makes the probes' programs, but for those of kernels' trees. Paths are
// relative to dir. The error is an [*Error] where the user is to correct it.
func Build(ctx context.Context, c *cache.Cache, dir string, probes []matrix.Probe) ([]Ready, error) {
	var list []Ready
	for _, p := range probes {
		if p.Program == nil || p.Program.Kind == matrix.ProgramTree {
			continue
		}
		path := p.Program.Path
		if !filepath.IsAbs(path) {
			path = filepath.Join(dir, path)
		}
		script := false
		var err error
		if p.Program.Kind == matrix.ProgramC {
			path, err = compile(ctx, c, p.Name, path)
		} else {
			script, err = Inspect(p.Name, path)
		}
		if err != nil {
			return nil, err
		}
		_, base := matrix.SplitName(p.Name)
		name := strings.Join([]string{Root, base, base}, "/")
		list = append(list, Ready{
			Installed: matrix.Installed{
				Probe: p.Name, ResultFormat: p.Program.ResultFormat,
				Runs: []matrix.Command{{Name: base, Path: name, Args: p.Program.Args, Script: script}},
			},
			Files: []File{{Name: name, Path: path}},
		})
	}
	return list, nil
}

// flags are what C is compiled with: the guest has no libraries.
var flags = []string{"-O2", "-static", "-pthread"}

// compile returns the path of the executable. It is kept by all that it is made
// of: the source as the preprocessor leaves it, headers included, the compiler
// and the flags.
func compile(ctx context.Context, c *cache.Cache, probe, file string) (string, error) {
	if _, err := exec.LookPath("gcc"); err != nil {
		return "", fmt.Errorf("%s: compiling %s needs gcc: make setup installs it", probe, file)
	}
	version, err := build.Compiler(ctx, matrix.Build{})
	if err != nil {
		return "", err
	}
	source, err := gcc(ctx, probe, file, "-E", "-P")
	if err != nil {
		return "", err
	}
	key := cache.Key(KindPrograms, version, strings.Join(flags, " "), string(source))
	dir, err := c.Entry(ctx, key, func(ctx context.Context, dir string) error {
		_, err := gcc(ctx, probe, file, "-o", filepath.Join(dir, "program"))
		return err
	})
	return filepath.Join(dir, "program"), err
}

// gcc runs the compiler on a file.
func gcc(ctx context.Context, probe, file string, args ...string) ([]byte, error) {
	all := append(append([]string{}, flags...), append(args, "-fmax-errors=1", "-w", file)...)
	out, err := proc.Run(ctx, proc.Cmd{Path: "gcc", Args: all, Env: []string{"LC_ALL=C"}})
	var failed *proc.Error
	if ctx.Err() != nil || !errors.As(err, &failed) {
		return out, err
	}
	if strings.Contains(failed.Stderr, "cannot find -lc") {
		return nil, fmt.Errorf("%s: there is no C library to link with statically: make setup installs it (on Debian libc6-dev)", probe)
	}
	why := cmp.Or(buildlog.Find(failed.Stderr).Line, failed.Error())
	return nil, &Error{Probe: probe, File: file, What: "does not compile: " + why}
}

// Inspect looks at a file that is to run as it is, and tells a script from an
// executable.
func Inspect(probe, path string) (script bool, err error) {
	f, err := os.Open(path)
	if err != nil {
		return false, &Error{Probe: probe, File: path, What: err.Error()}
	}
	defer f.Close() //nolint:errcheck // it was only read
	head := make([]byte, 512)
	n, err := f.Read(head)
	if err != nil {
		return false, &Error{Probe: probe, File: path, What: "cannot be read: " + err.Error()}
	}
	if !bytes.HasPrefix(head[:n], []byte(elf.ELFMAG)) {
		if bytes.IndexByte(head[:n], 0) >= 0 {
			return false, &Error{Probe: probe, File: path, What: "is neither an executable of ELF nor text", Hint: "want a static executable for x86-64, or a script for u-root's shell"}
		}
		return true, nil
	}
	e, err := elf.NewFile(f)
	if err != nil {
		return false, &Error{Probe: probe, File: path, What: err.Error()}
	}
	if e.Machine != elf.EM_X86_64 || e.Type != elf.ET_EXEC && e.Type != elf.ET_DYN {
		return false, &Error{Probe: probe, File: path, What: fmt.Sprintf("is of the kind %s for %s", e.Type, e.Machine), Hint: "want an executable for x86-64"}
	}
	for _, p := range e.Progs {
		if p.Type == elf.PT_INTERP {
			return false, &Error{Probe: probe, File: path, What: "is linked with shared libraries, which the guest does not have", Hint: "link it with -static"}
		}
	}
	return false, nil
}

// Digest names what the guest gets of the probes: "" of none.
func Digest(list []Ready) (string, error) {
	if len(list) == 0 {
		return "", nil
	}
	text, err := json.Marshal(list)
	if err != nil {
		return "", fmt.Errorf("encode the external probes: %w", err)
	}
	var files []string
	for _, one := range list {
		for _, f := range one.Files {
			files = append(files, f.Path)
		}
	}
	sum, err := cache.Digest(files...)
	if err != nil {
		return "", err
	}
	// Paths on this host make a difference that is none; it costs an initramfs.
	return sum + string(text), nil
}
