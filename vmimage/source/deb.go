package source

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"kmatrix/matrix"
	"kmatrix/vmimage/cache"
	"kmatrix/vmimage/debian"
	"kmatrix/vmimage/download"
	"kmatrix/vmimage/fault"
	"kmatrix/vmimage/imagedir"
	"kmatrix/vmimage/lock"
	"kmatrix/vmimage/modules"
)

// debSource is a kernel as Debian packages it.
type debSource struct{}

func init() { register(debSource{}) }

// Kind describes it.
func (debSource) Kind() matrix.SourceKind {
	return matrix.SourceKind{
		Name: "deb",
		Doc:  "a kernel as Debian packages it, from the mirror that apt's configuration names",
		Fields: append([]matrix.SourceField{
			{Name: "deb", Doc: "the package; a name without a version always means the suite's newest", Required: true, Pattern: `linux-image-[a-z0-9][a-z0-9.+~-]*`, Example: "linux-image-cloud-amd64"},
		}, suiteFields...),
	}
}

// suiteFields say where a package of Debian's is looked for.
var suiteFields = []matrix.SourceField{
	{Name: "suite", Doc: "the suite; its updates and security updates count as part of it", Required: true, Pattern: `[a-z][a-z0-9-]*`, Example: "bookworm"},
	{Name: "version", Doc: "only versions that are this or begin with it", Pattern: `[0-9][A-Za-z0-9.+~:-]*`, Example: "6.1.140"},
}

// debArch is the architecture that guests have so far.
const debArch = "amd64"

// Resolve resolves the package, unless kernels.lock has it.
func (debSource) Resolve(ctx context.Context, env *Env, k matrix.Kernel) (Recipe, error) {
	client, entry, r, err := resolved(ctx, env, k)
	if err != nil {
		return Recipe{}, err
	}
	var sums []string
	for _, f := range entry.Files {
		sums = append(sums, f.SHA256)
	}
	r.Image = &Image{Origin: entry.Files[0].URL, Entry: cache.Item{
		Key: cache.Key(KindImage, append([]string{unpackedFormat}, sums...)...),
		Fill: func(ctx context.Context, dir string) error {
			for _, f := range entry.Files {
				if err := unpackPackage(ctx, env, client, k, f, dir, wantedFile); err != nil {
					return err
				}
			}
			return imagedir.Prepare(ctx, dir)
		},
		Reach: func(ctx context.Context) error { return env.Reach(ctx, entry.Files[0].URL) },
	}}
	return r, nil
}

// resolved returns what the kernel's package is resolved to: what kernels.lock has, or
// what the mirror says is the newest; and what that makes of its recipe.
func resolved(ctx context.Context, env *Env, k matrix.Kernel) (*debian.Client, lock.Entry, Recipe, error) {
	client, err := env.debianClient()
	if err != nil {
		return nil, lock.Entry{}, Recipe{}, err
	}
	entry, known := env.Lock.Get(k.SourceOf(), k.Source.Fields)
	r := Recipe{Locked: known, Trust: matrix.TrustSigned}
	if !known {
		if entry, err = ask(ctx, env, client, k); err != nil {
			return nil, lock.Entry{}, Recipe{}, err
		}
		r.Record = &entry
	}
	r.Version = entry.Version
	return client, entry, r, nil
}

// ask asks the mirror for the package that the source's kind names.
func ask(ctx context.Context, env *Env, client *debian.Client, k matrix.Kernel) (lock.Entry, error) {
	if env.Locked {
		return lock.Entry{}, env.noEntry()
	}
	env.Tell(k.Name, "resolving")
	f, arch := k.Source.Fields, debArch
	if f[k.Source.Kind] == upstream {
		arch = debian.ArchSource
	}
	res, err := client.Resolve(ctx, debian.Request{Package: f[k.Source.Kind], Suite: f["suite"], Version: f["version"], Arch: arch})
	if err != nil {
		return lock.Entry{}, classifyDebian(ctx, err)
	}
	e := lock.Entry{Source: f, Version: res.Version, Resolved: time.Now().UTC().Truncate(time.Second)}
	for _, file := range res.Files {
		e.Files = append(e.Files, lock.File(file))
	}
	return e, nil
}

// unpackPackage fetches a package and unpacks what is wanted of it.
func unpackPackage(ctx context.Context, env *Env, client *debian.Client, k matrix.Kernel, f lock.File, dir string, want func(string) bool) error {
	path, err := client.Fetch(ctx, debian.File(f), env.fetching(k))
	if err != nil {
		return classifyDebian(ctx, err)
	}
	env.Tell(k.Name, "unpacking")
	if err := debian.Extract(ctx, path, dir, want); err != nil {
		return err
	}
	// What is needed of it is unpacked; the package is the larger part of what
	// a kernel would take in the cache.
	if err := os.RemoveAll(filepath.Dir(path)); err != nil {
		return fmt.Errorf("remove a package that was unpacked: %w", err)
	}
	return nil
}

// unpackedFormat is part of the cache's key: it changes with what is unpacked.
const unpackedFormat = "deb 1"

// driversOnly are directories of modules that no guest can have a use for:
// together they are nine tenths of a kernel's modules.
var driversOnly = []string{"/kernel/drivers/net/", "/kernel/drivers/gpu/", "/kernel/drivers/media/", "/kernel/drivers/usb/", "/kernel/drivers/scsi/", "/kernel/drivers/infiniband/", "/kernel/sound/", "/kernel/net/netfilter/", "/kernel/drivers/hwmon/", "/kernel/drivers/iio/"}

// wantedFile tells what of a package is unpacked: the kernel, its
// configuration, and modules.
func wantedFile(name string) bool {
	base := filepath.Base(name)
	switch {
	case strings.HasPrefix(name, "boot/vmlinuz-"), strings.HasPrefix(name, "boot/config-"):
		return true
	case !strings.Contains(name, "lib/modules/"):
		return false
	case base == "modules.builtin":
		return true
	}
	for _, d := range driversOnly {
		if strings.Contains(name, d) {
			return false
		}
	}
	// The newest releases keep the kernel with its modules.
	return modules.Name(base) != "" || base == "vmlinuz" || base == "config"
}

// classifyDebian tells what is the mirror's or the suite's from what is the
// host's.
func classifyDebian(ctx context.Context, err error) error {
	var (
		sign     *debian.SignatureError
		notFound *debian.NotFoundError
	)
	if ctx.Err() == nil && (download.Remote(err) || errors.As(err, &sign) || errors.As(err, &notFound) || errors.Is(err, debian.ErrOffline)) {
		return &fault.UnavailableError{Err: err}
	}
	return err
}
