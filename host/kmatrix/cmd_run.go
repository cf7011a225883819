package main

import (
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"kmatrix/host"
	"kmatrix/host/vm"
	"kmatrix/matrix"
	"kmatrix/matrix/compare"
	"kmatrix/matrix/report"
	"kmatrix/matrix/spec"
	"kmatrix/matrix/store"
)

// runOptions are the flags of `kmatrix run`.
type runOptions struct {
	file      string
	dir       string
	kernels   []string
	patterns  []string
	jobs      int
	json      bool
	all       bool
	allProbes bool
	output    string
	locked    bool
	offline   bool
	strict    bool
	failOn    []string
	qemu      string
	initramfs string
	boot      time.Duration
	probe     time.Duration
	stressFor time.Duration
	boots     string
	aa        bool
	snapshots int
	profile   string
}

func newRunCommand() *cobra.Command {
	var o runOptions
	cmd := &cobra.Command{
		Use:   "run",
		Short: "Boot the kernels, run the probes, print the table",
		Long: `Boot each kernel of kernels.yaml, run the probes that its machines name, and print
one table of what they did. Every result is kept under --dir as it comes.

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
  kmatrix run --fail-on differs,crash`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return runMatrix(cmd, o) },
	}
	f := cmd.Flags()
	f.StringVarP(&o.file, "file", "f", "kernels.yaml", "the matrix to run")
	f.StringVar(&o.dir, "dir", "runs", "the directory that keeps runs")
	f.StringArrayVarP(&o.kernels, "kernel", "k", nil, "only the kernel `NAME`; NAME=PATH puts a tree, a tarball or an image in its column's place, and alone selects nothing; repeatable")
	f.StringArrayVarP(&o.patterns, "probe", "p", nil, "only probes that match `PATTERN`; repeatable")
	f.BoolVar(&o.allProbes, "all-probes", false, "run all probes that the machines name, also those that run: probes: of the matrix leaves out")
	f.IntVarP(&o.jobs, "jobs", "j", 0, "how many guests run at once (default: what cores and memory allow)")
	f.BoolVar(&o.json, "json", false, "print the run as one JSON document instead of the table")
	f.BoolVar(&o.all, "all", false, "list rows that are the same on all kernels, too")
	f.StringVarP(&o.output, "output", "o", "", "write to `FILE` instead of the standard output")
	f.BoolVar(&o.locked, "locked", false, "run exactly what kernels.lock records, or fail")
	f.BoolVar(&o.offline, "offline", false, "use the cache only")
	f.BoolVar(&o.strict, "strict", false, "exit with 3 when a kernel cannot be had")
	f.StringSliceVar(&o.failOn, "fail-on", nil, "exit with 1 on any of: "+findingNames())
	f.StringVar(&o.qemu, "qemu", "qemu-system-x86_64", "the QEMU `PROGRAM`")
	f.StringVar(&o.initramfs, "initramfs", "", "the guest's base `ARCHIVE` (default: initramfs.cpio beside the program)")
	f.StringVar(&o.boots, "boots", "", "how many fresh boots each cell gets, whatever kernels.yaml says: `N`, or auto: more for those whose verdict is inconclusive (default there: 1 for behaviour, 3 where instructions are counted, 8 for times)")
	f.BoolVar(&o.aa, "aa", false, "run one kernel (-k, else the baseline) as two columns that share no boot: how often is a difference found that is none, and what is the smallest that is seen?")
	f.StringVar(&o.profile, "profile", "", "say which functions of the kernel a cost's difference is in, from one more boot of both kernels: of costs that are better or worse, or of `all` (--profile=all)")
	f.Lookup("profile").NoOptDefVal = profileDiffering
	f.DurationVar(&o.boot, "boot-deadline", 0, "how long a guest may take until its agent is ready (default 90s)")
	f.DurationVar(&o.probe, "probe-deadline", 0, "how long one probe may take (default 30s), beside what --stress-for gives it")
	f.DurationVar(&o.stressFor, "stress-for", 0, "how long each stress probe works (default: its own budget, 3s)")
	f.IntVar(&o.snapshots, "snapshot-limit", host.DefaultSnapshotLimit>>20, "how many `MIB` of the disk snapshots of guests may take, those of other runs included")
	return cmd
}

func runMatrix(cmd *cobra.Command, o runOptions) (err error) {
	ctx := cmd.Context()
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
	one := plan.Kernels[0]
	if err := o.twice(plan); err != nil {
		return err
	}
	capacity, err := host.ReadCapacity("/")
	if err != nil {
		return err
	}
	fits, fewer, err := host.Jobs(plan.Machines, capacity)
	if err != nil {
		return err
	}
	progress := newProgress(cmd.ErrOrStderr(), plan)
	defer progress.stop()
	if o.jobs == 0 {
		if o.jobs = fits; fewer != "" {
			progress.notice(fewer)
		}
	}
	if n, err := o.leftOut(s, plan); err != nil {
		return err
	} else if n > 0 {
		progress.notice(fmt.Sprintf("run: probes: of %s leaves %d probes out; --all-probes runs them, too", s.Path, n))
	}
	images, err := newImages(imageOptions{initramfs: o.initramfs, locked: o.locked, offline: o.offline, log: progress.notice, progress: progress.fetching}, s, plan.Probes)
	if err != nil {
		return err
	}
	release, err := images.env.Cache.Use()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, release()) }()
	if err := errors.Join(images.with(version), images.programs(ctx, plan.Probes)); err != nil {
		return err
	}
	about := header(s, plan, matrix.Host{
		QEMU: version, Accel: matrix.AccelAuto, CPUs: runtime.NumCPU(), CPU: hostCPU(), MemoryMiB: capacity.TotalMiB,
		Kernel: hostKernel(), Agent: images.guest.BaseDigest, Jobs: o.jobs,
	})
	about.AA, about.Calibrations = o.aa, calibrations(cache, about.Host, plan.Machines)
	st, err := store.Create(o.dir, about)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, st.Close()) }()
	progress.follow(st.Header)
	r := &host.Runner{
		Kernels: plan.Kernels, Machines: plan.Machines, Probes: plan.Probes,
		Images: images, Store: st, Jobs: o.jobs, QEMU: o.qemu, Version: version, CacheDir: cache, SnapshotLimit: int64(o.snapshots) << 20,
		Deadlines: host.Deadlines{Boot: o.boot, Probe: o.probe}, Budget: o.stressFor, Notify: progress.event,
	}
	if o.aa {
		r.Images = &twoColumns{Images: images, kernel: one}
	}
	l := looks{header: st.Header, update: st.Update, ask: r.More, more: progress.more}
	results, runErr := l.run(ctx, plan.Cells())
	now := time.Now().UTC()
	var kept error
	if err := st.Update(func(run *matrix.Run) {
		run.Finished, run.Interrupted = &now, runErr != nil
		kept = calibrate(cache, run, results)
	}); err != nil || kept != nil {
		return errors.Join(runErr, err, kept)
	}
	profiles, profileErr := o.profiles(ctx, r, st.Header(), results)
	runErr = errors.Join(runErr, profileErr)
	progress.stop()
	if err := o.print(cmd, report.Document{Run: st.Header(), Results: results, Profiles: profiles, Dir: st.Dir()}); err != nil {
		return errors.Join(runErr, err)
	}
	if runErr != nil {
		return runErr
	}
	if len(images.locked.kernels) > 0 {
		return fmt.Errorf("--locked: %s cannot be had as kernels.lock records it", strings.Join(images.locked.kernels, ", "))
	}
	return o.verdict(st.Header(), results)
}

// check refuses flags that make no sense before anything is started.
func (o *runOptions) check() error {
	if o.jobs < 0 {
		return wrong("-j %d: at least one guest must run at once", o.jobs)
	}
	if o.boot < 0 || o.probe < 0 {
		return wrong("a deadline must be longer than nothing")
	}
	if o.stressFor < 0 {
		return wrong("--stress-for %s: want a time such as 30s", o.stressFor)
	}
	if _, err := parseBoots(o.boots); err != nil {
		return err
	}
	if o.snapshots < 1 {
		return wrong("--snapshot-limit %d: want a number of MiB; isolate: boot in %s does without snapshots", o.snapshots, o.file)
	}
	if o.profile != "" && o.profile != profileDiffering && o.profile != profileAll {
		return wrong("--profile=%s: allowed are --profile, for costs that differ, and --profile=all", o.profile)
	}
	if o.allProbes && len(o.patterns) > 0 {
		return wrong("--all-probes and -p: choose one")
	}
	return checkFailOn(o.failOn)
}

// plan reads kernels.yaml and selects from it.
func (o *runOptions) plan() (*spec.Spec, *spec.Plan, error) {
	known := known()
	s, err := spec.LoadFile(o.file, known)
	if err != nil {
		return nil, nil, err
	}
	selected, err := replaceSources(s, o.kernels)
	if err != nil {
		return nil, nil, err
	}
	patterns := o.patterns
	if len(patterns) == 0 && !o.allProbes {
		patterns = s.Probes
	}
	if o.aa && len(selected) == 0 {
		selected = []string{s.Baseline}
	}
	plan, err := s.Plan(spec.Selection{Kernels: selected, Probes: patterns}, known)
	if err == nil && o.stressFor > 0 && !slices.ContainsFunc(plan.Probes, func(p matrix.Probe) bool { return p.Budget > 0 }) {
		err = wrong("--stress-for: no stress probe is asked: add -p stress")
	}
	return s, plan, err
}

// leftOut counts the probes of the machines that are not asked because nobody
// asked for anything, and run: probes: does not name them.
func (o *runOptions) leftOut(s *spec.Spec, plan *spec.Plan) (int, error) {
	if len(o.patterns) > 0 || o.allProbes {
		return 0, nil
	}
	all, err := s.Plan(spec.Selection{}, known())
	if err != nil {
		return 0, err
	}
	return len(all.Probes) - len(plan.Probes), nil
}

// print writes the report where the user wants it.
func (o *runOptions) print(cmd *cobra.Command, doc report.Document) (err error) {
	return writeReport(cmd, doc, formatName(o.json), o.output, o.all)
}

// verdict turns what the run found into the error that --fail-on and --strict
// ask for.
func (o *runOptions) verdict(run matrix.Run, results []matrix.Result) error {
	counts := map[string]int{}
	for _, r := range results {
		counts[string(r.Outcome)]++
	}
	found := findings(o.failOn, compare.Compare(run, results), run, results)
	switch {
	case len(found) > 0:
		return finding{"--fail-on: " + strings.Join(found, ", ")}
	case counts[string(matrix.Infra)] > 0:
		return fmt.Errorf("%d cells have the outcome infra: this host could not do its part", counts[string(matrix.Infra)])
	case len(results) > 0 && counts[string(matrix.Unavailable)]+counts[string(matrix.BuildFailed)] == len(results):
		return errors.New("no kernel could be had: nothing was asked")
	case o.strict && counts[string(matrix.Unavailable)] > 0:
		return fmt.Errorf("--strict: %d cells belong to kernels that are unavailable", counts[string(matrix.Unavailable)])
	}
	return nil
}

// header is the run's description before anything has run.
func header(s *spec.Spec, plan *spec.Plan, h matrix.Host) matrix.Run {
	run := matrix.Run{
		Started: time.Now().UTC(), Spec: s.Path, SpecDigest: s.Digest, Baseline: plan.Baseline,
		Host: h, Machines: plan.Machines,
	}
	for _, k := range plan.Kernels {
		run.Kernels = append(run.Kernels, matrix.Column{Name: k.Name, Contract: k.Contract, Source: k.Source, Base: k.Base, Series: k.Series, Append: k.Append})
	}
	for _, p := range plan.Probes {
		run.Probes = append(run.Probes, p.Name)
	}
	return run
}
