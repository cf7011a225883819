// Package images gives the runner the images of the kernels of a matrix: it is host's
// view of vmimage.
//
// [New] opens cache and lock, [Images.BuildPrograms] makes the programs of external probes
// and [Images.Image] gets one kernel ready to boot, with its initramfs and disks. Whether
// a kernel that cannot be had is unavailable or does not build is decided here, by the
// fault that vmimage tells of.
package images

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"kmatrix/host"
	"kmatrix/matrix"
	"kmatrix/matrix/spec"
	"kmatrix/vmimage"
	"kmatrix/vmimage/cache"
	"kmatrix/vmimage/debian"
	"kmatrix/vmimage/disk"
	"kmatrix/vmimage/external"
	"kmatrix/vmimage/fault"
	"kmatrix/vmimage/lock"
	"kmatrix/vmimage/source"
)

// Images makes images of kernels. It is a [host.Images].
type Images struct {
	// Env is what vmimage works in, and Guest what the initramfs of each image has.
	Env   *vmimage.Env
	Guest vmimage.Guest
	// trees are the probes that run self-tests of the kernels' own trees.
	trees []matrix.Probe
	// disks are what the guest's file systems are on.
	disks []disk.FileSystem
	// scratchMiB is the most that an external probe asks for.
	scratchMiB int
	// mu guards refused, the kernels that Options.Locked kept from being had.
	mu      sync.Mutex
	refused []string
}

// Options are what [New] needs beside a matrix. CacheDir, Initramfs and Lock must be set.
type Options struct {
	// CacheDir is the directory of the cache.
	CacheDir string
	// Initramfs is the archive that the initramfs of every kernel begins with.
	Initramfs string
	// Lock is the kernels.lock of the matrix. With Locked, nothing is had that it does
	// not record.
	Lock   *lock.Lock
	Locked bool
	// Offline has only what the cache has.
	Offline bool
	// Log takes lines for the user, and Progress what is being fetched for a kernel;
	// either may be nil.
	Log      func(string)
	Progress func(kernel, what string)
}

// New opens what images of kernels that are asked probes are made with. s is the matrix,
// beside whose file trees and programs are.
func New(o Options, s *spec.Spec, probes []matrix.Probe) (*Images, error) {
	sum, err := cache.Digest(o.Initramfs)
	if err != nil {
		return nil, fmt.Errorf("the guest's initramfs is not beside the program: make build makes it: %w", err)
	}
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
	return &Images{
		Guest: vmimage.Guest{Base: o.Initramfs, BaseDigest: "sha256:" + sum, Needs: needs}, disks: disks, scratchMiB: scratch,
		Env: &vmimage.Env{Builds: s.Builds, Kernels: s.Kernels, Env: source.Env{
			Cache: &cache.Cache{Dir: o.CacheDir, Log: o.Log}, Lock: o.Lock, HTTP: HTTPClient(), Dir: filepath.Dir(s.Path),
			Mirrors: func() (debian.Mirrors, error) { return mirrors(s) },
			Rewrite: s.Rewrite, Locked: o.Locked, Offline: o.Offline, Log: o.Log, Progress: o.Progress,
		}},
	}, nil
}

// LockTools records in kernels.lock what the kernels are run with, QEMU's version and the
// agent, or, with --locked, refuses to run them with anything else than it says. A lock
// of sources alone says nothing of it.
func (i *Images) LockTools(qemu string) error {
	now := lock.With{QEMU: qemu, Agent: i.Guest.BaseDigest}
	was, known := i.Env.Lock.With()
	switch {
	case known && was == now:
		return nil
	case !i.Env.Locked:
		return i.Env.Lock.PutWith(now)
	case !known:
		return nil
	case was.QEMU != now.QEMU:
		return fmt.Errorf("--locked: %s wants QEMU %s, and here is %s", i.Env.Lock.Path(), was.QEMU, now.QEMU)
	default:
		return fmt.Errorf("--locked: %s wants the agent %.19s…, and %.19s… is beside the program: take the kmatrix that it was made with", i.Env.Lock.Path(), was.Agent, now.Agent)
	}
}

// Use keeps the cache's entries from being deleted until release is called, and
// clears away downloads that nobody went on with.
func (i *Images) Use() (release func() error, err error) {
	if release, err = i.Env.Cache.Use(); err != nil {
		return nil, err
	}
	if err := vmimage.SweepDownloads(i.Env.Cache); err != nil {
		return nil, errors.Join(err, release())
	}
	return release, nil
}

// connectDeadline is how long a server may take to accept a connection. One
// that is out of reach, behind a filter, must not hold up the others' table.
const connectDeadline = 8 * time.Second

// BuildPrograms makes the external probes' programs, before anything boots: what the
// user is to correct is an [*external.Error].
func (i *Images) BuildPrograms(ctx context.Context, probes []matrix.Probe) error {
	var err error
	if i.Guest.External, err = external.Build(ctx, i.Env.Cache, i.Env.Dir, probes); err != nil {
		return err
	}
	for _, p := range probes {
		if p.Program != nil && p.Program.Kind == matrix.ProgramTree {
			i.trees = append(i.trees, p)
		}
	}
	return nil
}

// HTTPClient returns the client of all downloads, which honours the environment's proxy.
func HTTPClient() *http.Client {
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

// Refused returns the names of the kernels that could not be had as kernels.lock records
// them.
func (i *Images) Refused() []string {
	i.mu.Lock()
	defer i.mu.Unlock()
	return slices.Clone(i.refused)
}

// Image gets one kernel ready to boot. The error is a [*host.NoImageError] where the
// kernel has none, whatever this host does.
func (i *Images) Image(ctx context.Context, k matrix.Kernel) (host.Bootable, error) {
	img, err := vmimage.Fetch(ctx, i.Env, k)
	var missing *fault.UnavailableError
	if errors.As(err, &missing) {
		var locked *fault.LockedError
		if errors.As(err, &locked) {
			i.mu.Lock()
			i.refused = append(i.refused, k.Name)
			i.mu.Unlock()
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
	guest := i.Guest
	for _, p := range i.trees {
		ready, err := vmimage.Selftests(ctx, i.Env, k, img, p)
		if err != nil {
			return host.Bootable{}, err
		}
		guest.External = append(slices.Clip(guest.External), ready)
	}
	if b.Initrd, err = vmimage.Prepare(ctx, i.Env, img, guest); err != nil {
		return host.Bootable{}, err
	}
	for _, f := range i.disks {
		if b.Disks[f.Name], err = disk.Make(ctx, i.Env.Cache, f); err != nil {
			return host.Bootable{}, err
		}
	}
	return b, nil
}
