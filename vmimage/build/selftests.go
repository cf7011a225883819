package build

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"kmatrix/matrix/proc"
	"kmatrix/vmimage/buildlog"
)

// selftestsRules is a makefile on top of a directory of self-tests: it says what
// its install target would install (tools/testing/selftests/lib.mk). That one
// is not used, since it needs rsync.
const selftestsRules = `include Makefile
.PHONY: kmatrix-list
kmatrix-list:
	@printf 'test %s\n' $(TEST_GEN_PROGS) $(TEST_CUSTOM_PROGS) $(TEST_PROGS)
	@printf 'file %s\n' $(TEST_GEN_PROGS_EXTENDED) $(TEST_GEN_FILES) $(TEST_PROGS_EXTENDED) $(TEST_FILES)
`

// Selftests builds the self-tests in a directory of a kernel's tree, statically
// as far as their makefile lets it, and puts what they consist of into out. It
// returns the names of the tests there, in their order. Files are made beside the
// tree, and may be in it. The error is a [*SelftestsError] where the kernel is to
// blame.
func Selftests(ctx context.Context, tree, path, out string) ([]string, error) {
	dir := filepath.Join(tree, path)
	objects, err := os.MkdirTemp(filepath.Dir(tree), "selftests-")
	if err != nil {
		return nil, fmt.Errorf("build self-tests: %w", err)
	}
	rules := filepath.Join(objects, "kmatrix.mk")
	if err := os.WriteFile(rules, []byte(selftestsRules), 0o644); err != nil {
		return nil, fmt.Errorf("build self-tests: %w", err)
	}
	// By the environment and not as an argument, so that makefiles add to it.
	static := []string{"LDFLAGS=-static", "LC_ALL=C"}
	args := []string{"-C", dir, "-f", rules, "OUTPUT=" + objects}
	if _, err = makeIn(ctx, static, append(args, "all")...); err != nil && ctx.Err() == nil {
		// Some want the kernel's own headers, which take a while.
		headers := filepath.Join(objects, "headers")
		if err := os.Mkdir(headers, 0o755); err != nil {
			return nil, fmt.Errorf("build self-tests: %w", err)
		}
		if _, e := makeIn(ctx, nil, "-C", tree, "O="+headers, "headers"); e == nil {
			_, err = makeIn(ctx, static, append(args, "KHDR_INCLUDES=-isystem "+filepath.Join(headers, "usr", "include"), "all")...)
		}
	}
	if err != nil {
		return nil, err
	}
	list, err := makeIn(ctx, nil, append(args, "-s", "kmatrix-list")...)
	if err != nil {
		return nil, err
	}
	var tests []string
	for line := range strings.Lines(list) {
		kind, name, _ := strings.Cut(strings.TrimSpace(line), " ")
		if name == "" || kind != "test" && kind != "file" {
			continue
		}
		if !filepath.IsAbs(name) {
			name = filepath.Join(dir, name)
		}
		if _, err := proc.Run(ctx, proc.Cmd{Path: "cp", Args: []string{"-rL", name, out}}); err != nil {
			return nil, fmt.Errorf("keep the self-tests: %w", err)
		}
		if kind == "test" {
			tests = append(tests, filepath.Base(name))
		}
	}
	return tests, nil
}

// makeIn runs make and returns what it said.
func makeIn(ctx context.Context, env []string, args ...string) (string, error) {
	var said bytes.Buffer
	_, err := proc.Run(ctx, proc.Cmd{
		Path: "sh", Args: append([]string{"-c", supervise, "make"}, args...), Orphaned: syscall.SIGTERM, Env: env, Stdout: &said,
	})
	switch {
	case err == nil:
		return said.String(), nil
	case ctx.Err() != nil:
		return "", ctx.Err()
	}
	return "", &SelftestsError{Reason: buildlog.Find(said.String()), Err: err}
}

// SelftestsError tells that a kernel's self-tests do not build.
type SelftestsError struct {
	// Reason is why, as far as make printed it.
	Reason buildlog.Reason
	Err    error
}

// Error returns the reason.
func (e *SelftestsError) Error() string {
	return cmp.Or(e.Reason.Line, e.Err.Error())
}

// Unwrap returns the cause.
func (e *SelftestsError) Unwrap() error { return e.Err }
