package matrix

import "time"

// ExternalPrefix begins the names of external probes.
const ExternalPrefix = "external/"

// Program is what an external probe runs in the guest: one that kernels.yaml
// names, and not one of kmatrix's own.
type Program struct {
	// Kind says what Path is.
	Kind ProgramKind `json:"kind"`
	// Path is relative to kernels.yaml, or, of a [ProgramTree], to the kernel's
	// source.
	Path string   `json:"path"`
	Args []string `json:"args,omitempty"`
	// Judge says how its end is read.
	Judge Judge `json:"judge"`
	// Deadline is how long it may take; 0 means as long as every probe.
	Deadline time.Duration `json:"deadline_ns,omitempty"`
}

// ProgramKind is a kind of program, by the key that kernels.yaml has for it.
type ProgramKind string

const (
	// ProgramC is a file of C, compiled on the host.
	ProgramC ProgramKind = "c"
	// ProgramExec is a static executable, or a script for the guest's shell.
	ProgramExec ProgramKind = "exec"
	// ProgramTree is a directory of self-tests in the kernel's own source.
	ProgramTree ProgramKind = "tree"
)

// ProgramKinds lists the kinds of program that kernels.yaml may name.
var ProgramKinds = []ProgramKind{ProgramC, ProgramExec, ProgramTree}

// Judge says what tells how a program did.
type Judge string

const (
	// JudgeExit is its exit code: 0 means that it passed. In a directory of
	// self-tests 4 means skipped, as kselftest.h has it.
	JudgeExit Judge = "exit"
	// JudgeKTAP is what it prints, in the kernel's form of the Test Anything
	// Protocol (https://docs.kernel.org/dev-tools/ktap.html).
	JudgeKTAP Judge = "ktap"
	// JudgeLTP is its exit code, as the Linux Test Project has it: bits for
	// failed, broken, warned and unsupported (include/tst_res_flags.h).
	JudgeLTP Judge = "ltp"
)

// Judges lists the judges that kernels.yaml may name.
var Judges = []Judge{JudgeExit, JudgeKTAP, JudgeLTP}
