package matrix

import "time"

// Run is what ran where: the header of a stored run. Everything that a reader
// needs to judge its numbers stands here.
type Run struct {
	ID       string     `json:"id"`
	Started  time.Time  `json:"started"`
	Finished *time.Time `json:"finished,omitempty"`
	// Interrupted tells that the run ended before every cell had an outcome.
	Interrupted bool `json:"interrupted,omitempty"`
	// Resumed are the times at which it was gone on with.
	Resumed []time.Time `json:"resumed,omitempty"`
	// Seconds is how long it ran in all, by a clock that does not jump; a part that
	// was killed is not in it.
	Seconds float64 `json:"seconds,omitempty"`
	// Invocation is how the user began it; nil of a run that cannot be resumed.
	Invocation *Invocation `json:"asked,omitempty"`
	// Spec is the path of the kernels.yaml as the user named it, and its
	// digest.
	Spec       string    `json:"spec"`
	SpecDigest string    `json:"spec_digest"`
	Baseline   string    `json:"baseline"`
	Host       Host      `json:"host"`
	Machines   []Machine `json:"machines"`
	// Kernels are the columns, in the order of kernels.yaml.
	Kernels []Column `json:"kernels"`
	// Probes are the names of the rows, in their order.
	Probes []string `json:"probes"`
	// Classes are those that its stability probes tell apart, [Classes] of the kmatrix
	// that made it. It is nil of a run from before there was [Clobbered]: that counts
	// such bytes as zeroed or changed.
	Classes []Class `json:"classes,omitempty"`
	// AA tells that its two columns are one kernel, see [Calibration].
	AA bool `json:"aa,omitempty"`
	// Calibrations are the A/A runs of this host, as far as they are known, that
	// were made as this run was; of an A/A run, its own stand last.
	Calibrations []Calibration `json:"calibrations,omitempty"`
}

// Invocation is how a run was begun, so that one that is resumed has the same plan.
type Invocation struct {
	// Flags are the flags that make the plan, with their values, as they were
	// given.
	Flags map[string][]string `json:"flags"`
	// Dir is the directory that paths are relative to.
	Dir string `json:"dir"`
}

// Host is the machine that QEMU ran on.
type Host struct {
	QEMU string `json:"qemu"`
	// Accel is the accelerator that "auto" stood for, and AccelReason why.
	Accel       Accel  `json:"accel"`
	AccelReason string `json:"accel_reason"`
	CPUs        int    `json:"cpus"`
	// CPU is the model of the processors.
	CPU       string `json:"cpu,omitempty"`
	MemoryMiB int    `json:"memory_mib"`
	Kernel    string `json:"kernel"`
	// Agent is the digest of the initramfs that holds the agent.
	Agent string `json:"agent"`
	// Jobs is how many guests ran at once.
	Jobs int `json:"jobs"`
	// Speed is how fast one of its CPUs emulates; 1 is that of the host that the
	// default deadlines were found to be ample on.
	Speed float64 `json:"speed,omitempty"`
}

// Column is one kernel of a run: what was asked for, and what it turned out to
// be. Image is nil when there was none, and Outcome and Detail then say why.
type Column struct {
	Name     string   `json:"name"`
	Contract Contract `json:"contract,omitempty"`
	Source   Source   `json:"source"`
	Base     string   `json:"base,omitempty"`
	Series   []string `json:"series,omitempty"`
	Append   string   `json:"append,omitempty"`
	Version  string   `json:"version,omitempty"`
	Release  string   `json:"release,omitempty"`
	Digest   string   `json:"digest,omitempty"`
	// ConfigDigest is the image's, see [Image].
	ConfigDigest string `json:"config_digest,omitempty"`
	// Config is the text of the configuration, "" where it is not known. A stored run
	// has it in a file of its own.
	Config string `json:"-" printable:"text"`
	PVH    bool   `json:"pvh,omitempty"`
	Origin string `json:"origin,omitempty"`
	// Trust is what vouches for what came from there.
	Trust Trust `json:"trust,omitempty"`
	// Built says how the image was built; nil for one that came as it is.
	Built   *Built  `json:"built,omitempty"`
	Outcome Outcome `json:"outcome,omitempty"`
	Detail  string  `json:"detail,omitempty"`
	// CrashReports are what the kernel said of its own trouble while no probe ran: as it
	// booted, or ended.
	CrashReports []CrashReport `json:"reports,omitempty"`
	// Booted is what the guest said of itself at its first hello.
	Booted *Hello `json:"booted,omitempty"`
}

// Hello is what a guest says of itself before it runs probes.
type Hello struct {
	// Version is the text of /proc/version.
	Version string `json:"version"`
	// Release is what uname -r says.
	Release     string `json:"release"`
	Clocksource string `json:"clocksource"`
	MemoryMiB   int    `json:"memory_mib"`
	CPUs        int    `json:"cpus"`
	Cmdline     string `json:"cmdline"`
	// Transport is "virtio" or "isa".
	Transport string `json:"transport"`
	// Mounted are the file systems that could be mounted, by the names that
	// probes use, and Refused those that could not, with the reason.
	Mounted []string          `json:"mounted"`
	Refused map[string]string `json:"refused,omitempty"`
	// Modules are the loaded modules; ModuleErrors those that would not load.
	Modules      []string          `json:"modules,omitempty"`
	ModuleErrors map[string]string `json:"module_errors,omitempty"`
	// BootSeconds is the guest's uptime when it became ready.
	BootSeconds float64 `json:"boot_seconds"`
}
