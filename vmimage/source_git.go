package vmimage

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
	"kmatrix/vmimage/lock"
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

// Find says which commit it is: what kernels.lock has, or what the ref leads
// to now.
func (s gitSource) Find(ctx context.Context, env *Env, k matrix.Kernel) (found, error) {
	if _, err := exec.LookPath("git"); err != nil {
		return found{}, errors.New("a source of the kind git needs git in PATH: make setup installs it (on Debian the package git)")
	}
	where, ref := k.Source.Fields["git"], k.Source.Fields["ref"]
	entry, known := env.Lock.Get(k.SourceOf(), k.Source.Fields)
	commit := entry.Version
	repository, err := s.repository(ctx, env, k, where, commit)
	if err != nil {
		return found{}, err
	}
	now, err := git(ctx, repository, "rev-parse", "--verify", "--quiet", "--end-of-options", ref+"^{commit}")
	switch {
	case ctx.Err() != nil:
		return found{}, ctx.Err()
	case known && hasCommit(ctx, repository, commit):
		if err == nil && now != commit {
			env.log("%s: %s has moved on to %.12s, and kernels.lock has %.12s: kmatrix kernels lock --update %s takes the new one", k.Name, ref, now, commit, k.SourceOf())
		}
	case env.Locked && known:
		return found{}, locked("%s wants the commit %s, which %s does not have%s", env.Lock.Path(), commit, where, incomplete(ctx, repository, where))
	case env.Locked:
		return found{}, locked("%s has no entry for it, and --locked keeps from making one", env.Lock.Path())
	case err != nil:
		return found{}, unavailable("%s has no commit %s%s", where, ref, incomplete(ctx, repository, where))
	default:
		commit = now
		e := lock.Entry{Source: k.Source.Fields, Version: commit, Resolved: time.Now().UTC().Truncate(time.Second), Files: []lock.File{{URL: where}}}
		if err := env.record(k, e); err != nil {
			return found{}, err
		}
	}
	return found{trust: gitTrust(where, ref), tree: &tree{digest: commit, origin: where + " at " + commit, dir: func(ctx context.Context) (string, error) {
		env.progress(k.Name, "taking "+ref+" out of git")
		dir, err := env.Cache.Entry(ctx, cache.Key(kindTree, "git", commit), func(ctx context.Context, dir string) error {
			return export(ctx, repository, commit, dir)
		})
		if err != nil {
			err = fmt.Errorf("take %s out of %s: %w", ref, where, err)
		}
		if why := incomplete(ctx, repository, where); err != nil && absent.MatchString(err.Error()) && why != "" {
			err = unavailable("%w%s", err, why)
		}
		return dir, err
	}}}, nil
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
	_, err := git(ctx, repository, "cat-file", "-e", commit+"^{commit}")
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
	if filter, err := git(ctx, repository, "config", "--get-regexp", `^remote\..*\.partialclonefilter$`); err == nil && filter != "" {
		return fmt.Sprintf(": it is a partial clone, which gets files only when they are asked for: %s fetch --refetch --no-filter gets them all", command)
	}
	return ""
}

// shallow reports whether a clone lacks the beginning of its history.
func shallow(ctx context.Context, repository string) bool {
	yes, err := git(ctx, repository, "rev-parse", "--is-shallow-repository")
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

// repository returns a repository's directory: a path as it is, a URL as a bare
// clone in the cache that all kernels share, brought up to date unless it has
// the commit that is wanted.
func (gitSource) repository(ctx context.Context, env *Env, k matrix.Kernel, where, commit string) (string, error) {
	if !isAddress(where) {
		dir := env.path(where)
		if _, err := git(ctx, dir, "rev-parse", "--git-dir"); err != nil {
			return "", unavailable("%s is no git repository: %w", dir, err)
		}
		return dir, nil
	}
	fresh := false
	dir, err := env.Cache.Entry(ctx, cache.Key(kindGit, where), func(ctx context.Context, dir string) error {
		if env.Offline {
			return notCached(where)
		}
		fresh = true
		env.progress(k.Name, "cloning "+where)
		_, err := git(ctx, dir, "clone", "--quiet", "--mirror", "--end-of-options", env.url(where), ".")
		return unreachable(ctx, where, err)
	})
	var missing *cache.MissingError
	if errors.As(err, &missing) {
		return "", remoteHas(ctx, env, where, err)
	}
	if err != nil || fresh || env.Offline || env.Cache.Peek || commit != "" && hasCommit(ctx, dir, commit) {
		return dir, err
	}
	env.progress(k.Name, "fetching "+where)
	update := []string{"fetch", "--quiet", "--prune", "origin"}
	if shallow(ctx, dir) {
		// Its repository was shallow, too, and may have been deepened.
		update = append(update, "--unshallow")
	}
	_, err = git(ctx, dir, update...)
	return dir, unreachable(ctx, where, err)
}

// remoteHas asks a repository that there is no clone of whether it is there;
// missing is returned when it is.
func remoteHas(ctx context.Context, env *Env, where string, missing error) error {
	if env.Offline {
		return notCached(where)
	}
	if _, err := git(ctx, "", "ls-remote", "--quiet", "--exit-code", "--end-of-options", env.url(where), "HEAD"); err != nil {
		return unreachable(ctx, where, err)
	}
	return missing
}

// unreachable makes what git says of a server the source's fault.
func unreachable(ctx context.Context, where string, err error) error {
	if err == nil || ctx.Err() != nil {
		return errors.Join(err, ctx.Err())
	}
	return unavailable("%s: %w", where, err)
}

// export writes a commit's files. git's archive and tar are joined by a file,
// so that the error of either is seen.
func export(ctx context.Context, repository, commit, dir string) error {
	archive := filepath.Join(dir, ".archive.tar")
	if _, err := git(ctx, repository, "archive", "--format=tar", "--output="+archive, commit); err != nil {
		return err
	}
	if _, err := proc.Run(ctx, proc.Cmd{Path: "tar", Args: []string{"--extract", "--force-local", "--file", archive, "--directory", dir, "--no-same-owner"}}); err != nil {
		return err
	}
	return os.Remove(archive)
}

// git runs git in a directory, without a question and without the user's
// configuration, and returns its output's one line.
func git(ctx context.Context, dir string, args ...string) (string, error) {
	out, err := proc.Run(ctx, proc.Cmd{
		Path: "git", Args: args, Dir: dir,
		// A partial clone is not to fetch into a repository that is only read.
		Env: []string{"GIT_TERMINAL_PROMPT=0", "GIT_NO_LAZY_FETCH=1", "GIT_CONFIG_GLOBAL=" + os.DevNull, "LC_ALL=C"},
	})
	return strings.TrimSpace(string(out)), err
}
