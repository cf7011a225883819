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

// held is what kernels.lock holds a build to.
type held struct {
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

// hold looks a build up in kernels.lock before it is begun. The error is a
// [*fault.LockedError]'s where --locked forbids it.
func (e *Env) hold(k matrix.Kernel, inputs []string) (held, error) {
	h := held{env: e, kernel: k, now: lock.Built{Compiler: inputs[inputCompiler]}}
	_, resolved := e.Lock.Get(k.SourceOf(), k.Source.Fields)
	if h.free = !resolved && k.Source.Fields["sha256"] == ""; h.free {
		return h, nil
	}
	of := slices.Delete(slices.Clone(inputs), inputCompiler, inputCompiler+1)
	h.now.Of = fmt.Sprintf("sha256:%x", sha256.Sum256([]byte(strings.Join(of, "\x00"))))
	h.was, h.known = e.Lock.Built(k.Name)
	switch {
	case !e.Locked:
	case !h.known:
		h.free = true // a lock of sources alone, as kernels lock makes it
	case h.was.Of != h.now.Of:
		return h, fault.Locked("%s says what %s was built into, but of other sources, patches or configuration than kernels.yaml has now, and --locked keeps from recording it anew", e.Lock.Path(), k.Name)
	case h.was.Compiler != h.now.Compiler:
		return h, fault.Locked("%s wants it built by %q, and here is %q", e.Lock.Path(), h.was.Compiler, h.now.Compiler)
	}
	return h, nil
}

// keep records what the kernel was built into, or, with --locked, compares it.
func (h held) keep(img matrix.Image) error {
	if h.free {
		return nil
	}
	h.now.Config, h.now.Image = "sha256:"+img.ConfigDigest, img.Digest
	switch {
	case h.known && h.was == h.now:
		return nil
	case h.env.Locked:
		return fault.Locked("%s wants the configuration %.19s… built into %.19s…, and it came to %.19s… built into %.19s…", h.env.Lock.Path(), h.was.Config, h.was.Image, h.now.Config, h.now.Image)
	case h.known && h.was.Of == h.now.Of:
		h.env.Logf("%s: it is built into another image than kernels.lock had of it, which is recorded now", h.kernel.Name)
	}
	return h.env.Lock.PutBuilt(h.kernel.Name, h.now)
}
