package main

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"

	"github.com/spf13/cobra"

	"kmatrix/vmimage"
	"kmatrix/vmimage/cache"
	"kmatrix/vmimage/source"
)

func newRemoveCommand(o *kernelsOptions) *cobra.Command {
	return &cobra.Command{
		Use:   "rm NAME…",
		Short: "Remove kernels from the cache",
		Long: `Remove what the cache has of kernels: image, initramfs, source, objects. What other
kernels of kernels.yaml use as well stays. Whatever is removed is fetched or built
again when it is needed.

` + exitCodes,
		Example: "  kmatrix kernels rm 6.12-built splice-fix-corruption",
		Args:    needNames,
		RunE: func(cmd *cobra.Command, args []string) error {
			if _, _, err := o.load(cmd, args); err != nil {
				return err
			}
			i, states, err := o.look(cmd)
			if err != nil {
				return err
			}
			used := map[string]bool{}
			for _, st := range states {
				for _, key := range st.Keys {
					used[key] = used[key] || !slices.Contains(args, st.Kernel)
				}
			}
			return remove(cmd, i.Env.Cache, false, func(e cache.Entry) bool {
				shared, ours := used[e.Key]
				return ours && !shared
			})
		},
	}
}

func newPruneCommand(o *kernelsOptions) *cobra.Command {
	var keep int
	var limit string
	var dry bool
	cmd := &cobra.Command{
		Use:   "prune",
		Short: "Remove from the cache what kernels.yaml does not use any more",
		Long: `Remove from the cache what no kernel of kernels.yaml uses as it is resolved now:
earlier versions, trees, objects. --keep leaves that many of the images among them, the
ones used last. --max-size goes on, with what was used longest ago, until no more than
that is left, of what kernels.yaml uses too: first trees and objects, then images.

` + exitCodes,
		Example: `  kmatrix kernels prune
  kmatrix kernels prune --keep 2
  kmatrix kernels prune --max-size 2G --dry-run`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			most, err := parseSize(limit)
			if err != nil {
				return err
			}
			if keep < 0 {
				return wrong("--keep %d: want 0 or more", keep)
			}
			i, states, list, err := o.lookAround(cmd)
			if err != nil {
				return err
			}
			used := map[string]bool{}
			for _, st := range states {
				for _, key := range st.Keys {
					used[key] = true
				}
			}
			goes := prune(list, used, keep, most)
			return remove(cmd, i.Env.Cache, dry, func(e cache.Entry) bool { return goes[e.Key] })
		},
	}
	cmd.Flags().IntVar(&keep, "keep", 0, "leave the `N` images used last of those that kernels.yaml does not use")
	cmd.Flags().StringVar(&limit, "max-size", "", "leave no more than this `SIZE`, such as 500M or 2G")
	cmd.Flags().BoolVar(&dry, "dry-run", false, "only say what would be removed")
	return cmd
}

// prune picks what is removed of a cache's entries, which come with the one
// used last first.
func prune(list []cache.Entry, used map[string]bool, keep int, most int64) map[string]bool {
	goes := map[string]bool{}
	left := int64(0)
	for _, e := range list {
		image := e.Kind() == source.KindImage
		if !used[e.Key] && (!image || keep == 0) {
			goes[e.Key] = true
			continue
		}
		if !used[e.Key] {
			keep--
		}
		left += e.Bytes
	}
	for _, images := range []bool{false, true} {
		for _, e := range slices.Backward(list) {
			if left > most && !goes[e.Key] && (e.Kind() == source.KindImage) == images {
				goes[e.Key] = true
				left -= e.Bytes
			}
		}
	}
	return goes
}

var sizeRE = regexp.MustCompile(`^([0-9]+)([MG])$`)

// parseSize reads a size for people; "" is no limit.
func parseSize(s string) (int64, error) {
	if s == "" {
		return math.MaxInt64, nil
	}
	m := sizeRE.FindStringSubmatch(s)
	if m == nil {
		return 0, wrong("--max-size %s: write it as 500M or 2G", s)
	}
	n, err := strconv.ParseInt(m[1], 10, 32)
	if err != nil {
		return 0, wrong("--max-size %s: %w", s, err)
	}
	return n << map[string]uint{"M": 20, "G": 30}[m[2]], nil
}

// remove removes the entries that go, and tells of each.
func remove(cmd *cobra.Command, c *cache.Cache, dry bool, goes func(cache.Entry) bool) error {
	list, err := c.List(vmimage.CacheKinds...)
	if err != nil {
		return err
	}
	var keys []string
	var sum int64
	for _, e := range list {
		if !goes(e) {
			continue
		}
		keys, sum = append(keys, e.Key), sum+e.Bytes
		if _, err := fmt.Fprintf(cmd.OutOrStdout(), "%s  %s, used %s\n", e.Key, size(e.Bytes), e.Used.Format("2006-01-02 15:04")); err != nil {
			return err
		}
	}
	verb := "removed"
	if dry {
		verb = "would be removed"
	} else if err := c.Remove(keys...); err != nil {
		return err
	}
	_, err = fmt.Fprintf(cmd.OutOrStdout(), "%d entries, %s, %s\n", len(keys), size(sum), verb)
	return err
}
