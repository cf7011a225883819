// Command kmatrix runs the same probes on many Linux kernels in QEMU and puts
// what they did side by side.
//
// One file a command, cmd_*.go; this one does signals and exit codes.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"kmatrix/guest/wire"
	"kmatrix/matrix/spec"
	"kmatrix/vmimage/external"
)

// Exit codes, the same for every command and documented in README.md.
const (
	exitDone        = 0
	exitFinding     = 1
	exitWrongUse    = 2
	exitInfra       = 3
	exitInterrupted = 130
)

func main() {
	// mkfs lies in sbin, which a user's PATH need not have.
	if err := os.Setenv("PATH", os.Getenv("PATH")+":/usr/sbin:/sbin"); err != nil {
		fmt.Fprintf(os.Stderr, "kmatrix: %v\n", err)
		os.Exit(exitInfra)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	code := run(ctx, os.Stdin, os.Stdout, os.Stderr, os.Args[1:])
	stop()
	os.Exit(code)
}

// run is the whole command but for the process it runs in. It returns the exit
// code.
func run(ctx context.Context, stdin io.Reader, stdout, stderr io.Writer, args []string) int {
	root := newRoot()
	root.SetIn(stdin)
	root.SetOut(stdout)
	root.SetErr(stderr)
	root.SetArgs(append([]string{}, args...)) // nil would mean os.Args
	err := root.ExecuteContext(ctx)
	code := exitCode(ctx, err)
	switch {
	case err == nil:
	case code == exitInterrupted:
		fmt.Fprintln(stderr, "kmatrix: interrupted")
		if hint := resumeHint(err); hint != "" {
			fmt.Fprintln(stderr, hint)
		}
	default:
		// An error may hold what a guest or a mirror said.
		fmt.Fprintf(stderr, "kmatrix: %s\n", wire.CleanText([]byte(err.Error())))
		if hint := hintOf(err); hint != "" {
			fmt.Fprintln(stderr, hint)
		}
	}
	return code
}

// finding is the error of a command that did its work and has something to
// report that the user asked to be told by the exit code.
type finding struct{ text string }

func (f finding) Error() string { return f.text }

// wrongUse marks an error as the user's.
type wrongUse struct{ err error }

func (w wrongUse) Error() string { return w.err.Error() }
func (w wrongUse) Unwrap() error { return w.err }

func wrong(format string, args ...any) error { return wrongUse{fmt.Errorf(format, args...)} }

// exitCode maps an error to the documented codes.
func exitCode(ctx context.Context, err error) int {
	var (
		found finding
		use   wrongUse
		yaml  *spec.Error
		pick  *spec.SelectionError
		own   *external.Error
	)
	switch {
	case err == nil:
		return exitDone
	case ctx.Err() != nil || errors.Is(err, context.Canceled):
		return exitInterrupted
	case errors.As(err, &found):
		return exitFinding
	case errors.As(err, &use), errors.As(err, &yaml), errors.As(err, &pick), errors.As(err, &own):
		return exitWrongUse
	}
	return exitInfra
}

// hintOf says where to read on, for errors of use.
func hintOf(err error) string {
	var use wrongUse
	if hint := resumeHint(err); hint != "" {
		return hint
	}
	if errors.As(err, &use) {
		return "kmatrix --help lists the commands, kmatrix COMMAND --help their flags"
	}
	return ""
}
