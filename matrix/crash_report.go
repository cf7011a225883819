package matrix

import (
	"slices"
	"strings"
)

// CrashKind is what sort of trouble a [CrashReport] tells of.
type CrashKind string

// The kinds, as far as they are told apart. Those below [KindPageFault] end the
// thread that they hit or the whole kernel; of the others a kernel goes on, unless
// it was told to panic.
const (
	KindPanic           CrashKind = "panic"
	KindOops            CrashKind = "oops"
	KindBug             CrashKind = "kernel-bug"
	KindProtection      CrashKind = "general-protection-fault"
	KindPageFault       CrashKind = "page-fault"
	KindListCorruption  CrashKind = "list-corruption"
	KindSanityBug       CrashKind = "bug"
	KindWarning         CrashKind = "warning"
	KindKASAN           CrashKind = "kasan"
	KindKCSAN           CrashKind = "kcsan"
	KindKMSAN           CrashKind = "kmsan"
	KindKFENCE          CrashKind = "kfence"
	KindUBSAN           CrashKind = "ubsan"
	KindLockdep         CrashKind = "lockdep"
	KindHungTask        CrashKind = "hung-task"
	KindRCUStall        CrashKind = "rcu-stall"
	KindSoftLockup      CrashKind = "soft-lockup"
	KindHardLockup      CrashKind = "hard-lockup"
	KindWorkqueueLockup CrashKind = "workqueue-lockup"
	KindOOM             CrashKind = "oom-kill"
	// KindFileSystem is what file systems say of corrupt data.
	KindFileSystem CrashKind = "file-system"
)

// CrashKinds lists every kind.
var CrashKinds = []CrashKind{
	KindPanic, KindOops, KindBug, KindProtection, KindPageFault, KindListCorruption, KindSanityBug, KindWarning,
	KindKASAN, KindKCSAN, KindKMSAN, KindKFENCE, KindUBSAN, KindLockdep, KindHungTask, KindRCUStall, KindSoftLockup,
	KindHardLockup, KindWorkqueueLockup, KindOOM, KindFileSystem,
}

// Stalls reports whether the kind says that something does not go on, rather than
// that it went wrong: a guest that is overdue with it hangs.
func (k CrashKind) Stalls() bool {
	switch k {
	case KindHungTask, KindRCUStall, KindSoftLockup, KindHardLockup, KindWorkqueueLockup:
		return true
	}
	return false
}

// CrashReport is trouble that a kernel told of on its console: an oops, a warning, a
// stall. It attaches to whatever outcome the cell has. Its texts are clean.
type CrashReport struct {
	Kind CrashKind `json:"kind"`
	// Title names it in one line without addresses and numbers, for example
	// "KASAN: slab-use-after-free Read in pipe_read".
	Title string `json:"title"`
	// Headline is a panic's own line, with its numbers, "" for other kinds: what it says
	// is for a reader, and differs where its title does not.
	Headline string `json:"-"`
	// Fingerprint is 16 hex digits over kind, title and the frames that are no
	// guesses: what has it is the same trouble.
	Fingerprint string `json:"fingerprint"`
	// Frames are the first functions of the stack that are not those of the
	// reporting, or of locks, memory and lists, innermost first; at most
	// [MaxFrames].
	Frames []Frame `json:"frames,omitempty"`
	// Fatal tells that the kernel, or the thread that it hit, did not go on.
	Fatal bool `json:"fatal,omitempty"`
	// Taint are the letters of the kernel's taint when it was printed, "" for none.
	Taint string `json:"taint,omitempty"`
	// Known tells that kernels.yaml lists it as known for this kernel.
	Known bool `json:"known,omitempty"`
	// Count is how many times it was printed.
	Count int `json:"count"`
	// File is the file with the console's text of it, relative to the run's
	// directory, "" when there is none.
	File string `json:"file,omitempty"`
	// Registers and Stack are the lines of the text that have them, and Text is the
	// whole, capped; File holds it.
	Registers []string `json:"-"`
	Stack     []string `json:"-"`
	Text      string   `json:"-" printable:"text"`
}

// MaxFrames is how many frames a [CrashReport] has at most.
const MaxFrames = 5

// Frame is one function of a stack.
type Frame struct {
	Function string `json:"function"`
	// Offset is the address's distance from the function's beginning, and Size the
	// function's, in bytes; 0 when the console did not say.
	Offset uint64 `json:"offset,omitempty"`
	Size   uint64 `json:"size,omitempty"`
	// Module is the module that it belongs to, "" for the kernel itself.
	Module string `json:"module,omitempty"`
	// At is "file:line" in the kernel's source, "" when it is not known.
	At string `json:"at,omitempty"`
	// Guess tells that the kernel was not sure of it: an address that lay on the
	// stack, perhaps of an earlier call.
	Guess bool `json:"guess,omitempty"`
}

// String returns the function, and where it is known its place; "? " before a guess, as
// the kernel has it.
func (f Frame) String() string {
	s := strings.TrimSpace(f.Function + " " + f.At)
	if f.Guess {
		s = "? " + s
	}
	return s
}

// MatchTitle reports whether the pattern matches the whole title; "*" in it stands
// for any text, also none.
func MatchTitle(pattern, title string) bool {
	parts := strings.Split(pattern, "*")
	rest, ok := strings.CutPrefix(title, parts[0])
	if !ok || len(parts) == 1 {
		return ok && rest == ""
	}
	for _, p := range parts[1 : len(parts)-1] {
		i := strings.Index(rest, p)
		if i < 0 {
			return false
		}
		rest = rest[i+len(p):]
	}
	return strings.HasSuffix(rest, parts[len(parts)-1])
}

// MergeCrashReports adds reports to a list that has each fingerprint once, as long as it
// is shorter than limit.
func MergeCrashReports(list, more []CrashReport, limit int) []CrashReport {
	for _, r := range more {
		i := slices.IndexFunc(list, func(o CrashReport) bool { return o.Fingerprint == r.Fingerprint })
		switch {
		case i >= 0:
			list[i].Count += r.Count
		case len(list) < limit:
			list = append(list, r)
		}
	}
	return list
}
