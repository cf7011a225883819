package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"runtime"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"kmatrix/host"
	"kmatrix/host/capacity"
	"kmatrix/host/snapshots"
	"kmatrix/host/vm"
	"kmatrix/matrix"
	"kmatrix/matrix/report"
	"kmatrix/matrix/store"
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
one table of what they did. Every result is kept under --dir as it comes.

--resume goes on with a run that was interrupted or killed: it asks for the cells
that have no outcome, and those whose outcome is infra, with the flags that the run
was begun with. Flags that make the plan cannot be given beside it.

` + bisectHelp + `

` + exitCodes,
		Example: `  kmatrix run
  kmatrix run -k 5.10 -k 6.1 -p stability/splice/punch
  kmatrix run --kernel 5.15=../linux-5.15.148
  kmatrix run --all-probes
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
			st, err := takeUp(cmd, o.dir, o.resume)
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
	f.StringVar(&o.profile, "profile", "", "say which functions of the kernel a cost's difference is in, from one more boot of both kernels: `WHICH` is differing, of costs that are better or worse, or all")
	f.Lookup("profile").NoOptDefVal = profileDiffering
	f.DurationVar(&o.boot, "boot-deadline", 0, "how long a guest may take until its agent is ready, less what this host does not let it run (default 90s, more on a slow host)")
	f.DurationVar(&o.probe, "probe-deadline", 0, "how long one probe may take (default 30s, likewise), beside what --stress-for gives it")
	f.DurationVar(&o.stressFor, "stress-for", 0, "how long each stress probe works (default: its own budget, 3s)")
	f.StringVar(&o.resume, "resume", "", "go on with `RUN`, a directory or its name under --dir: only what has no outcome yet, or infra, is asked")
	f.IntVar(&o.dump, "dump-on-hang", 0, "keep up to `MIB` of the memory of a guest that hangs, as an ELF core beside its other evidence")
	f.IntVar(&o.snapshots, "snapshot-limit", snapshots.DefaultLimit>>20, "how many `MIB` of the disk snapshots of guests may take, those of other runs included")
	return cmd
}

// runMatrix runs the matrix; st is the run that is resumed, nil for a new one.
func runMatrix(cmd *cobra.Command, o runOptions, st *store.Run) (err error) {
	ctx, began := cmd.Context(), time.Now()
	defer func() {
		if st != nil {
			err = errors.Join(err, st.Close())
		}
	}()
	if err := o.check(); err != nil {
		return err
	}
	s, plan, err := o.plan()
	if err != nil {
		return err
	}
	version, err := vm.Version(ctx, o.qemu)
	if err != nil {
		return err
	}
	cache, err := cacheDir()
	if err != nil {
		return err
	}
	if err := o.repeat(plan, cache, version); err != nil {
		return err
	}
	if st != nil {
		if err := samePlan(st.Header(), s, plan, version); err != nil {
			return err
		}
	}
	one := plan.Kernels[0]
	if err := o.twice(plan); err != nil {
		return err
	}
	has, err := capacity.Read("/")
	if err != nil {
		return err
	}
	fits, fewer, err := capacity.Jobs(plan.Machines, has)
	if err != nil {
		return err
	}
	speed, err := capacity.Speed()
	if err != nil {
		return err
	}
	progress := newProgress(rawStream(cmd.ErrOrStderr()), plan)
	defer progress.stop()
	if o.jobs == 0 {
		if o.jobs = fits; fewer != "" {
			progress.notice(fewer)
		}
	}
	if n, err := o.leftOut(s, plan); err != nil {
		return err
	} else if n > 0 {
		progress.notice(fmt.Sprintf("run: probes: of %s leaves %d stability and cost probes out; --all-probes runs them, too", s.Path, n))
	}
	images, err := newImages(imageOptions{initramfs: o.initramfs, locked: o.locked, offline: o.offline, log: progress.notice, progress: progress.fetching}, s, plan.Probes)
	if err != nil {
		return err
	}
	release, err := images.use()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, release()) }()
	if err := errors.Join(images.with(version), images.programs(ctx, plan.Probes)); err != nil {
		return err
	}
	about := header(s, plan, matrix.Host{
		QEMU: version, Accel: matrix.AccelAuto, CPUs: runtime.NumCPU(), CPU: hostCPU(), MemoryMiB: has.TotalMiB,
		Kernel: hostKernel(), Agent: images.guest.BaseDigest, Jobs: o.jobs, Speed: math.Round(100*speed) / 100,
	})
	about.AA, about.Calibrations = o.aa, calibrations(cache, about.Host, plan.Machines)
	if st == nil {
		if about.Invocation, err = invocation(cmd.Flags()); err != nil {
			return err
		}
		st, err = store.Create(o.dir, about)
	} else {
		err = goOn(st, about, progress)
	}
	if err != nil {
		return err
	}
	progress.follow(st.Header)
	r := &host.Runner{
		Kernels: plan.Kernels, Machines: plan.Machines, Probes: plan.Probes,
		Images: images, Store: st, Jobs: o.jobs, QEMU: o.qemu, Version: version, CacheDir: cache, SnapshotLimit: int64(o.snapshots) << 20,
		Deadlines: host.Deadlines{Boot: o.boot, Probe: o.probe}, Speed: speed, DumpMiB: int64(o.dump), Budget: o.stressFor, Notify: progress.event,
	}
	if o.aa {
		r.Images = &twoColumns{Images: images, kernel: one}
	}
	ask := func(ctx context.Context, cells []matrix.Cell, behind, upTo map[string]int) ([]matrix.Result, error) {
		_, err := r.More(ctx, cells, behind, upTo)
		return st.Results(), err // also those of before the run was resumed
	}
	looks := sequential{header: st.Header, update: st.Update, ask: ask, more: progress.more}
	results, compared, runErr := looks.run(ctx, plan.Cells())
	now := time.Now().UTC()
	var kept error
	if err := st.Update(func(run *matrix.Run) {
		run.Finished, run.Interrupted = &now, runErr != nil
		run.Seconds += time.Since(began).Round(time.Millisecond).Seconds()
		kept = calibrate(cache, run, compared)
	}); err != nil || kept != nil {
		return unfinished{errors.Join(runErr, err, kept), st.Dir()}
	}
	profiles, profileErr := o.profiles(ctx, r, compared)
	runErr = errors.Join(runErr, profileErr)
	compared.Locate(profiles)
	progress.stop()
	if err := o.print(cmd, report.Document{Run: st.Header(), Results: results, Profiles: profiles, Comparison: compared, Dir: st.Dir()}); err != nil {
		return unfinished{errors.Join(runErr, err), st.Dir()}
	}
	if runErr != nil {
		return unfinished{runErr, st.Dir()}
	}
	if len(images.locked.kernels) > 0 {
		return fmt.Errorf("--locked: %s cannot be had as kernels.lock records it", strings.Join(images.locked.kernels, ", "))
	}
	if o.bisect.on {
		return o.bisect.verdict(cmd.ErrOrStderr(), compared, st.Header(), results, st.Dir())
	}
	return o.verdict(compared, st.Header(), results, st.Dir())
}

// print writes the report where the user wants it.
func (o *runOptions) print(cmd *cobra.Command, doc report.Document) (err error) {
	return o.format.write(cmd, doc, o.to)
}
