package source

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"kmatrix/matrix"
	"kmatrix/matrix/proc"
	"kmatrix/vmimage/cache"
	"kmatrix/vmimage/download"
	"kmatrix/vmimage/fault"
)

// unpacked is the tree of a source tarball. get returns the tarball's path; it may
// leave files in the directory that it is given.
func unpacked(env *Env, k matrix.Kernel, digest, origin string, get func(ctx context.Context, dir string) (string, error), reach func(context.Context) error) cache.Item {
	return cache.Item{Key: cache.Key(KindTree, digest), Reach: reach, Fill: func(ctx context.Context, dir string) error {
		tmp := filepath.Join(dir, ".tarball")
		if err := os.Mkdir(tmp, 0o755); err != nil {
			return err
		}
		file, err := get(ctx, tmp)
		if err != nil {
			return err
		}
		env.Tell(k.Name, "unpacking")
		_, err = proc.Run(ctx, proc.Cmd{Path: "tar", Args: []string{"--extract", "--force-local", "--file", file, "--directory", dir, "--strip-components=1", "--no-same-owner"}, Env: []string{"LC_ALL=C"}})
		var failed *proc.Error
		if errors.As(err, &failed) && ctx.Err() == nil && !strings.Contains(failed.Stderr, "No space left") {
			return doesNotUnpack(file, origin, failed)
		}
		return errors.Join(err, os.RemoveAll(tmp))
	}}
}

// cutShort are the words in which tar and what it unpacks with say that a file ends
// too early.
var cutShort = regexp.MustCompile(`(?i)unexpected end of (file|input)|unexpected EOF|premature end|file ends unexpectedly`)

// doesNotUnpack says why a file that tar refuses is no tarball.
func doesNotUnpack(file, origin string, failed *proc.Error) error {
	seen, err := download.Seen(file)
	if err != nil {
		return err
	}
	why := "it is damaged, or no tarball"
	switch {
	case seen != "":
		return fault.Unavailable("%s is no tarball: it is %s", origin, seen)
	case cutShort.MatchString(failed.Stderr):
		why = "it is cut, its end is missing"
	}
	return fault.Unavailable("%s does not unpack: %s: %w", origin, why, failed)
}

// versionInName finds the version of the kernel in the name of a tarball that is
// named as kernel.org's are.
var versionInName = regexp.MustCompile(`^linux-([0-9]+\.[0-9]+(?:\.[0-9]+)*(?:-rc[0-9]+)?)\.t(?:ar|gz|bz|xz|zst)`)

// checkVersion refuses a tree that is of another version than the name of its
// tarball says. The tree may say more than the name.
func checkVersion(dir, name string) error {
	m := versionInName.FindStringSubmatch(name)
	if m == nil {
		return nil
	}
	says := treeVersion(dir)
	named, rc, _ := strings.Cut(m[1], "-")
	if strings.Count(named, ".") == 1 && rc != "" {
		named += ".0" // 6.12-rc3 is 6.12.0-rc3
	}
	if rc != "" {
		named += "-" + rc
	}
	rest, ok := strings.CutPrefix(says, named)
	if says == "" || ok && (rest == "" || strings.ContainsAny(rest[:1], ".-")) {
		return nil
	}
	return fault.Unavailable("%s holds Linux %s, and not %s as its name says: name the right file, or give it the name of what it holds", name, says, m[1])
}

// treeVersion is the version in a source tree's Makefile, "" where there is none.
func treeVersion(dir string) string {
	text, err := os.ReadFile(filepath.Join(dir, "Makefile"))
	if err != nil {
		return "" // what is no kernel's tree is refused elsewhere
	}
	var version string
	for _, part := range []struct{ name, before string }{{"VERSION", ""}, {"PATCHLEVEL", "."}, {"SUBLEVEL", "."}, {"EXTRAVERSION", ""}} {
		m := regexp.MustCompile(fmt.Sprintf(`(?m)^%s *=[ \t]*(\S*)`, part.name)).FindSubmatch(text)
		if m != nil && len(m[1]) > 0 {
			version += part.before + string(m[1])
		}
	}
	return version
}
