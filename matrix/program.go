package matrix

import "time"

// Program is what an external probe runs in the guest: one that kernels.yaml
// names, and not one of kmatrix's own.
type Program struct {
	// Kind says what Path is.
	Kind ProgramKind `json:"kind"`
	// Path is relative to kernels.yaml, or, of a [ProgramTree], to the kernel's
	// source.
	Path string   `json:"path"`
	Args []string `json:"args,omitempty"`
	// ResultFormat says how its result is read.
	ResultFormat ResultFormat `json:"judge"`
	// Deadline is how long it may take; 0 means as long as every probe.
	Deadline time.Duration `json:"deadline_ns,omitempty"`
	// ScratchMiB is how much room it has for files, in MiB; 0 means what an empty
	// directory on a tmpfs of the default size has, half of the guest's memory.
	ScratchMiB int `json:"scratch_mib,omitempty"`
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

// ResultFormat is the form in which a program tells its result.
type ResultFormat string

const (
	// FormatExit is its exit code: 0 means that it passed. In a directory of
	// self-tests 4 means skipped, as kselftest.h has it.
	FormatExit ResultFormat = "exit"
	// FormatKTAP is what it prints, in the kernel's form of the Test Anything
	// Protocol (https://docs.kernel.org/dev-tools/ktap.html).
	FormatKTAP ResultFormat = "ktap"
	// FormatLTP is its exit code, as the Linux Test Project has it: bits for
	// failed, broken, warned and unsupported (include/tst_res_flags.h).
	FormatLTP ResultFormat = "ltp"
)

// ResultFormats lists the formats that kernels.yaml may name.
var ResultFormats = []ResultFormat{FormatExit, FormatKTAP, FormatLTP}

// Installed is a program as the guest has it: what the host puts into the
// initramfs, and the agent runs.
type Installed struct {
	// Probe is the name of the probe.
	Probe        string       `json:"probe"`
	ResultFormat ResultFormat `json:"judge"`
	// Dir is the working directory, "" for an empty one on tmpfs.
	Dir string `json:"dir,omitempty"`
	// Runs are run one after the other, each with a result of its own. It is
	// more than one for a directory of self-tests.
	Runs []Command `json:"runs,omitempty"`
	// Selftests tells that the kernel's conventions for these hold: exit code 4
	// means skipped.
	Selftests bool `json:"selftests,omitempty"`
	// Lacks says what the kernel's configuration lacks of what the self-tests
	// ask for, "" for nothing: what fails may fail of that.
	Lacks string `json:"lacks,omitempty"`
	// Unsupported says why there is nothing to run, "" where there is.
	Unsupported string `json:"unsupported,omitempty"`
}

// Command is one program to run.
type Command struct {
	// Name is what its failure is told by.
	Name string `json:"name"`
	// Path is that of a static executable or, of a Script, of a file for the
	// guest's shell.
	Path   string   `json:"path"`
	Args   []string `json:"args,omitempty"`
	Script bool     `json:"script,omitempty"`
}
