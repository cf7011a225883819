package main

import (
	"strings"
	"time"

	"github.com/spf13/cobra"

	"kmatrix/host/snapshots"
)

// runOptions are the flags of `kmatrix run`.
type runOptions struct {
	file      string
	dir       string
	kernels   []string
	patterns  []string
	jobs      int
	allProbes bool
	format    formatOptions
	to        []destination
	locked    bool
	offline   bool
	strict    bool
	failOn    []string
	bisect    bisectOptions
	qemu      string
	initramfs string
	boot      time.Duration
	probe     time.Duration
	stressFor time.Duration
	boots     string
	aa        bool
	snapshots int
	profile   string
	resume    string
	dump      int
}

func newRunCommand() *cobra.Command {
	var o runOptions
	cmd := &cobra.Command{
		Use:   "run",
		Short: "Boot the kernels, run the probes, print the table",
		Long: `Boot each kernel of kernels.yaml, run the probes that its machines name, and print
one table of what they did, which begins with what it comes to, in at most 25 lines:
--summary stops there. Every result is kept under --dir as it comes.

--resume goes on with a run that was interrupted or killed: it asks for the cells
that have no outcome, and those whose outcome is infra, with the flags that the run
was begun with. Flags that make the plan cannot be given beside it.

` + bisectHelp + `

` + exitCodes,
		Example: `  kmatrix run
  kmatrix run -k 5.10 -k 6.1 -p stability/splice/punch
  kmatrix run --kernel 5.15=../linux-5.15.148
  kmatrix run --all-probes
  kmatrix run --summary
  kmatrix run -p stress --stress-for 30s
  kmatrix run -p cost --boots 8
  kmatrix run -p cost --boots auto
  kmatrix run --aa -k 6.1 -p cost
  kmatrix run -k 6.12-built -k splice-fix-corruption -p cost/*/64k --profile
  kmatrix run --json -o run.json
  kmatrix run --format table --format json=run.json
  kmatrix run --fail-on differs,crash
  kmatrix run --resume runs/20261123-221501-A1B2
  git bisect run kmatrix run --for-bisect -f ~/bisect.yaml --dir ~/bisect-runs --kernel mine=. -p stability`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if o.resume == "" {
				return runMatrix(cmd, o, nil)
			}
			st, err := resumeRun(cmd, o.dir, o.resume)
			if err != nil {
				return err
			}
			return runMatrix(cmd, o, st)
		},
	}
	f := cmd.Flags()
	f.StringVarP(&o.file, "file", "f", "kernels.yaml", "the matrix to run")
	f.StringVar(&o.dir, "dir", "runs", "the directory that keeps runs")
	f.StringArrayVarP(&o.kernels, "kernel", "k", nil, "only the kernel `NAME`; NAME=PATH puts a tree, a tarball or an image in its column's place, and alone selects nothing; repeatable")
	f.StringArrayVarP(&o.patterns, "probe", "p", nil, "only probes that match `PATTERN`; repeatable")
	f.BoolVar(&o.allProbes, "all-probes", false, "run every stability and cost probe that the machines name, also those that run: probes: of the matrix leaves out; stress and external probes are asked by -p")
	f.IntVarP(&o.jobs, "jobs", "j", 0, "how many guests run at once (default: what cores and memory allow)")
	o.format.add(f)
	f.BoolVar(&o.locked, "locked", false, "run exactly what kernels.lock records, or fail")
	f.BoolVar(&o.offline, "offline", false, "use the cache only")
	f.BoolVar(&o.strict, "strict", false, "exit with 4 when a kernel was not tested: it is unavailable, build-failed or boot-failed, or lost")
	f.StringSliceVar(&o.failOn, "fail-on", nil, "exit with 1 on any of: "+findingNames())
	f.BoolVar(&o.bisect.on, "for-bisect", false, "answer git bisect run by the exit code: 0 the one kernel beside the baseline answers as that, 1 it differs, 125 it was not tested, 128 or more stop git")
	f.StringSliceVar(&o.bisect.badIs, "bad-is", nil, "with --for-bisect: exit with 1 on an `OUTCOME` of the kernel, too: "+strings.Join(badOutcomes(), ", "))
	f.StringVar(&o.qemu, "qemu", "qemu-system-x86_64", "the QEMU `PROGRAM`")
	f.StringVar(&o.initramfs, "initramfs", "", "the guest's base `ARCHIVE` (default: initramfs.cpio beside the program)")
	f.StringVar(&o.boots, "boots", "", "how many fresh boots each cell gets, whatever kernels.yaml says: `N`, or auto: more for those whose verdict is inconclusive (default there: 1 for behaviour, 3 where instructions are counted, 8 for times)")
	f.BoolVar(&o.aa, "aa", false, "run one kernel (-k, else the baseline) as two columns that share no boot: how often is a difference found that is none, and what is the smallest that is seen?")
	f.StringVar(&o.profile, "profile", "", "say which functions of the kernel a cost's difference is in, from one more boot of both kernels: `WHICH` is differing, of costs that differ, or all")
	f.Lookup("profile").NoOptDefVal = profileDiffering
	f.DurationVar(&o.boot, "boot-deadline", 0, "how long a guest may take until its agent is ready, less what this host does not let it run (default 90s, more on a slow host)")
	f.DurationVar(&o.probe, "probe-deadline", 0, "how long one probe may take (default 30s, likewise), beside what --stress-for gives it")
	f.DurationVar(&o.stressFor, "stress-for", 0, "how long each stress probe works (default: its own budget, 3s)")
	f.StringVar(&o.resume, "resume", "", "go on with `RUN`, a directory or its name under --dir: only what has no outcome yet, or infra, is asked")
	f.IntVar(&o.dump, "dump-on-hang", 0, "keep up to `MIB` of the memory of a guest that hangs, as an ELF core beside its other evidence")
	f.IntVar(&o.snapshots, "snapshot-limit", snapshots.DefaultLimit>>20, "how many `MIB` of the disk snapshots of guests may take, those of other runs included")
	return cmd
}
