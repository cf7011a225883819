package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"
)

const exitCodes = `Exit codes: 0 done; 1 a finding that --fail-on asked for; 2 wrong use;
3 the host could not do its part; 4 a kernel was not tested, which --strict asked
for; 130 interrupted. Of several, 1 comes before 3, and 3 before 4.`

func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:   "kmatrix",
		Short: "Run the same probes on many Linux kernels, and put what they did side by side",
		Long: `kmatrix boots the kernels of kernels.yaml in QEMU, runs the same probes in each
and prints one table of what they did, with what differs from the baseline.

` + exitCodes,
		Example: `  kmatrix run                               the whole matrix
  kmatrix run -k 5.10 -k 6.1 -p 'stability/splice/punch/...'
  kmatrix probes                            every question that it can ask`,
		SilenceUsage:  true,
		SilenceErrors: true,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				return wrong("there is no command %q", args[0])
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	width, _ := terminal(os.Stdout)
	if width == 0 {
		width = 100
	}
	root.SetUsageTemplate(strings.ReplaceAll(root.UsageTemplate(), ".FlagUsages ", fmt.Sprintf(".FlagUsagesWrapped %d ", width)))
	root.CompletionOptions.HiddenDefaultCmd = true
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return wrongUse{err} })
	root.AddCommand(newRunCommand(), newReportCommand(), newCompareCommand(), newExplainCommand(), newKernelsCommand(), newProbesCommand(), newOopsCommand(), newSeriesCommand(), newShellCommand())
	return root
}

// noArgs refuses arguments as wrong use.
func noArgs(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return wrong("kmatrix %s takes no argument, and got %q: kernels are chosen with -k, probes with -p", cmd.Name(), args[0])
	}
	return nil
}

// terminal tells how wide the terminal behind w is, and whether colour may be
// used on it; 0 and false when w is no terminal.
func terminal(w io.Writer) (width int, colour bool) {
	f := terminalFile(w)
	if f == nil {
		return 0, false
	}
	width, _, err := term.GetSize(int(f.Fd()))
	if err != nil {
		width = 80
	}
	return width, useColour()
}

// terminalFile returns the terminal behind w, nil when that is none.
func terminalFile(w io.Writer) *os.File {
	f, ok := rawStream(w).(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return nil
	}
	return f
}

// useColour reports whether a terminal may be coloured.
func useColour() bool {
	// https://no-color.org: any value but the empty one.
	return os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
}

// cacheDir is where downloads and what is made of them are kept.
func cacheDir() (string, error) {
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	return filepath.Join(dir, "kmatrix"), nil
}

// besideExecutable returns the path of a file that make build leaves beside
// the program.
func besideExecutable(name string) (string, error) {
	self, err := os.Executable()
	if err != nil {
		return "", err
	}
	self, err = filepath.EvalSymlinks(self)
	if err != nil {
		return "", err
	}
	return filepath.Join(filepath.Dir(self), name), nil
}
