package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"runtime"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"kmatrix/host"
	"kmatrix/host/capacity"
	"kmatrix/host/experiment"
	"kmatrix/host/images"
	"kmatrix/host/progress"
	"kmatrix/host/vm"
	"kmatrix/matrix"
	"kmatrix/matrix/report"
	"kmatrix/matrix/spec"
	"kmatrix/matrix/store"
)

// matrixRun is one run of the matrix, from its flags to its exit code.
type matrixRun struct {
	runOptions
	cmd   *cobra.Command
	began time.Time

	// Of [matrixRun.prepare]: what is to run, and what it runs with. kernel is the one
	// that both columns of an A/A run have, version that of QEMU, and speed that of this host.
	spec     *spec.Spec
	plan     *spec.Plan
	kernel   matrix.Kernel
	version  string
	cache    string
	host     matrix.Host
	speed    float64
	progress *progress.Progress
	images   *images.Images
	release  func() error

	// Of [matrixRun.open]; a run that is resumed has its store before.
	store  *store.Run
	runner *host.Runner
}

// runMatrix runs the matrix; st is the run that is resumed, nil for a new one. It is
// closed.
func runMatrix(cmd *cobra.Command, o runOptions, st *store.Run) (err error) {
	m := &matrixRun{runOptions: o, cmd: cmd, began: time.Now(), store: st}
	defer func() { err = errors.Join(err, m.close()) }()
	ctx := cmd.Context()
	if err := m.prepare(ctx); err != nil {
		return err
	}
	if err := m.open(); err != nil {
		return err
	}
	doc, err := m.execute(ctx)
	return m.finish(doc, err)
}

// prepare finds out all that the run rests on, before anything is stored.
func (m *matrixRun) prepare(ctx context.Context) (err error) {
	if err := m.check(); err != nil {
		return err
	}
	if err := m.prepareCells(ctx); err != nil {
		return err
	}
	if err := m.prepareHost(); err != nil {
		return err
	}
	return m.prepareImages(ctx)
}

// prepareCells plans the cells and their boots.
func (m *matrixRun) prepareCells(ctx context.Context) (err error) {
	if m.spec, m.plan, err = m.runOptions.plan(); err != nil {
		return err
	}
	if m.version, err = vm.Version(ctx, m.qemu); err != nil {
		return err
	}
	if m.cache, err = cacheDir(); err != nil {
		return err
	}
	if err := m.repeat(m.plan, m.cache, m.version); err != nil {
		return err
	}
	if m.store != nil {
		if err := samePlan(m.store.Header(), m.spec, m.plan, m.version); err != nil {
			return err
		}
	}
	m.kernel = m.plan.Kernels[0]
	return m.twice(m.plan)
}

// prepareHost finds out what this host can do, and begins to tell of the run.
func (m *matrixRun) prepareHost() error {
	has, err := capacity.Read("/")
	if err != nil {
		return err
	}
	fits, fewer, err := capacity.Jobs(m.plan.Machines, has)
	if err != nil {
		return err
	}
	if m.speed, err = capacity.Speed(); err != nil {
		return err
	}
	m.progress = newProgress(m.cmd.ErrOrStderr(), m.plan)
	if m.jobs == 0 {
		if m.jobs = fits; fewer != "" {
			m.progress.Notice(fewer)
		}
	}
	m.host = matrix.Host{
		QEMU: m.version, Accel: matrix.AccelAuto, CPUs: runtime.NumCPU(), CPU: hostCPU(), MemoryMiB: has.TotalMiB,
		Kernel: hostKernel(), Jobs: m.jobs, Speed: math.Round(100*m.speed) / 100,
	}
	n, err := m.leftOut(m.spec, m.plan)
	if err == nil && n > 0 {
		m.progress.Notice(fmt.Sprintf("run: probes: of %s leaves %d stability and cost probes out; --all-probes runs them, too", m.spec.Path, n))
	}
	return err
}

// newProgress shows what a run of the plan does on the terminal behind w, or prints it to w
// where that is none.
func newProgress(w io.Writer, plan *spec.Plan) *progress.Progress {
	work := progress.Work{Boots: map[string]int{}, Results: plan.Total()}
	for _, k := range plan.Kernels {
		work.Kernels = append(work.Kernels, k.Name)
	}
	for _, m := range plan.Machines {
		work.Boots[m.Name] = m.Boots
	}
	var t *progress.Terminal
	if width, colour := terminal(w); width > 0 {
		t = &progress.Terminal{File: terminalFile(w), Colour: colour}
	}
	return progress.New(w, t, work)
}

// prepareImages opens the cache, and makes the programs of external probes.
func (m *matrixRun) prepareImages(ctx context.Context) (err error) {
	o := imageOptions{initramfs: m.initramfs, locked: m.locked, offline: m.offline, log: m.progress.Notice, progress: m.progress.Fetching}
	if m.images, err = newImages(o, m.spec, m.plan.Probes); err != nil {
		return err
	}
	if m.release, err = m.images.Use(); err != nil {
		return err
	}
	m.host.Agent = m.images.Guest.BaseDigest
	return errors.Join(m.images.LockTools(m.version), m.images.BuildPrograms(ctx, m.plan.Probes))
}

// open begins the stored run, or goes on with the one that is resumed, and makes its
// runner.
func (m *matrixRun) open() (err error) {
	about := header(m.spec, m.plan, m.host)
	about.AA, about.Calibrations = m.aa, experiment.Calibrations(m.cache, about.Host, m.plan.Machines)
	if m.store != nil {
		err = recordResumed(m.store, about, m.progress)
	} else if about.Invocation, err = invocation(m.cmd.Flags()); err == nil {
		m.store, err = store.Create(m.dir, about)
	}
	if err != nil {
		return err
	}
	m.progress.Follow(m.store.Header)
	var images host.Images = m.images
	if m.aa {
		images = experiment.OneImage(m.images, m.kernel)
	}
	m.runner, err = host.New(host.Config{
		Kernels: m.plan.Kernels, Machines: m.plan.Machines, Probes: m.plan.Probes,
		Images: images, Store: m.store, Jobs: m.jobs, QEMU: m.qemu, Version: m.version, CacheDir: m.cache, SnapshotLimit: int64(m.snapshots) << 20,
		Deadlines: host.Deadlines{Boot: m.boot, Probe: m.probe}, Speed: m.speed, DumpMiB: int64(m.dump), Budget: m.stressFor, Notify: m.progress.Event,
	})
	return err
}

// execute answers the cells, and stores how that ended. It returns what there is to
// report, nil where that could not be stored, and what ended the run before its time.
func (m *matrixRun) execute(ctx context.Context) (*report.Document, error) {
	compared, runErr := experiment.Sequential(ctx, m.runner, m.store, m.plan.Cells(), m.progress.More)
	now := time.Now().UTC()
	var kept error
	if err := m.store.Update(func(run *matrix.Run) {
		run.Finished, run.Interrupted = &now, runErr != nil
		run.Seconds += time.Since(m.began).Round(time.Millisecond).Seconds()
		kept = experiment.Calibrate(m.cache, run, compared)
	}); err != nil || kept != nil {
		return nil, errors.Join(runErr, err, kept)
	}
	profiles, err := m.profiles(ctx, m.runner, m.store, compared)
	compared.Locate(profiles)
	// Of before the run was gone on with.
	assessments, lost := m.store.Assessments()
	return &report.Document{
		Run: m.store.Header(), Results: m.store.Results(), Profiles: profiles, Comparison: compared, Assessments: assessments, Dir: m.store.Dir(),
	}, errors.Join(runErr, err, lost)
}

// finish reports the run, and returns the error that its exit code tells of: what ended
// it before its time, err, or else what it found.
func (m *matrixRun) finish(doc *report.Document, err error) error {
	m.progress.Stop()
	if doc != nil {
		err = errors.Join(err, m.format.write(m.cmd, *doc, m.to))
	}
	if err != nil {
		return unfinished{err, m.store.Dir()}
	}
	if refused := m.images.Refused(); len(refused) > 0 {
		return fmt.Errorf("--locked: %s cannot be had as kernels.lock records it", strings.Join(refused, ", "))
	}
	if m.bisect.on {
		return m.bisect.verdict(m.cmd.ErrOrStderr(), doc.Comparison, doc.Dir)
	}
	return m.verdict(doc.Comparison, doc.Run, doc.Results, doc.Dir)
}

// close gives up what the run holds.
func (m *matrixRun) close() (err error) {
	if m.progress != nil {
		m.progress.Stop()
	}
	if m.release != nil {
		err = m.release()
	}
	if m.store != nil {
		err = errors.Join(err, m.store.Close())
	}
	return err
}
