// Package build builds kernels.
//
// [Run] configures a source tree, checks that the configuration has what was
// asked for, and builds it out of tree: the source is not written to. All that
// make says goes to a log; when it fails, the error names the log and says why
// (package buildlog).
package build

import (
	"bytes"
	"context"
	_ "embed" // for the fragment
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"

	"kmatrix/matrix"
	"kmatrix/matrix/proc"
	"kmatrix/vmimage/buildlog"
)

// Fragment is the configuration that the probes need, on top of tinyconfig.
//
//go:embed kmatrix.config
var Fragment string

// FragmentName stands for [Fragment] in kernels.yaml.
const FragmentName = "kmatrix.config"

// Default is the build of kernels that name none.
var Default = matrix.Build{Name: "default", Config: "tiny", Fragments: []string{FragmentName}}

// Request says what to build. Tree, Out and Log must be set.
type Request struct {
	Build matrix.Build
	// Tree is the source.
	Tree string
	// Out is the object directory; it exists.
	Out string
	// Log is the file that make's output goes to.
	Log string
	// Dir is what relative paths of the build begin at.
	Dir string
	// Config is the text that the configuration begins with, "" where
	// Build.Config is one of [Targets].
	Config string
	// Before says how the objects that Out holds were built; nil when it is
	// empty.
	Before *matrix.Built
	// Jobs is how many compilers run at once; 0 means as many as CPUs.
	Jobs int
	// Progress hears how many objects have been made; may be nil.
	Progress func(objects int)
}

// tools are what a kernel is built with, with the Debian packages that hold
// them.
var tools = map[string]string{"make": "make", "gcc": "gcc", "ld": "binutils", "flex": "flex", "bison": "bison", "bc": "bc", "lz4": "lz4", "patch": "patch"}

// Tools checks that what kernels are built with is there.
func Tools() error {
	var missing, packages []string
	for _, t := range slices.Sorted(maps.Keys(tools)) {
		if _, err := exec.LookPath(t); err != nil {
			missing, packages = append(missing, t), append(packages, tools[t])
		}
	}
	// objtool, which the build runs, is linked with it.
	if _, err := os.Stat("/usr/include/libelf.h"); errors.Is(err, os.ErrNotExist) {
		missing, packages = append(missing, "libelf.h"), append(packages, "libelf-dev")
	}
	if len(missing) > 0 {
		return fmt.Errorf("building kernels needs %s: make setup installs them (on Debian the packages %s)", strings.Join(missing, ", "), strings.Join(packages, " "))
	}
	return nil
}

// Clean removes from the tree itself what an earlier build in it has left; Out
// and all that says how to build are not looked at. The error is an [*Error]
// where the tree's makefiles cannot.
func Clean(ctx context.Context, r Request) error {
	log, err := os.Create(r.Log)
	if err != nil {
		return fmt.Errorf("keep the log of a build: %w", err)
	}
	in := Request{Tree: r.Tree, Log: r.Log}
	err = in.make(ctx, log, "mrproper")
	return errors.Join(err, log.Close())
}

// Run configures and builds. The error is an [*Error] where the kernel is to
// blame. Modules, where the configuration has them, are installed below
// Out/modules-install.
func Run(ctx context.Context, r Request) (matrix.Built, error) {
	log, err := os.Create(r.Log)
	if err != nil {
		return matrix.Built{}, fmt.Errorf("keep the build's log: %w", err)
	}
	built, err := r.run(ctx, log)
	if e := log.Close(); err == nil && e != nil {
		err = fmt.Errorf("keep the build's log: %w", e)
	}
	return built, err
}

func (r Request) run(ctx context.Context, log io.Writer) (matrix.Built, error) {
	began := time.Now()
	built := matrix.Built{Build: r.Build.Name}
	var err error
	if built.Compiler, err = Compiler(ctx, r.Build); err != nil {
		return built, err
	}
	config, err := r.configure(ctx, log)
	if err != nil {
		return built, err
	}
	goals := []string{"bzImage"}
	if slices.Contains(strings.Split(string(config), "\n"), "CONFIG_MODULES=y") {
		goals = append(goals, "modules")
	}
	if err := r.make(ctx, log, goals...); err != nil {
		return built, err
	}
	if len(goals) > 1 {
		// depmod is not needed: modules are picked by their own .modinfo.
		if err := r.make(ctx, log, "modules_install", "INSTALL_MOD_PATH="+filepath.Join(r.Out, "modules-install"), "INSTALL_MOD_STRIP=1", "DEPMOD=true"); err != nil {
			return built, err
		}
	}
	text, err := os.ReadFile(r.Log)
	if err != nil {
		return built, fmt.Errorf("read the build's log: %w", err)
	}
	built.Warnings, built.Seconds = buildlog.Warnings(text, r.Tree), time.Since(began).Round(100*time.Millisecond).Seconds()
	if r.Before != nil {
		built.Incremental = true
		built.Warnings = buildlog.Merge(buildlog.Remaining(r.Before.Warnings, text), built.Warnings)
	}
	return built, nil
}

// supervise runs make, and takes its whole family along when kmatrix dies: the
// makes and compilers below it would go on otherwise, in a directory that the
// next build has cleared. Guests that run meanwhile come first: their columns
// are waited for.
const supervise = `trap 'kill -KILL 0' TERM; nice make "$@" 2>&1 & wait $!`

// make runs make out of tree, or, where there is no object directory, in it.
func (r Request) make(ctx context.Context, log io.Writer, goals ...string) error {
	jobs := r.Jobs
	if jobs == 0 {
		jobs = runtime.NumCPU()
	}
	args := []string{"-C", r.Tree, fmt.Sprintf("-j%d", jobs)}
	if r.Out != "" {
		args = append(args, "O="+r.Out)
	}
	if _, err := exec.LookPath("ccache"); err == nil && slices.Equal(command(r.Build.Make), []string{defaultCompiler}) {
		args = append(args, "CC=ccache gcc")
	}
	for _, name := range slices.Sorted(maps.Keys(r.Build.Make)) {
		args = append(args, name+"="+r.Build.Make[name])
	}
	var said bytes.Buffer
	_, err := proc.Run(ctx, proc.Cmd{
		Path: "sh", Args: append([]string{"-c", supervise, "make"}, append(args, goals...)...), Orphaned: syscall.SIGTERM,
		// The same source gives the same image, whoever builds it, and when.
		Env:    []string{"KBUILD_BUILD_TIMESTAMP=Thu Jan  1 00:00:00 UTC 1970", "KBUILD_BUILD_USER=kmatrix", "KBUILD_BUILD_HOST=kmatrix", "KBUILD_BUILD_VERSION=1", "LC_ALL=C"},
		Stdout: io.MultiWriter(log, &said, &buildlog.Counter{Report: r.Progress}),
	})
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	}
	return newError(ctx, goals[0], strings.ReplaceAll(said.String(), r.Tree+"/", ""), r.Log, err)
}
