//go:build boots

package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// bisected is a history whose commits are kernels: each has the matrix of a bisection,
// in which the candidate is what the commit stands for.
type bisected struct {
	t       *testing.T
	dir     string
	commits []string
}

// git runs git in the repository.
func (b *bisected) git(args ...string) (string, error) {
	cmd := exec.Command("git", append([]string{"-c", "user.name=a", "-c", "user.email=a@b", "-c", "commit.gpgsign=false"}, args...)...)
	cmd.Dir = b.dir
	cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_SYSTEM=/dev/null")
	text, err := cmd.CombinedOutput()
	return string(text), err
}

func (b *bisected) must(args ...string) string {
	b.t.Helper()
	text, err := b.git(args...)
	if err != nil {
		b.t.Fatalf("git %s: %v: %s", strings.Join(args, " "), err, text)
	}
	return text
}

// newBisected makes the history, a commit for each candidate.
func newBisected(t *testing.T, candidates ...string) *bisected {
	t.Helper()
	b := &bisected{t: t, dir: t.TempDir()}
	b.must("init", "-q")
	if err := os.WriteFile(filepath.Join(b.dir, ".gitignore"), []byte("kernels.lock\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	for i, c := range candidates {
		text := fmt.Sprintf("# commit %d\nversion: 1\nbaseline: base\nkernels:\n  - {name: base, source: %s}\n  - {name: mine, %s}\n", i, debian510, c)
		if err := os.WriteFile(filepath.Join(b.dir, "kernels.yaml"), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		b.must("add", "-A")
		b.must("commit", "-q", "-m", fmt.Sprint(i))
		b.commits = append(b.commits, strings.TrimSpace(b.must("rev-parse", "HEAD")))
	}
	return b
}

// run bisects from the first commit, which is good, to the last one.
func (b *bisected) run(command string) (said string, err error) {
	b.t.Helper()
	b.must("bisect", "start", b.commits[len(b.commits)-1], b.commits[0])
	defer b.must("bisect", "reset")
	said, err = b.git("bisect", "run", "sh", "-c", command)
	return said + b.must("bisect", "log"), err
}

// Candidates of a history. The probe is answered otherwise by 6.1 than by 5.10.
const (
	debian510   = "{deb: linux-image-cloud-amd64, suite: bullseye}"
	debian61    = "{deb: linux-image-cloud-amd64, suite: bookworm}"
	goodCommit  = "source: " + debian510
	badCommit   = "source: " + debian61
	noBoot      = "source: " + debian61 + `, append: "rdinit=/nope"`
	noKernel    = "source: {image: .gitignore}"
	bisectProbe = "stability/splice/punch/xfs/readahead"
)

// TestGitBisectRun has git find commits with the codes of --for-bisect: the one that
// changed an answer, past kernels that cannot be tested, and the one from which on
// a kernel does not boot; and has it stop where there is nothing to be found.
func TestGitBisectRun(t *testing.T) {
	t.Parallel()
	kmatrix, err := filepath.Abs(program)
	if err != nil {
		t.Fatal(err)
	}
	// The shell stays: it is what git sees the code of.
	command := func(flags string) string {
		return fmt.Sprintf("%s run --for-bisect --dir %s -p %s %s; exit $?", kmatrix, t.TempDir(), bisectProbe, flags)
	}
	b := newBisected(t, goodCommit, goodCommit, goodCommit, noKernel, noBoot, goodCommit, badCommit, badCommit, badCommit)
	said, err := b.run(command(""))
	if err != nil || !strings.Contains(said, b.commits[6]+" is the first bad commit") && !strings.Contains(said, "first bad commit: ["+b.commits[6]) {
		t.Errorf("git did not find %s: %v\n%s", b.commits[6], err, said)
	}
	if !strings.Contains(said, "git bisect skip "+b.commits[4]) || !strings.Contains(said, "--for-bisect: skip: mine was not tested in 1 of 1 cells: "+bisectProbe+": boot-failed: ") {
		t.Errorf("git skipped no commit that does not boot:\n%s", said)
	}
	if !strings.Contains(said, "--for-bisect: bad: mine differs from base in 1 of 1 cells: "+bisectProbe+": zeroed 4096, and the baseline stable") || !strings.Contains(said, "--for-bisect: good: mine answers as base") {
		t.Errorf("kmatrix did not say why:\n%s", said)
	}

	b = newBisected(t, goodCommit, goodCommit, noKernel, noBoot, noBoot)
	said, err = b.run(command("--bad-is boot-failed"))
	// That between them is skipped: either may be the first.
	if err == nil || !strings.Contains(said, "git bisect bad "+b.commits[3]) || !strings.Contains(said, "git bisect skip "+b.commits[2]) || !strings.Contains(said, "git bisect good "+b.commits[1]) {
		t.Errorf("--bad-is: %v\n%s", err, said)
	}

	for flags, code := range map[string]string{"--no-such-flag": "128", "--qemu kmatrix-no-such-qemu": "129"} {
		said, err = b.run(command(flags))
		if err == nil || !strings.Contains(said, "exit code "+code) || strings.Contains(said, "git bisect skip") {
			t.Errorf("%s did not stop git: %v\n%s", flags, err, said)
		}
	}
}

// TestStrictEndsWith4 asks what does not boot, and what is no kernel.
func TestStrictEndsWith4(t *testing.T) {
	t.Parallel()
	b := newBisected(t, noBoot)
	file := filepath.Join(b.dir, "kernels.yaml")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, append(text, "  - {name: none, source: {image: .gitignore}}\n"...), 0o644); err != nil {
		t.Fatal(err)
	}
	out, errs, code := command(t, "run", "--strict", "--initramfs", initramfs, "-f", file, "--dir", t.TempDir(), "-p", bisectProbe)
	if code != exitNotTested || !strings.Contains(errs, "--strict: not tested: mine (boot-failed), none (unavailable)") {
		t.Errorf("exit code %d, it said %s", code, errs)
	}
	for _, want := range []string{"boot-failed", "unavailable", "mine did not boot: ", "none is unavailable: ", "of the 3 kernels only base answered"} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
}
