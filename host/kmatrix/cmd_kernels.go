package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"kmatrix/host/images"
	"kmatrix/matrix"
	"kmatrix/matrix/spec"
	"kmatrix/vmimage"
	"kmatrix/vmimage/cache"
)

func newKernelsCommand() *cobra.Command {
	var o kernelsOptions
	var asJSON bool
	var output string
	cmd := &cobra.Command{
		Use:   "kernels",
		Short: "What is there of the kernels of kernels.yaml; fetch, build, lock and remove them",
		Long: `List the kernels of kernels.yaml with what is there of each:

  cached       its image is there, and boots without any network
  resolvable   its source can be had; what is to be done is said
  unreachable  it cannot be had; why is said

and with what vouches for its source:

  signed       a list that a key of a keyring has signed has its digest
  digest       kernels.yaml has its digest, or names a commit
  first-use    nobody: kernels.lock holds on to what was fetched first
  local        it is of this machine

The size is the room that a kernel takes in the cache; what several share counts
for each of them, and once in the sum. Nothing is fetched, made or changed.

` + exitCodes,
		Example: `  kmatrix kernels
  kmatrix kernels build splice-fix-corruption
  kmatrix kernels lock --update 6.1
  kmatrix kernels prune --keep 2`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				return wrong("there is no command %q of kernels: list, fetch, build, rm, lock and prune", args[0])
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return listKernels(cmd, o, asJSON, output) },
	}
	cmd.PersistentFlags().StringVarP(&o.file, "file", "f", "kernels.yaml", "the matrix that names the kernels")
	cmd.PersistentFlags().StringVar(&o.initramfs, "initramfs", "", "the guest's base `ARCHIVE` (default: initramfs.cpio beside the program)")
	cmd.PersistentFlags().BoolVar(&o.offline, "offline", false, "use the cache only")
	list := &cobra.Command{
		Use: "list", Short: "The same as kernels alone", Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return listKernels(cmd, o, asJSON, output) },
	}
	for _, c := range []*cobra.Command{cmd, list} {
		c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
		c.Flags().StringVarP(&output, "output", "o", "", "write to `FILE` instead of the standard output")
	}
	cmd.AddCommand(list, newFetchCommand(&o), newBuildCommand(&o), newLockCommand(&o), newRemoveCommand(&o), newPruneCommand(&o))
	return cmd
}

// kernelsOptions are the flags that all of these commands have.
type kernelsOptions struct {
	file, initramfs string
	offline         bool
}

// load reads the matrix and picks kernels, all without a name.
func (o kernelsOptions) load(cmd *cobra.Command, names []string) (*images.Images, []matrix.Kernel, error) {
	s, err := spec.LoadFile(o.file, known())
	if err != nil {
		return nil, nil, err
	}
	plan, err := s.Plan(spec.Selection{Kernels: names}, known())
	var pick *spec.SelectionError
	if errors.As(err, &pick) {
		return nil, nil, wrong("%s: %s", pick.Value, pick.Hint)
	}
	if err != nil {
		return nil, nil, err
	}
	i, err := newImages(imageOptions{initramfs: o.initramfs, offline: o.offline, log: notices(cmd)}, s, plan.Probes)
	return i, plan.Kernels, err
}

// look tells the state of all kernels of the matrix.
func (o kernelsOptions) look(cmd *cobra.Command) (*images.Images, []vmimage.State, error) {
	i, kernels, err := o.load(cmd, nil)
	if err != nil {
		return nil, nil, err
	}
	var states []vmimage.State
	for _, k := range kernels {
		st, err := vmimage.Look(cmd.Context(), i.Env, k, i.Guest)
		if err != nil {
			return nil, nil, fmt.Errorf("look at %s: %w", k.Name, err)
		}
		states = append(states, st)
	}
	return i, states, nil
}

// lookAround tells what look does, and all that the cache has.
func (o kernelsOptions) lookAround(cmd *cobra.Command) (*images.Images, []vmimage.State, []cache.Entry, error) {
	i, states, err := o.look(cmd)
	if err != nil {
		return nil, nil, nil, err
	}
	entries, err := i.Env.Cache.List(vmimage.CacheKinds...)
	return i, states, entries, err
}

func listKernels(cmd *cobra.Command, o kernelsOptions, asJSON bool, output string) error {
	i, states, all, err := o.lookAround(cmd)
	if err != nil {
		return err
	}
	var total int64
	for _, e := range all {
		total += e.Bytes
	}
	return writeTo(cmd, output, func(w io.Writer) error {
		if asJSON {
			e := json.NewEncoder(w)
			e.SetIndent("", "  ")
			return e.Encode(map[string]any{"version": 1, "cache": i.Env.Cache.Dir, "bytes": total, "kernels": states})
		}
		width, _ := terminal(w)
		return writeStates(w, states, i.Env.Cache.Dir, total, width)
	})
}

// writeStates prints the list; details that are too long for the line stand
// under it.
func writeStates(w io.Writer, states []vmimage.State, dir string, total int64, width int) error {
	if width == 0 {
		width = plainWidth
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "KERNEL\tSOURCE\tSTATE\tSIZE\tTRUST\tVERSION") //nolint:errcheck // Flush tells
	var notes []string
	for _, st := range states {
		version := cmp.Or(st.Version, "–")
		if st.Detail != "" && len(st.Detail) <= width/3 {
			version += " (" + st.Detail + ")"
		} else if st.Detail != "" {
			notes = append(notes, st.Kernel+": "+st.Detail)
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\n", st.Kernel, st.Source, st.Status, size(st.Bytes), cmp.Or(string(st.Trust), "–"), version) //nolint:errcheck // Flush tells
	}
	if err := t.Flush(); err != nil {
		return err
	}
	for _, n := range notes {
		if _, err := fmt.Fprintln(w, n); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintf(w, "%s holds %s\n", dir, size(total))
	return err
}

// plainWidth is how wide text is where there is no terminal.
const plainWidth = 100

// size writes a number of bytes for people: "–" for none.
func size(n int64) string {
	switch {
	case n == 0:
		return "–"
	case n < 1<<30:
		return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20))
	}
	return fmt.Sprintf("%.1f GiB", float64(n)/(1<<30))
}

// needNames refuses a command line without kernels.
func needNames(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return wrong("kernels %s takes names of kernels: kmatrix kernels lists them", cmd.Name())
	}
	if i := slices.Index(args, ""); i >= 0 {
		return wrong("kernels %s: a name is empty", cmd.Name())
	}
	return nil
}
