// Package gitcmd runs git in repositories that are only read.
package gitcmd

import (
	"context"
	"os"
	"strings"

	"kmatrix/matrix/proc"
)

// Run runs git in a directory, without a question and without the user's
// configuration, and returns its output's one line.
func Run(ctx context.Context, dir string, args ...string) (string, error) {
	out, err := proc.Run(ctx, proc.Cmd{
		Path: "git", Args: args, Dir: dir,
		// A partial clone is not to fetch into a repository that is only read.
		Env: []string{"GIT_TERMINAL_PROMPT=0", "GIT_NO_LAZY_FETCH=1", "GIT_CONFIG_GLOBAL=" + os.DevNull, "LC_ALL=C"},
	})
	return strings.TrimSpace(string(out)), err
}
