package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"kmatrix/host"
	"kmatrix/matrix"
	"kmatrix/matrix/spec"
	"kmatrix/vmimage"
	"kmatrix/vmimage/build"
	"kmatrix/vmimage/cache"
	"kmatrix/vmimage/debian"
	"kmatrix/vmimage/disk"
	"kmatrix/vmimage/external"
	"kmatrix/vmimage/fault"
	"kmatrix/vmimage/lock"
	"kmatrix/vmimage/source"
)

// images gets kernels ready to boot; it is the host's view of vmimage.
type images struct {
	env   *vmimage.Env
	guest vmimage.Guest
	// trees are the probes that run self-tests of the kernels' own trees.
	trees []matrix.Probe
	// disks are what the guest's file systems are on.
	disks []disk.FileSystem
	// scratchMiB is the most that an external probe asks for.
	scratchMiB int
	// locked names the kernels that --locked kept from being had.
	locked struct {
		sync.Mutex
		kernels []string
	}
}

// imageOptions are the flags of commands that boot kernels.
type imageOptions struct {
	locked, offline bool
	// initramfs is the base archive; empty means the one beside the program.
	initramfs string
	// log takes lines for the user, progress what is being fetched.
	log      func(string)
	progress func(kernel, what string)
}

// notices prints lines for the user, where a command has no progress to show.
func notices(cmd *cobra.Command) func(string) {
	return func(line string) { _, _ = fmt.Fprintln(cmd.ErrOrStderr(), line) } // nobody to tell
}

// newImages opens the cache and the lock beside the matrix's file.
func newImages(o imageOptions, s *spec.Spec, probes []matrix.Probe) (*images, error) {
	dir, err := cacheDir()
	if err != nil {
		return nil, err
	}
	base := o.initramfs
	if base == "" {
		if base, err = besideExecutable("initramfs.cpio"); err != nil {
			return nil, err
		}
	}
	sum, err := cache.Digest(base)
	if err != nil {
		return nil, fmt.Errorf("the guest's initramfs is not beside the program: make build makes it: %w", err)
	}
	home := filepath.Dir(s.Path)
	l, err := lock.Open(filepath.Join(home, "kernels.lock"))
	if err != nil {
		return nil, wrongUse{err}
	}
	l.Log = o.log
	var needs []string
	for _, p := range probes {
		needs = append(append(needs, p.Needs), p.Features...)
	}
	disks := disk.ForProbes(needs)
	scratch := 0
	for _, p := range probes {
		if p.Program != nil {
			scratch = max(scratch, p.Program.ScratchMiB)
		}
	}
	if scratch > 0 {
		disks = append(disks, disk.Scratch(scratch))
	}
	for _, d := range disks {
		needs = append(needs, d.Name) // also where it only carries another
	}
	return &images{
		guest: vmimage.Guest{Base: base, BaseDigest: "sha256:" + sum, Needs: needs}, disks: disks, scratchMiB: scratch,
		env: &vmimage.Env{Builds: s.Builds, Kernels: s.Kernels, Env: source.Env{
			Cache: &cache.Cache{Dir: dir, Log: o.log}, Lock: l, HTTP: httpClient(), Dir: home,
			Mirrors: func() (debian.Mirrors, error) { return mirrors(s) },
			Rewrite: s.Rewrite, Locked: o.locked, Offline: o.offline, Log: o.log, Progress: o.progress,
		}},
	}, nil
}

// with records in kernels.lock what the kernels are run with, or, with --locked,
// refuses to run them with anything else than it says. A lock of sources alone says
// nothing of it.
func (i *images) with(qemu string) error {
	now := lock.With{QEMU: qemu, Agent: i.guest.BaseDigest}
	was, known := i.env.Lock.With()
	switch {
	case known && was == now:
		return nil
	case !i.env.Locked:
		return i.env.Lock.PutWith(now)
	case !known:
		return nil
	case was.QEMU != now.QEMU:
		return fmt.Errorf("--locked: %s wants QEMU %s, and here is %s", i.env.Lock.Path(), was.QEMU, now.QEMU)
	default:
		return fmt.Errorf("--locked: %s wants the agent %.19s…, and %.19s… is beside the program: take the kmatrix that it was made with", i.env.Lock.Path(), was.Agent, now.Agent)
	}
}

// use keeps the cache's entries from being deleted until release is called, and
// clears away downloads that nobody went on with.
func (i *images) use() (release func() error, err error) {
	if release, err = i.env.Cache.Use(); err != nil {
		return nil, err
	}
	if err := vmimage.SweepDownloads(i.env.Cache); err != nil {
		return nil, errors.Join(err, release())
	}
	return release, nil
}

// connectDeadline is how long a server may take to accept a connection. One
// that is out of reach, behind a filter, must not hold up the others' table.
const connectDeadline = 8 * time.Second

// programs makes the external probes' programs, before anything boots: what the
// user is to correct is an [*external.Error].
func (i *images) programs(ctx context.Context, probes []matrix.Probe) error {
	var err error
	if i.guest.External, err = external.Build(ctx, i.env.Cache, i.env.Dir, probes); err != nil {
		return err
	}
	for _, p := range probes {
		if p.Program != nil && p.Program.Kind == matrix.ProgramTree {
			i.trees = append(i.trees, p)
		}
	}
	return nil
}

// httpClient honours the environment's proxy.
func httpClient() *http.Client {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.DialContext = (&net.Dialer{Timeout: connectDeadline}).DialContext
	t.ResponseHeaderTimeout = 30 * time.Second
	return &http.Client{Transport: t}
}

// mirrors finds Debian's mirror: the matrix's file names one where apt does
// not.
func mirrors(s *spec.Spec) (debian.Mirrors, error) {
	if d := s.Debian; d.Mirror != "" {
		m := debian.Mirrors{Archive: d.Mirror, Security: d.Security, Keyring: d.Keyring, Origin: s.Path}
		if m.Keyring == "" {
			m.Keyring = debian.DefaultKeyring
		}
		return m, nil
	}
	return debian.FromApt("/")
}

// Image gets one kernel ready to boot.
func (i *images) Image(ctx context.Context, k matrix.Kernel) (host.Bootable, error) {
	img, err := vmimage.Fetch(ctx, i.env, k)
	var missing *fault.UnavailableError
	if errors.As(err, &missing) {
		var locked *fault.LockedError
		if errors.As(err, &locked) {
			i.locked.Lock()
			i.locked.kernels = append(i.locked.kernels, k.Name)
			i.locked.Unlock()
		}
		return host.Bootable{}, &host.NoImageError{Outcome: matrix.Unavailable, Err: missing}
	}
	var failed *fault.BuildFailedError
	if errors.As(err, &failed) {
		return host.Bootable{}, &host.NoImageError{Outcome: matrix.BuildFailed, Err: failed}
	}
	if err != nil {
		return host.Bootable{}, err
	}
	b := host.Bootable{Image: img, Disks: map[string]string{}, ScratchMiB: i.scratchMiB}
	guest := i.guest
	for _, p := range i.trees {
		ready, err := vmimage.Selftests(ctx, i.env, k, img, p)
		if err != nil {
			return host.Bootable{}, err
		}
		guest.External = append(slices.Clip(guest.External), ready)
	}
	if b.Initrd, err = vmimage.Prepare(ctx, i.env, img, guest); err != nil {
		return host.Bootable{}, err
	}
	for _, f := range i.disks {
		if b.Disks[f.Name], err = disk.Make(ctx, i.env.Cache, f); err != nil {
			return host.Bootable{}, err
		}
	}
	return b, nil
}

// known is what a kernels.yaml may name.
func known() spec.Known {
	return spec.Known{Probes: allProbes(), Sources: source.Kinds(), Build: build.Default}
}

// hostKernel is what uname -r says here; it is for readers only, so that a
// failure leaves it empty.
func hostKernel() string {
	text, err := os.ReadFile("/proc/sys/kernel/osrelease")
	if err != nil {
		return ""
	}
	return string(text[:len(text)-1])
}

// hostCPU is the model of this host's processors, "" where it is not told.
func hostCPU() string {
	text, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return ""
	}
	_, rest, _ := strings.Cut(string(text), "model name")
	line, _, _ := strings.Cut(rest, "\n")
	_, model, _ := strings.Cut(line, ":")
	return strings.TrimSpace(model)
}
