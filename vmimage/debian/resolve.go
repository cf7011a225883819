package debian

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	version "github.com/knqyf263/go-deb-version"

	"kmatrix/vmimage/download"
)

// Request asks for a package.
type Request struct {
	// Package, for example "linux-image-cloud-amd64".
	Package string
	// Suite, for example "bookworm": its updates and security updates are
	// looked at too. A name such as "bookworm-backports" or
	// "trixie-security" stands for that suite alone.
	Suite string
	// Arch is Debian's name of the architecture, for example "amd64", or
	// [ArchSource].
	Arch string
	// Version restricts the choice to versions that are this or begin with it
	// at a boundary, as "6.1.140" does "6.1.140-1"; "" takes the newest.
	Version string
}

// Resolved is the answer: what to fetch.
type Resolved struct {
	Package string `json:"package"`
	Version string `json:"version"`
	Suite   string `json:"suite"`
	Files   []File `json:"files"`
}

// File is one package file.
type File struct {
	Package string `json:"package"`
	Version string `json:"version"`
	URL     string `json:"url"`
	SHA256  string `json:"sha256"`
	Size    int64  `json:"size"`
}

// pkg is a stanza of Packages.
type pkg struct {
	name, version, depends, filename, sha256 string
	size                                     int64
	base, suite                              string
}

// NotFoundError tells that no suite that was looked at has the package.
type NotFoundError struct {
	Request Request
	Suites  []string
	// Near are packages of the suites that one may have meant.
	Near []string
}

// Error names the suites and what they have instead.
func (e *NotFoundError) Error() string {
	what := e.Request.Package
	if e.Request.Version != "" {
		what += " of version " + e.Request.Version
	}
	text := fmt.Sprintf("no package %s for %s in %s", what, e.Request.Arch, strings.Join(e.Suites, ", "))
	if len(e.Near) > 0 {
		text += "; there are " + strings.Join(e.Near, ", ")
	}
	return text
}

// minKernelPackage is below any package that holds a kernel or modules, and
// above any that holds only dependencies (1 to 2 KB).
const minKernelPackage = 20 << 10

// Resolve finds the newest matching version of a package over the suites of
// the request, and the packages to fetch for it.
func (c *Client) Resolve(ctx context.Context, r Request) (Resolved, error) {
	all, names, err := c.candidates(ctx, r)
	if err != nil {
		return Resolved{}, err
	}
	best, ok := newest(all, func(p pkg) bool { return p.name == r.Package && versionMatches(p.version, r.Version) })
	if !ok {
		return Resolved{}, &NotFoundError{Request: r, Suites: names, Near: near(all, r)}
	}
	res := Resolved{Package: r.Package, Version: best.version, Suite: best.suite}
	seen := map[string]bool{best.name: true}
	for queue := []pkg{best}; len(queue) > 0; queue = queue[1:] {
		p := queue[0]
		if p.size >= minKernelPackage {
			res.Files = append(res.Files, File{Package: p.name, Version: p.version, URL: p.base + "/" + p.filename, SHA256: p.sha256, Size: p.size})
		}
		for _, d := range dependencies(p.depends) {
			if q, ok := choose(all, d); ok && !seen[q.name] {
				seen[q.name] = true
				queue = append(queue, q)
			}
		}
	}
	if len(res.Files) == 0 {
		return Resolved{}, fmt.Errorf("%s %s in %s holds no kernel, nor does what it depends on", best.name, best.version, best.suite)
	}
	return res, nil
}

// candidates reads the suites of a request. The first must be there; one of
// its updates that is not is passed over, and said when it could not be asked.
func (c *Client) candidates(ctx context.Context, r Request) (all []pkg, names []string, err error) {
	for i, s := range c.suitesOf(r.Suite) {
		packages, err := c.suiteOf(ctx, s.base, s.name, r.Arch)
		switch {
		case err == nil:
			names, all = append(names, s.name), append(all, packages...)
		case ctx.Err() != nil:
			return nil, nil, ctx.Err()
		case i > 0 && errors.Is(err, download.ErrGone):
		case i > 0 && unreachable(err):
			c.log("%v: going on without it", err)
		case errors.Is(err, download.ErrGone):
			return nil, nil, fmt.Errorf("there is no suite %s on the mirror that %s names: %w", r.Suite, c.Mirrors.Origin, err)
		default:
			return nil, nil, err
		}
	}
	return all, names, nil
}

func unreachable(err error) bool {
	return errors.As(err, new(*download.UnreachableError)) || errors.As(err, new(*download.BrokenError)) || errors.Is(err, ErrOffline)
}

type suiteAt struct{ base, name string }

// suitesOf lists a suite and its companions, the suite first.
func (c *Client) suitesOf(name string) []suiteAt {
	_, part, compound := strings.Cut(name, "-")
	switch {
	case compound && part == "security" && c.Mirrors.Security != "":
		return []suiteAt{{c.Mirrors.Security, name}}
	case compound, name == "sid", name == "unstable", name == "experimental":
		return []suiteAt{{c.Mirrors.Archive, name}}
	}
	list := []suiteAt{{c.Mirrors.Archive, name}, {c.Mirrors.Archive, name + "-updates"}}
	if c.Mirrors.Security != "" {
		list = append(list, suiteAt{c.Mirrors.Security, name + "-security"})
	}
	return list
}

// parsePackages reads the packages whose name begins with "linux-".
func parsePackages(r io.Reader) ([]pkg, error) {
	var all []pkg
	err := eachStanza(r, func(s stanza) error {
		if !strings.HasPrefix(s["package"], "linux-") {
			return nil
		}
		size, err := strconv.ParseInt(s["size"], 10, 64)
		if err != nil {
			return fmt.Errorf("size of %s: %w", s["package"], err)
		}
		if len(s["sha256"]) != 64 || s["filename"] == "" {
			return fmt.Errorf("%s has no digest or no file name", s["package"])
		}
		all = append(all, pkg{
			name: s["package"], version: s["version"], filename: s["filename"], sha256: s["sha256"], size: size,
			depends: strings.Trim(s["pre-depends"]+", "+s["depends"], ", "),
		})
		return nil
	})
	return all, err
}

// newest returns the package of the highest version that fits.
func newest(all []pkg, fits func(pkg) bool) (best pkg, ok bool) {
	for _, p := range all {
		if fits(p) && (!ok || compare(p.version, best.version) > 0) {
			best, ok = p, true
		}
	}
	return best, ok
}

// compare compares two versions as dpkg does. One that is none, which a signed
// index does not hold, counts as the lowest.
func compare(a, b string) int {
	va, errA := version.NewVersion(a)
	vb, errB := version.NewVersion(b)
	switch {
	case errA != nil && errB != nil:
		return strings.Compare(a, b)
	case errA != nil:
		return -1
	case errB != nil:
		return 1
	}
	return va.Compare(vb)
}

func versionMatches(have, want string) bool {
	rest, ok := strings.CutPrefix(have, want)
	return ok && (want == "" || rest == "" || strings.ContainsAny(rest[:1], ".-+~"))
}

// dependency is one alternative of a dependency.
type dependency struct{ name, op, version string }

// notKernel are packages named linux-… that hold no part of a kernel.
var notKernel = []string{"linux-base", "linux-headers", "linux-kbuild", "linux-libc-dev", "linux-doc", "linux-source", "linux-initramfs-tool", "linux-sysctl-defaults"}

// dependencies returns the alternatives of each dependency that may be part of
// a kernel.
func dependencies(depends string) [][]dependency {
	var all [][]dependency
	for _, one := range strings.Split(depends, ",") {
		var alternatives []dependency
		for _, text := range strings.Split(one, "|") {
			name, rest, _ := strings.Cut(strings.TrimSpace(text), " ")
			name, _, _ = strings.Cut(name, ":")
			if !strings.HasPrefix(name, "linux-") || slices.ContainsFunc(notKernel, func(n string) bool { return strings.HasPrefix(name, n) }) {
				continue
			}
			d := dependency{name: name}
			if f := strings.Fields(strings.Trim(strings.TrimSpace(rest), "()")); len(f) == 2 {
				d.op, d.version = f[0], f[1]
			}
			alternatives = append(alternatives, d)
		}
		if len(alternatives) > 0 {
			all = append(all, alternatives)
		}
	}
	return all
}

// choose returns the first alternative that a package fulfils.
func choose(all []pkg, alternatives []dependency) (pkg, bool) {
	for _, d := range alternatives {
		if p, ok := newest(all, func(p pkg) bool {
			if p.name != d.name {
				return false
			}
			order := compare(p.version, d.version)
			switch d.op {
			case "=":
				return order == 0
			case ">=":
				return order >= 0
			case ">>":
				return order > 0
			case "<=":
				return order <= 0
			case "<<":
				return order < 0
			}
			return true
		}); ok {
			return p, true
		}
	}
	return pkg{}, false
}

// near lists what the suites have instead: other versions of the package, or
// the packages of kernels that always point to the newest.
func near(all []pkg, r Request) []string {
	var names []string
	for _, p := range all {
		switch {
		case p.name == r.Package:
			names = append(names, p.version)
		case p.size < minKernelPackage && strings.HasPrefix(p.name, "linux-image-") && !strings.HasSuffix(p.name, "-dbg"):
			names = append(names, p.name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)[:min(len(slices.Compact(names)), 12)]
}
