package main

import (
	"bytes"
	"errors"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"

	"kmatrix/matrix"
	"kmatrix/matrix/compare"
	"kmatrix/matrix/spec"
)

// forGit runs kmatrix as the process does, and returns what it said and its exit
// code.
func forGit(t *testing.T, args ...string) (said string, code int) {
	t.Helper()
	var errs bytes.Buffer
	code = guarded(&errs, args, func() int { return run(t.Context(), strings.NewReader(""), io.Discard, &errs, args) })
	return errs.String(), code
}

// stops reports whether git bisect run stops on a code: git-bisect(1).
func stops(code int) bool { return code >= 128 && code <= 255 }

// TestNoOtherCodeReachesGit: git takes 1 to 124, 126 and 127 for a bad commit.
func TestNoOtherCodeReachesGit(t *testing.T) {
	for code := range 256 {
		got := bisectCode(code)
		if want := map[int]int{exitDone: 0, exitFinding: 1, exitNotTested: 125}; slices.Contains([]int{exitDone, exitFinding, exitNotTested}, code) {
			if got != want[code] {
				t.Errorf("%d becomes %d, want %d", code, got, want[code])
			}
		} else if !stops(got) {
			t.Errorf("%d becomes %d, and git goes on", code, got)
		}
	}
}

func TestArgumentsThatAreForGitBisect(t *testing.T) {
	for args, want := range map[string]bool{
		"run --for-bisect": true, "run --for-bisect=true": true, "run --for-bisect=yes": true, "run -p x --for-bisec": false, "run --for_bisect": true,
		"run -for-bisect": true, "run --for-bisects": true, "run --bad-is crash": true, "--for-bisect run": true, "run --for-bisect=false": false,
		"run --for-bisect=0": false, "run -f bisect.yaml": false, "run --dir=bisect": false, "run": false, "": false,
	} {
		if got := bisecting(strings.Fields(args)); got != want {
			t.Errorf("%s: %v", args, got)
		}
	}
}

func TestGitStopsOnWrongUse(t *testing.T) {
	_, initramfs := ownCache(t)
	two := write(t, one+"  - {name: \"y\", source: {image: no-such-bzImage}}\n")
	three := write(t, one+"  - {name: \"y\", source: {image: a}}\n  - {name: \"z\", source: {image: b}}\n")
	built := write(t, one+"  - {name: \"y\", source: {tree: /usr/src/linux}, build: small}\nbuilds: {small: {config: tiny}}\n")
	run := []string{"run", "--for-bisect", "--initramfs", initramfs, "--dir", t.TempDir()}
	for name, test := range map[string]struct {
		args []string
		code int
		want string
	}{
		"no such flag":      {append(run, "--no-such-flag"), 128, "unknown flag"},
		"no such command":   {[]string{"ruin", "--for-bisect"}, 128, ""},
		"another command":   {[]string{"report", "--for-bisect"}, 128, "unknown flag"},
		"no value":          {append(run, "-f"), 128, "flag needs an argument"},
		"no truth":          {[]string{"run", "--for-bisect=maybe"}, 128, "invalid argument"},
		"no such file":      {append(run, "-f", "no-such.yaml"), 128, "no-such.yaml"},
		"a broken file":     {append(run, "-f", write(t, "version: 1\nkernel: []\n")), 128, ":2: kernel: is not a key here"},
		"no such tree":      {append(run, "-f", two, "--kernel", "y=no-such-tree"), 128, "no-such-tree: no such file"},
		"no such probe":     {append(run, "-f", two, "-p", "stability/splise"), 128, "matches no probe"},
		"one column":        {append(run, "-f", write(t, one)), 128, "wants two columns, the baseline, x, and a candidate, and has 1: x"},
		"three columns":     {append(run, "-f", three), 128, "has 3: x, y, z; choose with -k"},
		"no baseline":       {append(run, "-f", three, "-k", "y", "-k", "z"), 128, "the baseline of " + three + ", x, is not among the columns, y and z: add -k x"},
		"strict":            {append(run, "-f", two, "--strict"), 128, "choose one"},
		"fail-on":           {append(run, "-f", two, "--fail-on", "crash"), 128, "choose one"},
		"aa":                {append(run, "-f", two, "--aa"), 128, "choose one"},
		"costs":             {append(run, "-f", built), 128, "the costs of x and y do not compare, since they are not built alike"},
		"--bad-is alone":    {[]string{"run", "-f", two, "--bad-is", "crash"}, 128, "add --for-bisect"},
		"--bad-is pass":     {append(run, "-f", two, "--bad-is", "pass"), 128, "--bad-is pass: allowed are fail, crash, hang, boot-failed, build-failed, unsupported, lost"},
		"--bad-is infra":    {append(run, "-f", two, "--bad-is", "crash,infra"), 128, "--bad-is infra: allowed"},
		"no such outcome":   {append(run, "-f", two, "--bad-is", "boot_failed"), 128, "--bad-is boot_failed: allowed"},
		"no QEMU":           {append(run, "-f", two, "--qemu", "kmatrix-no-such-qemu"), 129, "make setup"},
		"no initramfs":      {[]string{"run", "--for-bisect", "-f", two, "--initramfs", "no-such-archive"}, 129, "make build makes it"},
		"no baseline's":     {append(run, "-f", two, "-p", "stability/splice/punch/ext4"), 129, "the baseline, x, has no answer in"},
		"nor with --bad-is": {append(run, "-f", two, "-p", "stability/splice/punch/ext4", "--bad-is", "build-failed"), 129, "the baseline, x, has no answer in"},
	} {
		t.Run(name, func(t *testing.T) {
			if said, code := forGit(t, test.args...); code != test.code || !strings.Contains(said, test.want) {
				t.Errorf("exit code %d, want %d; it said %s", code, test.code, said)
			}
		})
	}
}

// TestAFlawIsNoBadCommit ends real processes: Go's own code for a panic is 2.
func TestAFlawIsNoBadCommit(t *testing.T) {
	const key = "KMATRIX_TEST_END"
	args := []string{"run", "--for-bisect"}
	ends := map[string]func() int{
		"panic":   func() int { panic("a flaw") },
		"another": func() int { go panic("a flaw elsewhere"); select {} },
		"quit":    func() int { return send(syscall.SIGQUIT) },
		"term":    func() int { return send(syscall.SIGTERM) },
		"done":    func() int { return exitDone },
	}
	if end := os.Getenv(key); end != "" {
		os.Exit(guarded(os.Stderr, args, ends[end]))
	}
	for end := range ends {
		// As git does: by a shell.
		cmd := exec.Command("/bin/sh", "-c", `"$0" -test.run='^TestAFlawIsNoBadCommit$'; exit $?`, os.Args[0])
		cmd.Env = append(os.Environ(), key+"="+end, "GOTRACEBACK=single")
		cmd.Dir = t.TempDir() // a core may be left there
		text, err := cmd.CombinedOutput()
		code := 0
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			code = exit.ExitCode()
		} else if err != nil {
			t.Fatal(err)
		}
		switch {
		case end == "done" && code != 0, end == "panic" && code != exitBisectHost, end != "done" && !stops(code):
			t.Errorf("%s: exit code %d, it said %s", end, code, text)
		case strings.HasPrefix(end, "pan") && !strings.Contains(string(text), "bisect_test.go"):
			t.Errorf("%s has no trace: %s", end, text)
		}
	}
}

// send sends this process a signal that it does not survive.
func send(s syscall.Signal) int {
	if err := syscall.Kill(os.Getpid(), s); err != nil {
		panic(err)
	}
	select {}
}

// TestWhatGitIsTold is the table of verdicts.
func TestWhatGitIsTold(t *testing.T) {
	stable := &matrix.Observation{Class: matrix.Stable, Bytes: 4096, Old: 4096, FirstOffset: -1}
	zeroed := &matrix.Observation{Class: matrix.Zeroed, Bytes: 4096, Zero: 4096}
	cost := func(v float64) *matrix.Sample {
		return &matrix.Sample{Value: v, Unit: "insn/B", Better: matrix.Lower, Clock: matrix.ClockIcount, Low: v, High: v, Iterations: 9}
	}
	passed := func(o *matrix.Observation) matrix.Result {
		return matrix.Result{Attempt: matrix.Attempt{Outcome: matrix.Pass, Finding: matrix.Finding{Observation: o}}}
	}
	measured := func(v float64) matrix.Result {
		return matrix.Result{Attempt: matrix.Attempt{Outcome: matrix.Pass, Finding: matrix.Finding{Sample: cost(v)}}}
	}
	ended := func(o matrix.Outcome) matrix.Result {
		return matrix.Result{Attempt: matrix.Attempt{Outcome: o, Detail: "why"}}
	}
	timed := func(v float64) matrix.Result {
		r := measured(v)
		r.Sample.Clock = matrix.ClockWall
		return r
	}
	type pair struct{ base, mine matrix.Result }
	same := pair{passed(stable), passed(stable)}
	for name, test := range map[string]struct {
		// pairs are the cells of one probe each; costs those of costs.
		pairs, costs []pair
		badIs        []string
		config       string
		want         int
		say          string
	}{
		"as the baseline":             {pairs: []pair{same, {passed(zeroed), passed(zeroed)}}, want: 0, say: "good: mine answers as base in all 2 cells"},
		"another class":               {pairs: []pair{same, {passed(stable), passed(zeroed)}}, want: 1, say: "bad: mine differs from base in 1 of 2 cells: stability/b: zeroed 4096, and the baseline stable"},
		"a crash":                     {pairs: []pair{{passed(stable), ended(matrix.Crash)}, {passed(stable), ended(matrix.Crash)}}, want: 1, say: "crash, and the baseline stable; and 1 more"},
		"a hang":                      {pairs: []pair{{passed(stable), ended(matrix.Hang)}}, want: 1, say: "hang"},
		"both crash":                  {pairs: []pair{{ended(matrix.Crash), ended(matrix.Crash)}}, want: 0},
		"both crash, and that is bad": {pairs: []pair{{ended(matrix.Crash), ended(matrix.Crash)}}, badIs: []string{"crash"}, want: 1},
		"lost what it supported":      {pairs: []pair{{passed(stable), ended(matrix.Unsupported)}}, want: 1},
		"no boot":                     {pairs: []pair{{passed(stable), ended(matrix.BootFailed)}}, want: 125, say: "skip: mine was not tested in 1 of 1 cells: stability/a: boot-failed: why"},
		"no boot, and that is bad":    {pairs: []pair{{passed(stable), ended(matrix.BootFailed)}}, badIs: []string{"crash", "boot-failed"}, want: 1},
		"no build":                    {pairs: []pair{{passed(stable), ended(matrix.BuildFailed)}}, want: 125},
		"no build, and that is bad":   {pairs: []pair{{passed(stable), ended(matrix.BuildFailed)}}, badIs: []string{"build-failed"}, want: 1},
		"no build, other is bad":      {pairs: []pair{{passed(stable), ended(matrix.BuildFailed)}}, badIs: []string{"boot-failed"}, want: 125},
		"unavailable":                 {pairs: []pair{{passed(stable), ended(matrix.Unavailable)}}, want: 125},
		"lost":                        {pairs: []pair{same, {passed(stable), ended(matrix.Lost)}}, want: 125},
		"no boot of the baseline":     {pairs: []pair{same, {ended(matrix.BootFailed), passed(stable)}}, badIs: []string{"boot-failed"}, want: 129, say: "stop: the baseline, base, has no answer in 1 of 2"},
		"no boot of either":           {pairs: []pair{{ended(matrix.BootFailed), ended(matrix.BootFailed)}}, badIs: []string{"boot-failed"}, want: 129},
		"the host":                    {pairs: []pair{{passed(stable), ended(matrix.Infra)}}, want: 129, say: "go on with: kmatrix run --resume"},
		"the host, at the baseline":   {pairs: []pair{{ended(matrix.Infra), passed(stable)}}, want: 129},
		"the host, and a difference":  {pairs: []pair{{passed(stable), ended(matrix.Infra)}, {passed(stable), passed(zeroed)}}, want: 1},
		"no boot, and a difference":   {pairs: []pair{{passed(stable), ended(matrix.BootFailed)}, {passed(stable), passed(zeroed)}}, want: 1},
		"the same cost":               {pairs: []pair{same}, costs: []pair{{measured(1), measured(1)}}, want: 0},
		"a worse cost":                {costs: []pair{{measured(1), measured(2)}}, want: 1, say: "cost/read-write/a beside base: worse, 2×"},
		"a better cost":               {costs: []pair{{measured(2), measured(1)}}, want: 1, say: "beside base: better, 0.5×"},
		"an unclear cost":             {pairs: []pair{same}, costs: []pair{{timed(1), timed(2)}}, want: 125, say: "skip: mine has no verdict in 1 of 2 cells"},
		"another configuration":       {pairs: []pair{same}, costs: []pair{{measured(1), measured(2)}}, config: "other", want: 125, say: "another configuration or compiler"},
		"a cost that crashed":         {costs: []pair{{measured(1), ended(matrix.Crash)}}, want: 1, say: "crash, and the baseline a cost"},
	} {
		t.Run(name, func(t *testing.T) {
			r := matrix.Run{Baseline: "base", Machines: []matrix.Machine{{Name: "m"}}, Kernels: []matrix.Column{{Name: "base", ConfigDigest: "one"}, {Name: "mine", ConfigDigest: "one"}}}
			if test.config != "" {
				r.Kernels[1].ConfigDigest = test.config
			}
			var results []matrix.Result
			add := func(prefix string, pairs []pair) {
				for i, p := range pairs {
					probe := prefix + string(rune('a'+i))
					r.Probes = append(r.Probes, probe)
					for k, res := range map[string]matrix.Result{"base": p.base, "mine": p.mine} {
						res.Kernel, res.Machine, res.Probe, res.Boot = k, "m", probe, 1
						res.Cell = matrix.Cell{Kernel: k, Machine: "m", Probe: probe}.ID()
						results = append(results, res)
						if o := res.Outcome; o == matrix.Unavailable || o == matrix.BuildFailed {
							i := slices.IndexFunc(r.Kernels, func(c matrix.Column) bool { return c.Name == k })
							r.Kernels[i].Outcome, r.Kernels[i].Detail = o, res.Detail
						}
					}
				}
			}
			add("stability/", test.pairs)
			add("cost/read-write/", test.costs)
			var said bytes.Buffer
			err := bisectOptions{on: true, badIs: test.badIs}.verdict(&said, compare.Compare(r, results), "runs/x")
			if err != nil {
				said.WriteString(err.Error() + "\n" + hintOf(err))
			}
			if code := bisectCode(exitCode(t.Context(), err)); code != test.want || !strings.Contains(said.String(), test.say) {
				t.Errorf("exit code %d, want %d; it said %s", code, test.want, &said)
			}
		})
	}
}

// TestOneBuildAllowsCosts: what cannot compare is refused, and no more.
func TestOneBuildAllowsCosts(t *testing.T) {
	s := &spec.Spec{Baseline: "base"}
	plan := &spec.Plan{Baseline: "base", Kernels: []matrix.Kernel{{Name: "mine", Build: "small"}, {Name: "base", Build: "small"}}, Probes: []matrix.Probe{{Name: "cost/x", Kind: matrix.Performance}}}
	if err := (bisectOptions{on: true}).checkPlan(s, plan); err != nil {
		t.Error(err)
	}
	plan.Kernels[0].Build, plan.Probes[0].Kind = "", matrix.Stability
	if err := (bisectOptions{on: true}).checkPlan(s, plan); err != nil {
		t.Error(err)
	}
}
