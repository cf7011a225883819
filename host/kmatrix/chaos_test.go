//go:build chaos

package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"kmatrix/matrix/store"
)

var seed = flag.Uint64("seed", 0, "chooses the faults of TestChaos; 0 takes one by the clock, and says which")

// chaosMatrix is what runs while the host fails: two kernels that answer otherwise,
// on a machine whose cells share guests and on one whose cells are clones.
const chaosMatrix = `version: 1
baseline: "6.1"
kernels:
  - {name: "5.10", source: {deb: linux-image-cloud-amd64, suite: bullseye}}
  - {name: "6.1", source: {deb: linux-image-cloud-amd64, suite: bookworm}}
machines:
  - {name: shared, memory: 512M, boots: 2, probes: ["stability/splice/punch/ext4", "stability/splice/punch/tmpfs"]}
  - {name: clones, memory: 512M, isolate: cell, probes: ["stability/splice/write/tmpfs"]}
`

// chaosTime is how long runs are begun as long as there are faults left, and
// chaosDeadline how long all of it may take; a part that has begun then ends.
const (
	chaosTime     = 5 * time.Minute
	chaosDeadline = 9 * time.Minute
)

// TestChaos runs a real matrix undisturbed, and then again and again while QEMU
// processes are killed, stopped and continued, the disk fills, and kmatrix itself is
// killed and resumed, until all faults were injected. At the end every cell has one outcome, of the class that it has
// undisturbed, and nothing is left behind.
func TestChaos(t *testing.T) {
	if *seed == 0 {
		*seed = uint64(time.Now().UnixNano())
	}
	c := newChaos(t)
	fmt.Printf("chaos: seed %d (make chaos SEED=%[1]d chooses the same faults)\n", *seed)
	began := time.Now()
	start := began
	calm := filepath.Join(c.dir, "calm")
	if code, said := c.kmatrix(nil, "run", "-f", c.file, "--dir", calm); code != exitDone {
		t.Fatalf("undisturbed: exit code %d, it said\n%s", code, said)
	}
	want := outcomesIn(t, onlyRun(t, calm))
	fmt.Printf("chaos: undisturbed: %d cells and boots in %.0f s\n", len(want), time.Since(began).Seconds())

	f := newFaults(c, rand.New(rand.NewPCG(*seed, 1)))
	var total endured
	began = time.Now()
	for len(f.left) > 0 && time.Since(began) < chaosTime {
		total.add(c.disturbed(f, want, start))
	}
	left := c.leftovers()
	for _, l := range left {
		t.Error(l)
	}
	for _, kind := range slices.Sorted(maps.Keys(f.count)) {
		fmt.Printf("chaos: %-28s %d\n", kind, f.count[kind])
		if f.count[kind] == 0 {
			t.Errorf("no fault of the kind %q was injected", kind)
		}
	}
	fmt.Printf("chaos: %d runs, resumed %d times, in %.0f s\n", total.runs, total.resumed, time.Since(began).Seconds())
	fmt.Printf("chaos: cells and boots %d, outcomes lost %d, outcomes doubled %d, leftovers %d\n", total.cells, total.lost, total.doubled, len(left))
}

// endured counts what became of disturbed runs.
type endured struct{ runs, resumed, cells, lost, doubled int }

func (sum *endured) add(t endured) {
	sum.runs += t.runs
	sum.resumed += t.resumed
	sum.cells += t.cells
	sum.lost += t.lost
	sum.doubled += t.doubled
}

// disturbed runs the matrix with faults, resumes it until it is whole, and removes it.
// It wants the outcomes of an undisturbed run.
func (c *chaos) disturbed(f *faults, want map[string]string, start time.Time) endured {
	t := c.t
	t.Helper()
	sum := endured{runs: 1}
	args := []string{"run", "-f", c.file, "--dir", c.runs}
	kept := map[string]string{}
	for parts := 0; ; parts++ {
		code, said := c.kmatrix(f, args...)
		filled := f.filled
		f.calm()
		c.orphans()
		runs, err := store.List(c.runs)
		if err != nil {
			t.Fatal(err)
		}
		if len(runs) == 0 {
			continue // killed before the run was begun
		}
		got := outcomesIn(t, onlyRun(t, c.runs))
		for key, was := range kept {
			if got[key] != was {
				sum.lost++
				t.Errorf("%s was %s, and is %q after part %d", key, was, got[key], parts)
			}
		}
		if kept = got; len(kept) == len(want) {
			sum.resumed = parts
			break
		}
		if time.Since(start) > chaosDeadline {
			t.Fatalf("%d of %d cells and boots have an outcome after %s; it said last, with exit code %d:\n%s", len(kept), len(want), chaosDeadline, code, said)
		}
		if code != -1 && !strings.Contains(said, "go on with: kmatrix run --resume ") {
			t.Errorf("part %d ended with exit code %d and does not say how to go on:\n%s", parts, code, said)
		}
		if filled && (code != exitInfra || !strings.Contains(said, "no space left on device") && !strings.Contains(said, "file too large")) {
			t.Errorf("a full disk gave exit code %d:\n%s", code, said)
		}
		args = []string{"run", "--dir", c.runs, "--resume", runs[0]}
	}
	for key, class := range want {
		if kept[key] != class {
			t.Errorf("%s: undisturbed %s, disturbed %q", key, class, kept[key])
		}
	}
	doubled := doubledIn(t, onlyRun(t, c.runs))
	for _, d := range doubled {
		t.Error(d)
	}
	sum.cells, sum.doubled, sum.lost = len(kept), len(doubled), sum.lost+len(want)-len(kept)
	if err := os.RemoveAll(onlyRun(t, c.runs)); err != nil {
		t.Fatal(err)
	}
	return sum
}

// chaos is where all of it happens: a cache, a directory of runs and one of temporary
// files, of its own.
type chaos struct {
	t                      *testing.T
	dir, file, runs, cache string
	temp, program          string
	orphaned               []string
}

func newChaos(t *testing.T) *chaos {
	t.Helper()
	program, err := filepath.Abs("../../bin/kmatrix")
	if err != nil {
		t.Fatal(err)
	}
	c := &chaos{t: t, dir: t.TempDir(), program: program}
	c.file, c.runs, c.cache, c.temp = filepath.Join(c.dir, "kernels.yaml"), filepath.Join(c.dir, "runs"), filepath.Join(c.dir, "cache"), filepath.Join(c.dir, "temp")
	for _, dir := range []string{c.runs, filepath.Join(c.cache, "kmatrix"), c.temp} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(c.file, []byte(chaosMatrix), 0o644); err != nil {
		t.Fatal(err)
	}
	// What the user's cache has need not be fetched; where it cannot be linked, it is.
	if home, err := os.UserCacheDir(); err == nil {
		for _, kind := range []string{"debian", "kernels", "disks", "objects"} {
			_ = exec.Command("cp", "-al", filepath.Join(home, "kmatrix", kind), filepath.Join(c.cache, "kmatrix")).Run()
		}
		// What others are making there is not this test's.
		for _, ending := range []string{".lock", ".tmp"} {
			under, err := filepath.Glob(filepath.Join(c.cache, "kmatrix", "*", "*"+ending))
			for _, path := range under {
				err = errors.Join(err, os.RemoveAll(path))
			}
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	return c
}

// kmatrix runs it to its end, with faults where they are given. The exit code is -1
// when it was killed.
func (c *chaos) kmatrix(f *faults, args ...string) (code int, said string) {
	c.t.Helper()
	var errs bytes.Buffer
	cmd := exec.Command(c.program, args...)
	cmd.Env = append(os.Environ(), "XDG_CACHE_HOME="+c.cache, "TMPDIR="+c.temp)
	cmd.Stderr = &errs
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		c.t.Fatal(err)
	}
	done := make(chan struct{})
	injected := make(chan struct{})
	go func() {
		defer close(injected)
		if f != nil {
			f.inject(cmd.Process.Pid, done)
		}
	}()
	_ = cmd.Wait() // its exit code is judged
	close(done)
	<-injected
	return cmd.ProcessState.ExitCode(), errs.String()
}

// onlyRun is the one run below a directory.
func onlyRun(t *testing.T, dir string) string {
	t.Helper()
	ids, err := store.List(dir)
	if err != nil || len(ids) != 1 {
		t.Fatalf("the runs in %s are %v, %v", dir, ids, err)
	}
	return filepath.Join(dir, ids[0])
}

// outcomesIn returns outcome and class of each cell and boot that has a last word.
func outcomesIn(t *testing.T, run string) map[string]string {
	t.Helper()
	s, err := store.Open(run)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	for _, r := range s.Results {
		if r.Outcome.Final() {
			all[fmt.Sprintf("%s, boot %d", r.Cell, r.Boot)] = string(r.Outcome) + " " + r.Word()
		}
	}
	return all
}

// doubledIn lists the cells that have two last words for one boot.
func doubledIn(t *testing.T, run string) []string {
	t.Helper()
	s, err := store.Open(run)
	if err != nil {
		t.Fatal(err)
	}
	var doubled []string
	seen := map[string]bool{}
	for _, r := range slices.Concat(s.Results, s.Earlier) {
		key := fmt.Sprintf("%s, boot %d", r.Cell, r.Boot)
		if r.Outcome.Final() && seen[key] {
			doubled = append(doubled, key+" has two outcomes")
		}
		seen[key] = seen[key] || r.Outcome.Final()
	}
	for _, w := range s.Warnings {
		if strings.Contains(w, "already") {
			doubled = append(doubled, w)
		}
	}
	return doubled
}
