// Package wire is what agent and host say to each other, and its limits.
//
// A session of a guest goes like this. The agent finds its two ports (one for
// each direction, see [PortToGuest] and [PortToHost]) or, without
// virtio_console, the second ISA serial line, and writes [Magic] and a [Ready]
// frame. The host may ask for preparations first ([Session.Prepare]), after which
// another Ready follows. Then the host sends a [Session] frame with all that belongs
// to this session alone: host key, the client's public key, time and entropy. A
// guest may be saved before that, and restored any number of times: each restore
// gets a Session of its own, without another Ready, and the boot that both frames
// name shows that the two ends are at the same point. From the next byte on both
// ends speak SSH, the guest as the server, and the host asks by exec requests
// ([CommandHello], [CommandRun], …). CommandRun streams [Event]s, one JSON object a
// line, of which the last is of type [EventDone]: a stream without it is no answer,
// whatever came before.
//
// The guest is not trusted. Everything read from it passes [ReadFrame] or an
// [EventReader], which cap sizes and replace control characters.
package wire

import (
	"time"

	"kmatrix/matrix"
)

// Protocol is the version of everything in this package; both ends must agree.
const Protocol = 7

const (
	// PortToGuest is the name of the virtio port that the guest reads.
	PortToGuest = "kmatrix.in"
	// PortToHost is the name of the virtio port that the guest writes.
	PortToHost = "kmatrix.out"
	// SerialDevice is the guest's second ISA serial line, which serves both
	// directions where there is no virtio_console.
	SerialDevice = "/dev/ttyS1"
)

// Magic comes before the first frame from the guest. Whatever stands before it
// on the line (firmware, a console's leftovers) is skipped.
const Magic = "\x00kmatrix-agent\x00"

// Transports of a [Ready].
const (
	TransportVirtio = "virtio"
	TransportISA    = "isa"
)

// User is the name under which the host logs in.
const User = "kmatrix"

// Commands of SSH exec requests.
const (
	// CommandHello prints one [matrix.Hello] as JSON.
	CommandHello = "hello"
	// CommandRun reads one [Request] as JSON from its input up to the end of
	// file, and prints [Event]s.
	CommandRun = "run"
	// CommandShell is an interactive shell.
	CommandShell = "shell"
	// CommandPoweroff ends the guest.
	CommandPoweroff = "poweroff"
)

// Ready is the agent's first frame: the modules of its line and of disks are
// loaded, nothing is mounted, and it waits for a [Session].
type Ready struct {
	Protocol  int    `json:"protocol"`
	Transport string `json:"transport"`
	// Uptime is the guest's uptime in seconds.
	Uptime float64 `json:"uptime"`
	// Boot is the kernel's random name for this boot, which a restored guest
	// shares with the one that was saved; "" when the kernel tells none. At most
	// [MaxBoot] bytes, without control characters.
	Boot string `json:"boot,omitempty"`
}

// MaxBoot is the longest name of a boot, in bytes. The kernel's are UUIDs.
const MaxBoot = 64

// Session is the host's first frame. The secrets of a session come in it, so that an
// initramfs or a snapshot holds none.
type Session struct {
	Protocol int `json:"protocol"`
	// Boot is what the guest's [Ready] said. An agent of another boot ends.
	Boot string `json:"boot,omitempty"`
	// HostKey is the guest's private host key, in OpenSSH's PEM format.
	HostKey []byte `json:"host_key"`
	// ClientKey is the one public key that may log in, in SSH wire format.
	ClientKey []byte `json:"client_key"`
	// Time is the host's wall clock, which the guest sets its own to.
	Time time.Time `json:"time"`
	// Entropy is added to the guest's pool, credited, and the CRNG reseeded.
	// At least [EntropyBytes] long.
	Entropy []byte `json:"entropy"`
	// Prepare, where it is set, asks for preparations and begins no session: nothing
	// else is set but Protocol and Boot. The agent carries them out, writes its Ready
	// once more and waits for the next frame.
	Prepare *Preparation `json:"prepare,omitempty"`
}

// Preparation is what a guest does before it is saved, so that its clones need not:
// it starts the process that runs probes, and loads the modules that these need.
// Nothing is mounted.
type Preparation struct {
	// Needs are the needs and features of probes, see [matrix.Probe].
	Needs []string `json:"needs"`
}

// EntropyBytes is how much entropy a [Session] brings.
const EntropyBytes = 64

// Request asks for probes.
type Request struct {
	Probes []string `json:"probes"`
	// Budgets are how long those probes work that have a budget, by name.
	Budgets map[string]time.Duration `json:"budgets_ns,omitempty"`
	// Scratch is what those external probes have that ask for space for files, by name.
	Scratch map[string]Scratch `json:"scratch,omitempty"`
	// Profile asks probes of cost for a [matrix.Profile], and not for a sample.
	Profile bool `json:"profile,omitempty"`
}

// Scratch is space for the files of an external probe.
type Scratch struct {
	MiB int `json:"mib"`
	// Disk reports whether it is on the disk [matrix.ScratchDisk], which has a file system
	// of the type [ScratchType], and not in memory.
	Disk bool `json:"disk,omitempty"`
}

// ScratchType is the type of the file system of a scratch disk.
const ScratchType = "ext4"

// RequestOverdue is an SSH request on the channel of a [CommandRun], with an
// [Overdue]: the probe that it names, if it runs still, is ended, and answered with
// [StatusOverdue]. The host keeps all deadlines.
const RequestOverdue = "overdue@kmatrix"

// Overdue is what a [RequestOverdue] says.
type Overdue struct{ Probe string }

// EventType is the type of an [Event].
type EventType string

const (
	// EventStart: the probe is about to run. What dies next, dies of it.
	EventStart EventType = "start"
	// EventOutput: a part of what an external probe printed.
	EventOutput EventType = "output"
	// EventAnswer: the probe has ended, and how.
	EventAnswer EventType = "answer"
	// EventDone: every requested probe has an answer.
	EventDone EventType = "done"
)

// Event is one line of the stream of [CommandRun].
type Event struct {
	Type   EventType `json:"type"`
	Probe  string    `json:"probe,omitempty"`
	Answer *Answer   `json:"answer,omitempty"`
	// Output is at most [MaxPart] bytes as they were printed: they may be of
	// any kind, see [CleanText].
	Output []byte `json:"output,omitempty"`
}

// Status says how a probe ended, as the agent saw it. The outcome is the
// host's to decide.
type Status string

const (
	// StatusOK: Observation, Sample, Test or Profile is set.
	StatusOK Status = "ok"
	// StatusUnsupported: the guest lacks what Detail says.
	StatusUnsupported Status = "unsupported"
	// StatusUnmet: what the probe rests on did not come about, as Detail says.
	StatusUnmet Status = "unmet"
	// StatusError: the probe could not be set up or carried out; Detail says
	// what failed.
	StatusError Status = "error"
	// StatusDied: the worker process died of what Detail says.
	StatusDied Status = "died"
	// StatusOverdue: the host gave the probe up, and its process was killed.
	StatusOverdue Status = "overdue"
)

// Answer is how a probe ended. A sample has neither unit nor clock yet, and a test no
// format: the host knows which they are.
type Answer struct {
	Status Status `json:"status"`
	matrix.Finding
	Profile *matrix.ProfileCounts `json:"profile,omitempty"`
	Detail  string                `json:"detail,omitempty"`
	// Seconds is how long the probe took by the guest's monotonic clock.
	Seconds float64 `json:"seconds"`
}
