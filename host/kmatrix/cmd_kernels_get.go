package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"kmatrix/host/images"
	"kmatrix/matrix"
	"kmatrix/vmimage"
	"kmatrix/vmimage/fault"
	"kmatrix/vmimage/lock"
)

func newFetchCommand(o *kernelsOptions) *cobra.Command {
	return &cobra.Command{
		Use:   "fetch NAME…",
		Short: "Fetch what kernels are made of, so that they can be built and run offline",
		Long: `Fetch the packages, tarballs, commits and series that kernels are made of, and
build nothing.

` + exitCodes,
		Example: "  kmatrix kernels fetch 6.1 6.12-built",
		Args:    needNames,
		RunE: func(cmd *cobra.Command, args []string) error {
			return o.eachNamed(cmd, args, func(i *images.Images, k matrix.Kernel) (string, error) {
				return "fetched", vmimage.FetchSource(cmd.Context(), i.Env, k)
			})
		},
	}
}

func newBuildCommand(o *kernelsOptions) *cobra.Command {
	return &cobra.Command{
		Use:   "build NAME…",
		Short: "Build kernels, or fetch those that need no build, ready to boot",
		Long: `Make kernels ready to boot: fetch what they are made of and build what is source
code. What the cache has is not built again.

` + exitCodes,
		Example: "  kmatrix kernels build splice-fix-corruption",
		Args:    needNames,
		RunE: func(cmd *cobra.Command, args []string) error {
			return o.eachNamed(cmd, args, func(i *images.Images, k matrix.Kernel) (string, error) {
				img, err := vmimage.Fetch(cmd.Context(), i.Env, k)
				if err != nil {
					return "", err
				}
				if _, err := vmimage.Prepare(cmd.Context(), i.Env, img, i.Guest); err != nil {
					return "", err
				}
				return describe(img), nil
			})
		},
	}
}

// describe says in a line what an image is.
func describe(img matrix.Image) string {
	text := img.Version
	if b := img.Built; b != nil {
		text += fmt.Sprintf(", built in %.0f s with %s", b.Seconds, b.Compiler)
		if b.Incremental {
			text += ", on its base's objects"
		}
		text += fmt.Sprintf(", %d warnings", len(b.Warnings))
		for _, w := range b.Warnings {
			text += fmt.Sprintf("\n  %s: %s %s", w.File, w.Text, w.Kind)
		}
	}
	return text
}

func newLockCommand(o *kernelsOptions) *cobra.Command {
	var update []string
	cmd := &cobra.Command{
		Use:   "lock",
		Short: "Record in kernels.lock what each kernel is resolved to",
		Long: `Resolve the kernels that kernels.lock, beside kernels.yaml, has no entry for, and
record what was found: versions, URLs and digests. A run with the same lock runs the
same bytes. --update resolves the named kernels anew.

` + exitCodes,
		Example: `  kmatrix kernels lock
  kmatrix kernels lock --update 6.1 --update 6.12`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if len(update) > 0 {
				if _, _, err := o.load(cmd, update); err != nil {
					return err
				}
			}
			i, kernels, err := o.load(cmd, nil)
			if err != nil {
				return err
			}
			before := map[string]lock.Entry{}
			for _, k := range kernels {
				if e, ok := i.Env.Lock.Get(k.Name, k.Source.Fields); ok {
					before[k.Name] = e
				}
			}
			for _, name := range update {
				i.Env.Lock.Forget(name)
			}
			// One that cannot be had leaves the lock as useful as it was, unless
			// it was asked for.
			asked := func(k matrix.Kernel) bool { return slices.Contains(update, k.Name) }
			return each(cmd, i, kernels, asked, func(k matrix.Kernel) (string, error) {
				if k.Base != "" {
					return "as its base, " + k.Base, nil
				}
				e, ok, err := vmimage.Record(cmd.Context(), i.Env, k)
				if err != nil {
					return "", err
				}
				if !ok {
					return "not recorded: it is of this machine, or kernels.yaml has its digest", nil
				}
				return recorded(before[k.Name], e), nil
			})
		},
	}
	cmd.Flags().StringArrayVar(&update, "update", nil, "resolve the kernel `NAME` anew; repeatable")
	return cmd
}

// recorded says what kernels.lock has of a kernel now, and had before.
func recorded(old, now lock.Entry) string {
	text := now.Version
	if old.Version != "" && old.Version != now.Version {
		text = old.Version + " → " + now.Version
	}
	if now.Trust == "" {
		return text
	}
	sum := func(e lock.Entry) string {
		if len(e.Files) == 0 {
			return ""
		}
		return e.Files[0].SHA256
	}
	text += ", sha256 " + sum(now)
	if was := sum(old); was != "" && was != sum(now) {
		text += " (before: " + was + ")"
	}
	if now.SignedBy != "" {
		return text + ", signed by " + now.SignedBy
	}
	return text + ", " + now.Trust.String()
}

// eachNamed does something with the kernels of these names.
func (o kernelsOptions) eachNamed(cmd *cobra.Command, names []string, do func(*images.Images, matrix.Kernel) (string, error)) error {
	i, kernels, err := o.load(cmd, names)
	if err != nil {
		return err
	}
	asked := func(matrix.Kernel) bool { return true }
	return each(cmd, i, kernels, asked, func(k matrix.Kernel) (string, error) { return do(i, k) })
}

// each does something with kernels, one after the other, and tells of each. A
// kernel that cannot be had does not keep the others from it; the command fails
// for it at the end where it was asked for.
func each(cmd *cobra.Command, i *images.Images, kernels []matrix.Kernel, asked func(matrix.Kernel) bool, do func(matrix.Kernel) (string, error)) error {
	release, err := i.Use()
	if err != nil {
		return err
	}
	var failed []string
	for _, k := range kernels {
		text, err := do(k)
		if cmd.Context().Err() != nil {
			return errors.Join(cmd.Context().Err(), release())
		}
		if err != nil {
			text = err.Error()
		}
		var gone *fault.UnavailableError
		if err != nil && (asked(k) || !errors.As(err, &gone)) {
			failed = append(failed, k.Name)
		}
		if _, err := fmt.Fprintf(cmd.OutOrStdout(), "%s: %s\n", k.Name, text); err != nil {
			return errors.Join(err, release())
		}
	}
	if len(failed) > 0 {
		err = fmt.Errorf("%s: could not process %s", cmd.CommandPath(), strings.Join(failed, ", "))
	}
	return errors.Join(err, release())
}
