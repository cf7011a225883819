package source

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"kmatrix/matrix"
	"kmatrix/matrix/proc"
	"kmatrix/vmimage/cache"
	"kmatrix/vmimage/fault"
	"kmatrix/vmimage/gitcmd"
	"kmatrix/vmimage/lock"
	"kmatrix/vmimage/tree"
)

// gitSource is a commit of a git repository.
type gitSource struct{}

func init() { register(gitSource{}) }

// Kind describes it.
func (gitSource) Kind() matrix.SourceKind {
	return matrix.SourceKind{
		Name: "git", Builds: true,
		Doc: "a commit of a git repository; it is built, and a repository on this machine is never written to",
		Fields: []matrix.SourceField{
			{Name: "git", Doc: "the repository's URL, or its path from the directory of kernels.yaml", Required: true, Example: "../linux"},
			{Name: "ref", Doc: "a tag, a branch or a commit", Required: true, Pattern: `[A-Za-z0-9][A-Za-z0-9._/^~-]*`, Example: "v6.12"},
		},
	}
}

// Resolve says which commit it is: what kernels.lock has, or what the ref leads
// to now.
func (s gitSource) Resolve(ctx context.Context, env *Env, k matrix.Kernel) (Recipe, error) {
	if _, err := exec.LookPath("git"); err != nil {
		return Recipe{}, errors.New("a source of the kind git needs git in PATH: make setup installs it (on Debian the package git)")
	}
	where, ref := k.Source.Fields["git"], k.Source.Fields["ref"]
	entry, known := env.Lock.Get(k.SourceOf(), k.Source.Fields)
	if env.Locked && !known {
		return Recipe{}, env.noEntry()
	}
	commit := entry.Version
	r, repository, err := s.repository(ctx, env, k, where, commit)
	if err != nil || repository == "" {
		return r, err
	}
	r.Trust = gitTrust(where, ref)
	now, err := gitcmd.Run(ctx, repository, "rev-parse", "--verify", "--quiet", "--end-of-options", ref+"^{commit}")
	switch {
	case ctx.Err() != nil:
		return Recipe{}, ctx.Err()
	case known && hasCommit(ctx, repository, commit):
		if err == nil && now != commit {
			r.Note = fmt.Sprintf("%s has moved on to %.12s, and kernels.lock has %.12s: kmatrix kernels lock --update %s takes the new one", ref, now, commit, k.SourceOf())
		}
	case env.Locked || err != nil:
		missing := fault.Unavailable("%s has no commit %s%s", where, ref, incomplete(ctx, repository, where))
		if env.Locked {
			missing = fault.Locked("%s wants the commit %s, which %s does not have%s", env.Lock.Path(), commit, where, incomplete(ctx, repository, where))
		}
		if r.Before == nil {
			return Recipe{}, missing
		}
		// It may have come to the repository since.
		r.Before.Optional, r.Before.Unchanged = false, missing
		return r, nil
	default:
		commit = now
		r.Record = &lock.Entry{Source: k.Source.Fields, Version: commit, Resolved: time.Now().UTC().Truncate(time.Second), Files: []lock.File{{URL: where}}}
	}
	r.Tree = &tree.Tree{Digest: commit, Origin: where + " at " + commit, Entry: cache.Item{
		Key: cache.Key(KindTree, "git", commit),
		Fill: func(ctx context.Context, dir string) error {
			env.Tell(k.Name, "taking "+ref+" out of git")
			err := export(ctx, repository, commit, dir)
			if err != nil {
				err = fmt.Errorf("take %s out of %s: %w", ref, where, err)
			}
			if why := incomplete(ctx, repository, where); err != nil && absent.MatchString(err.Error()) && why != "" {
				err = fault.Unavailable("%w%s", err, why)
			}
			return err
		},
	}}
	return r, nil
}

// absent is what git says of an object that it does not have.
var absent = regexp.MustCompile(`promisor|unable to read|missing (?:blob|tree|object)|not a (?:tree|valid) object|could not (?:read|parse|get) object|bad object`)

var commitRE = regexp.MustCompile(`^([0-9a-f]{40}|[0-9a-f]{64})$`)

// gitTrust tells what vouches for the commit that a ref of a repository leads to: a
// commit's name is a digest of its content.
func gitTrust(where, ref string) matrix.Trust {
	switch {
	case !isAddress(where):
		return matrix.TrustLocal
	case commitRE.MatchString(ref):
		return matrix.TrustDigest
	}
	return matrix.TrustFirstUse
}

func hasCommit(ctx context.Context, repository, commit string) bool {
	_, err := gitcmd.Run(ctx, repository, "cat-file", "-e", commit+"^{commit}")
	return err == nil
}

// incomplete says that a clone has a part of its repository only, which is why
// something is not there, and how to get the rest; "" for one that is whole.
func incomplete(ctx context.Context, repository, where string) string {
	command := "git -C " + proc.Quote(repository)
	if isAddress(where) {
		// The clone in the cache is as whole as the repository it is of.
		command = "in it, git"
	}
	if shallow(ctx, repository) {
		return fmt.Sprintf(": it is a shallow clone, which has only the end of the history: %s fetch --unshallow --tags gets the rest", command)
	}
	if filter, err := gitcmd.Run(ctx, repository, "config", "--get-regexp", `^remote\..*\.partialclonefilter$`); err == nil && filter != "" {
		return fmt.Sprintf(": it is a partial clone, which gets files only when they are asked for: %s fetch --refetch --no-filter gets them all", command)
	}
	return ""
}

// shallow reports whether a clone lacks the beginning of its history.
func shallow(ctx context.Context, repository string) bool {
	yes, err := gitcmd.Run(ctx, repository, "rev-parse", "--is-shallow-repository")
	return err == nil && yes == "true"
}

// isAddress tells a repository's URL, or the address that ssh takes, from a path.
func isAddress(where string) bool {
	if strings.Contains(where, "://") {
		return true
	}
	host, _, ok := strings.Cut(where, ":")
	return ok && !strings.Contains(host, "/") && strings.Contains(host, "@")
}

// repository returns a repository's directory: a path as it is, a URL as a bare clone
// in the cache that all kernels share. The recipe has the step that clones it, and the
// directory is "" then, or one that brings the clone up to date, unless it has the
// commit that is wanted.
func (gitSource) repository(ctx context.Context, env *Env, k matrix.Kernel, where, commit string) (Recipe, string, error) {
	if !isAddress(where) {
		dir := env.Path(where)
		if _, err := gitcmd.Run(ctx, dir, "rev-parse", "--git-dir"); err != nil {
			return Recipe{}, "", fault.Unavailable("%s is no git repository: %w", dir, err)
		}
		return Recipe{}, dir, nil
	}
	clone := cache.Item{
		Key: cache.Key(KindGit, where),
		Fill: func(ctx context.Context, dir string) error {
			env.Tell(k.Name, "cloning "+where)
			_, err := gitcmd.Run(ctx, dir, "clone", "--quiet", "--mirror", "--end-of-options", env.URL(where), ".")
			return unreachable(ctx, where, err)
		},
		Reach: func(ctx context.Context) error {
			_, err := gitcmd.Run(ctx, "", "ls-remote", "--quiet", "--exit-code", "--end-of-options", env.URL(where), "HEAD")
			return unreachable(ctx, where, err)
		},
	}
	r, dir := Recipe{Uses: []string{clone.Key}}, env.Cache.Path(clone.Key)
	name := "fetching " + where // a fresh clone is not brought up to date
	switch there := env.Cache.Has(clone.Key); {
	case !there && env.Offline:
		return Recipe{}, "", fault.NotCached(where)
	case !there:
		r.Before = &Step{Name: name, Keys: r.Uses, Reach: clone.Reach, Run: func(ctx context.Context) error {
			_, err := env.Cache.Get(ctx, clone)
			return err
		}}
		return r, "", nil
	case !env.Offline && (commit == "" || !hasCommit(ctx, dir, commit)):
		r.Before = &Step{Name: name, Optional: true, Reach: clone.Reach, Run: func(ctx context.Context) error {
			env.Tell(k.Name, "fetching "+where)
			return update(ctx, dir, where)
		}}
	}
	return r, dir, nil
}

// update brings a clone up to date.
func update(ctx context.Context, dir, where string) error {
	args := []string{"fetch", "--quiet", "--prune", "origin"}
	if shallow(ctx, dir) {
		// Its repository was shallow, too, and may have been deepened.
		args = append(args, "--unshallow")
	}
	_, err := gitcmd.Run(ctx, dir, args...)
	return unreachable(ctx, where, err)
}

// unreachable makes what git says of a server the source's fault.
func unreachable(ctx context.Context, where string, err error) error {
	if err == nil || ctx.Err() != nil {
		return errors.Join(err, ctx.Err())
	}
	return fault.Unavailable("%s: %w", where, err)
}

// export writes a commit's files. git's archive and tar are joined by a file,
// so that the error of either is seen.
func export(ctx context.Context, repository, commit, dir string) error {
	archive := filepath.Join(dir, ".archive.tar")
	if _, err := gitcmd.Run(ctx, repository, "archive", "--format=tar", "--output="+archive, commit); err != nil {
		return err
	}
	if _, err := proc.Run(ctx, proc.Cmd{Path: "tar", Args: []string{"--extract", "--force-local", "--file", archive, "--directory", dir, "--no-same-owner"}}); err != nil {
		return err
	}
	return os.Remove(archive)
}
