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
	"runtime/debug"
	"syscall"

	"kmatrix/matrix/spec"
	"kmatrix/vmimage/external"
)

// Exit codes, the same for every command and documented in README.md. What run
// --for-bisect makes of them: [bisectCode].
const (
	exitDone        = 0
	exitFinding     = 1
	exitWrongUse    = 2
	exitInfra       = 3
	exitNotTested   = 4
	exitInterrupted = 130
)

func main() {
	args := os.Args[1:]
	os.Exit(guarded(os.Stderr, args, func() int {
		// mkfs lies in sbin, which a user's PATH need not have.
		if err := os.Setenv("PATH", os.Getenv("PATH")+":/usr/sbin:/sbin"); err != nil {
			fmt.Fprintf(os.Stderr, "kmatrix: %v\n", err)
			return exitInfra
		}
		ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
		defer stop()
		return run(ctx, os.Stdin, os.Stdout, os.Stderr, args)
	}))
}

// run is the whole command but for the process it runs in. It returns the exit
// code.
func run(ctx context.Context, stdin io.Reader, stdout, stderr io.Writer, args []string) int {
	root := newRoot()
	out, errs := newOutput(stdout), newOutput(stderr)
	root.SetIn(stdin)
	root.SetOut(out)
	root.SetErr(errs)
	root.SetArgs(append([]string{}, args...)) // nil would mean os.Args
	err := errors.Join(root.ExecuteContext(ctx), out.flush())
	code := exitCode(ctx, err)
	switch {
	case err == nil:
	case code == exitInterrupted:
		fmt.Fprintln(errs, "kmatrix: interrupted")
		if hint := resumeHint(err); hint != "" {
			fmt.Fprintln(errs, hint)
		}
	default:
		fmt.Fprintf(errs, "kmatrix: %v\n", err)
		if hint := hintOf(err); hint != "" {
			fmt.Fprintln(errs, hint)
		}
	}
	return code
}

// guarded calls f, whose result is the exit code, and translates that where the
// arguments ask for codes for git bisect. There a flaw of kmatrix must not look like
// a bad commit either: Go ends with 2 when it panics. This goroutine's panic is
// caught; with "crash" that of another, and SIGQUIT, end the process by SIGABRT,
// which a shell makes 134 of.
func guarded(stderr io.Writer, args []string, f func() int) (code int) {
	if !bisecting(args) {
		return f()
	}
	debug.SetTraceback("crash")
	defer func() {
		if p := recover(); p != nil {
			fmt.Fprintf(stderr, "kmatrix: panic: %v\n\n%s", p, debug.Stack())
			code = exitBisectHost
		}
	}()
	return bisectCode(f())
}

// finding is the error of a command that did its work and has something to
// report that the user asked to be told by the exit code.
type finding struct{ text string }

func (f finding) Error() string { return f.text }

// notTested is the error of a run that did its work and has no answer that the user
// asked for.
type notTested struct{ text string }

func (n notTested) Error() string { return n.text }

// wrongUse marks an error as the user's.
type wrongUse struct{ err error }

func (w wrongUse) Error() string { return w.err.Error() }
func (w wrongUse) Unwrap() error { return w.err }

func wrong(format string, args ...any) error { return wrongUse{fmt.Errorf(format, args...)} }

// exitCode maps an error to the documented codes.
func exitCode(ctx context.Context, err error) int {
	var (
		found finding
		none  notTested
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
	case errors.As(err, &none):
		return exitNotTested
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
