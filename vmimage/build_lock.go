package vmimage

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"

	"kmatrix/matrix"
	"kmatrix/vmimage/fault"
	"kmatrix/vmimage/lock"
)

// buildLock is what kernels.lock records of a build, and what this build is.
type buildLock struct {
	env    *Env
	kernel matrix.Kernel
	// now is what the build is of and by, was what the lock says of it, where it
	// does.
	now, was lock.Built
	known    bool
	// free tells that the lock has no say: the source is of this machine, or nothing
	// was recorded that --locked could hold it to.
	free bool
}

// lockBuild looks a build up in kernels.lock before it is begun. The error is a
// [*fault.LockedError]'s where --locked forbids it.
func (e *Env) lockBuild(k matrix.Kernel, inputs []string) (buildLock, error) {
	l := buildLock{env: e, kernel: k, now: lock.Built{Compiler: inputs[inputCompiler]}}
	_, resolved := e.Lock.Get(k.SourceOf(), k.Source.Fields)
	if l.free = !resolved && k.Source.Fields["sha256"] == ""; l.free {
		return l, nil
	}
	of := slices.Delete(slices.Clone(inputs), inputCompiler, inputCompiler+1)
	l.now.Of = fmt.Sprintf("sha256:%x", sha256.Sum256([]byte(strings.Join(of, "\x00"))))
	l.was, l.known = e.Lock.Built(k.Name)
	switch {
	case !e.Locked:
	case !l.known:
		l.free = true // a lock of sources alone, as kernels lock makes it
	case l.was.Of != l.now.Of:
		return l, fault.Locked("%s says what %s was built into, but of other sources, patches or configuration than kernels.yaml has now, and --locked keeps from recording it anew", e.Lock.Path(), k.Name)
	case l.was.Compiler != l.now.Compiler:
		return l, fault.Locked("%s wants it built by %q, and here is %q", e.Lock.Path(), l.was.Compiler, l.now.Compiler)
	}
	return l, nil
}

// record records what the kernel was built into, or, with --locked, compares it.
func (l buildLock) record(img matrix.Image) error {
	if l.free {
		return nil
	}
	l.now.Config, l.now.Image = "sha256:"+img.ConfigDigest, img.Digest
	switch {
	case l.known && l.was == l.now:
		return nil
	case l.env.Locked:
		return fault.Locked("%s wants the configuration %.19s… built into %.19s…, and it came to %.19s… built into %.19s…", l.env.Lock.Path(), l.was.Config, l.was.Image, l.now.Config, l.now.Image)
	case l.known && l.was.Of == l.now.Of:
		l.env.Logf("%s: it is built into another image than kernels.lock had of it, which is recorded now", l.kernel.Name)
	}
	return l.env.Lock.PutBuilt(l.kernel.Name, l.now)
}
