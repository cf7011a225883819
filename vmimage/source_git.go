package vmimage

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"kmatrix/matrix"
	"kmatrix/matrix/proc"
	"kmatrix/vmimage/cache"
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

// Image takes the commit's tree out of the repository and builds it.
func (s gitSource) Image(ctx context.Context, env *Env, k matrix.Kernel) (matrix.Image, error) {
	if _, err := exec.LookPath("git"); err != nil {
		return matrix.Image{}, errors.New("a source of the kind git needs git in PATH: make setup installs it (on Debian the package git)")
	}
	where, ref := k.Source.Fields["git"], k.Source.Fields["ref"]
	repository, err := s.repository(ctx, env, k, where)
	if err != nil {
		return matrix.Image{}, err
	}
	commit, err := git(ctx, repository, "rev-parse", "--verify", "--quiet", "--end-of-options", ref+"^{commit}")
	if err != nil {
		if ctx.Err() != nil {
			return matrix.Image{}, ctx.Err()
		}
		return matrix.Image{}, unavailable("%s has no commit %s", where, ref)
	}
	env.progress(k.Name, "taking "+ref+" out of git")
	dir, err := env.Cache.Entry(ctx, cache.Key("trees", "git", commit), func(ctx context.Context, dir string) error {
		return export(ctx, repository, commit, dir)
	})
	if err != nil {
		return matrix.Image{}, fmt.Errorf("take %s out of %s: %w", ref, where, err)
	}
	return tree{dir: dir, digest: commit, origin: where + " at " + commit}.image(ctx, env, k)
}

// repository returns a repository's directory: a path as it is, a URL as a bare
// clone in the cache that all kernels share, brought up to date.
func (gitSource) repository(ctx context.Context, env *Env, k matrix.Kernel, where string) (string, error) {
	if u, err := url.Parse(where); err != nil || u.Scheme == "" {
		dir := env.path(where)
		if _, err := git(ctx, dir, "rev-parse", "--git-dir"); err != nil {
			return "", unavailable("%s is no git repository: %w", dir, err)
		}
		return dir, nil
	}
	fresh := false
	dir, err := env.Cache.Entry(ctx, cache.Key("git", where), func(ctx context.Context, dir string) error {
		if env.Offline {
			return unavailable("%s is not in the cache, and --offline keeps from fetching it", where)
		}
		fresh = true
		env.progress(k.Name, "cloning "+where)
		_, err := git(ctx, dir, "clone", "--quiet", "--mirror", "--end-of-options", env.url(where), ".")
		return unreachable(ctx, where, err)
	})
	if err != nil || fresh || env.Offline {
		return dir, err
	}
	env.progress(k.Name, "fetching "+where)
	_, err = git(ctx, dir, "remote", "update", "--prune")
	return dir, unreachable(ctx, where, err)
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
	if _, err := proc.Run(ctx, proc.Cmd{Path: "tar", Args: []string{"--extract", "--file", archive, "--directory", dir, "--no-same-owner"}}); err != nil {
		return err
	}
	return os.Remove(archive)
}

// git runs git in a directory, without a question and without the user's
// configuration, and returns its output's one line.
func git(ctx context.Context, dir string, args ...string) (string, error) {
	out, err := proc.Run(ctx, proc.Cmd{
		Path: "git", Args: args, Dir: dir,
		Env: []string{"GIT_TERMINAL_PROMPT=0", "GIT_CONFIG_GLOBAL=" + os.DevNull, "LC_ALL=C"},
	})
	return strings.TrimSpace(string(out)), err
}
