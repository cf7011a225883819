package matrix

import "fmt"

// Class is what a stability probe saw, in one word. It is that of the worst byte that
// arrived; [Classes] has them in their order.
//
// A byte that is not the old one is held against what its source holds at that offset
// after the mutation. What lies beyond the end of a file that became shorter counts as
// zeros there, which it would hold if it were as long again (truncate(2)).
type Class string

const (
	// Stable: only bytes from before the mutation arrived.
	Stable Class = "stable"
	// Changed: bytes arrived that the source holds after the mutation, and that are no
	// zeros.
	Changed Class = "changed"
	// Zeroed: zeros arrived that the source holds after the mutation.
	Zeroed Class = "zeroed"
	// Mixed: both changed and zeroed bytes arrived.
	Mixed Class = "mixed"
	// Clobbered: zeros, or bytes of the mutation, arrived where the source held them
	// neither before the mutation nor after it: more was cleared, or written, than
	// what was asked for.
	Clobbered Class = "clobbered"
	// Torn: bytes arrived that nobody wrote, or fewer than the call had promised.
	Torn Class = "torn"
)

// Classes lists the classes that are told apart, the worst first. A class of a call that
// failed is none of them, see [ErrnoClass].
var Classes = []Class{Torn, Clobbered, Mixed, Zeroed, Changed, Stable}

// ErrnoClass returns the class of a call that failed, for example "errno:EINVAL".
func ErrnoClass(name string) Class { return Class("errno:" + name) }

// SourceState is what became of a probe's source itself: it is read again when the
// destination has been read, through the page cache and, of a file on a disk, after that
// was dropped.
type SourceState string

const (
	// SourceIntact: each reading is what the source must hold after the mutation.
	SourceIntact SourceState = "intact"
	// SourceStale: where a reading is not, it is what the source held before the mutation.
	SourceStale SourceState = "stale"
	// SourceLost: a reading is neither, or shorter than the source must be.
	SourceLost SourceState = "lost"
)

// SourceStates lists the states of sources, the best first.
var SourceStates = []SourceState{SourceIntact, SourceStale, SourceLost}

// Observation is what a stability probe saw: how many of the bytes that
// reached the destination are of which kind. A [Stress] probe takes two readings
// of the same data, one at once and one later, and counts bytes that stayed as
// they were as old; it does not know what its source holds, and has no clobbered bytes.
type Observation struct {
	Class Class `json:"class"`
	// Bytes is how many bytes arrived: Old + New + Zero + Clobbered + Other.
	Bytes int64 `json:"bytes"`
	// Old bytes are those of the source before the mutation.
	Old int64 `json:"old"`
	// New bytes are those that the source holds after it.
	New int64 `json:"new"`
	// Zero bytes are zeros that the source holds after it. A run that tells no clobbered
	// bytes counts those here, too, or as new, see [Run.Classes].
	Zero int64 `json:"zero"`
	// Clobbered bytes are zeros and bytes of the mutation that the source held at their
	// offset neither before nor after it.
	Clobbered int64 `json:"clobbered,omitempty"`
	// Other bytes are none of these.
	Other int64 `json:"other"`
	// FirstOffset is the offset in the source of the first byte that is not
	// old, -1 when there is none.
	FirstOffset int64 `json:"first_offset"`
	// Pages are those of the source, counted from 0, of which bytes are not old,
	// in their order. A stress probe, which reads them again and again, names
	// none.
	Pages []PageRange `json:"pages,omitempty"`
	// Source is what became of the source, "" where it was not read again: gifted
	// memory is no longer its giver's.
	Source SourceState `json:"source,omitempty"`
	// FolioOrder is that of the page cache's folio (2^order pages) with the page that
	// mutations aim at, when the data were in the destination; nil where the page was
	// not in the cache, or the kernel does not tell (/proc/kpageflags).
	FolioOrder *int `json:"folio_order,omitempty"`
	// Calls are the system calls under test with what they returned.
	Calls []Call `json:"calls,omitempty"`
}

// PageRange are pages of 4096 bytes in a row, the last included.
type PageRange struct {
	First int64 `json:"first"`
	Last  int64 `json:"last"`
}

// String names the pages: "1829" or "1829-1831".
func (r PageRange) String() string {
	if r.First == r.Last {
		return fmt.Sprint(r.First)
	}
	return fmt.Sprintf("%d-%d", r.First, r.Last)
}

// Call is one system call under test and its return.
type Call struct {
	// Name is the call's name with what distinguishes it, for example
	// "fallocate(PUNCH_HOLE|KEEP_SIZE, 8327168, 4096)".
	Name   string `json:"name"`
	Return int64  `json:"return"`
	// Errno is the symbolic name of the error, "" for none.
	Errno string `json:"errno,omitempty"`
	// Count is how many times in a row the call returned the same.
	Count int `json:"count,omitempty"`
}

// Better says which direction of a value is the good one.
type Better string

const (
	// Lower values are better.
	Lower Better = "lower"
	// Higher values are better.
	Higher Better = "higher"
)

// Sample is what a performance probe measured in one boot. A guest says how many
// nanoseconds of its own clock passed; Unit, Better, Clock and Indicative are the
// host's to say, which knows what that clock counts.
type Sample struct {
	Value float64 `json:"value"`
	// Unit is "insn/" or "ns/" and the probe's [Probe.Per].
	Unit   string `json:"unit"`
	Better Better `json:"better"`
	Clock  Clock  `json:"clock"`
	// Indicative reports whether the clock is too noisy for a verdict: wall time
	// under an emulated CPU.
	Indicative bool `json:"indicative,omitempty"`
	// Iterations is how many repetitions there were. The value is the median of all
	// but LeftOut of them, which waited more often than the others.
	Iterations int `json:"iterations,omitempty"`
	LeftOut    int `json:"left_out,omitempty"`
	// Waited is how many of them gave the CPU up, to wait: those are counted by the
	// time that their thread had it.
	Waited int `json:"waited,omitempty"`
	// Low and High are the smallest and the largest repetition of those that count.
	Low  float64 `json:"low,omitempty"`
	High float64 `json:"high,omitempty"`
	// Counters are what explains the value, by name: sums over all repetitions,
	// such as "pages_copied" and "minor_faults", and what there was after the
	// last, "pages_resident". A counter that the kernel does not have is not
	// there.
	Counters map[string]int64 `json:"counters,omitempty"`
}

// Outcome is what became of a cell in one boot. There is exactly one.
type Outcome string

const (
	// Pass: the probe completed, and its class is one that the contract allows.
	Pass Outcome = "pass"
	// Fail: the probe completed, and the contract forbids what it saw; or it
	// could not run where the kernel must serve it.
	Fail Outcome = "fail"
	// Crash: the kernel, or the probe's process, died while the probe ran.
	Crash Outcome = "crash"
	// Hang: the probe did not end within its deadline.
	Hang Outcome = "hang"
	// BootFailed: the guest never became ready.
	BootFailed Outcome = "boot-failed"
	// BuildFailed: the kernel could not be built.
	BuildFailed Outcome = "build-failed"
	// Unavailable: the kernel's source could not be had.
	Unavailable Outcome = "unavailable"
	// Unsupported: the kernel lacks what the probe needs, for a reason that
	// was checked.
	Unsupported Outcome = "unsupported"
	// Lost: the guest ended, by no fault that could be named, before the cell
	// was answered.
	Lost Outcome = "lost"
	// Infra: the host could not do its part.
	Infra Outcome = "infra"
)

// Outcomes lists every outcome.
var Outcomes = []Outcome{Pass, Fail, Crash, Hang, BootFailed, BuildFailed, Unavailable, Unsupported, Lost, Infra}

// Final reports whether the outcome is a last word. Infra is none: it says nothing of
// the kernel, and a run that is resumed asks again.
func (o Outcome) Final() bool { return o != Infra }

// Finding is what a probe found. At most one is set, the one that the probe's kind
// calls for; none is where the probe gave no answer.
type Finding struct {
	Observation *Observation `json:"observation,omitempty"`
	Sample      *Sample      `json:"sample,omitempty"`
	Test        *Test        `json:"test,omitempty"`
}

// Attempt is what came of asking a cell once, in one guest.
type Attempt struct {
	Outcome Outcome `json:"outcome"`
	Finding
	// Detail says in one line why the outcome is not Pass; of an external probe
	// that passed it is the last line that its program printed.
	Detail string `json:"detail,omitempty"`
	// Session is the number of the guest's session in its boot, from 1; 0 when there was
	// no guest.
	Session int `json:"life,omitempty"`
	// Clone reports whether the guest was a clone of its boot, see [Isolate].
	Clone bool `json:"clone,omitempty"`
	// Output is the file with what an external probe printed, relative to the
	// run's directory, "" when there is none.
	Output string `json:"output,omitempty"`
	// CrashReports are what the kernel said of its own trouble meanwhile, whatever the
	// outcome.
	CrashReports []CrashReport `json:"reports,omitempty"`
	// Seconds is how long the probe took by the host's clock.
	Seconds float64 `json:"seconds"`
}

// Result is what became of one cell in one boot: the attempt that counts.
type Result struct {
	Kernel  string `json:"kernel"`
	Machine string `json:"machine"`
	Probe   string `json:"probe"`
	// Boot counts the boots of a cell from 1; 0 when there was none.
	Boot int `json:"boot"`
	Attempt
	// Cell is the cell's [Cell.ID].
	Cell string `json:"cell"`
	// Other is the other attempt at a cell that was asked twice, each time in a guest
	// of its own; nil where it was asked once, see [Result.Flaky].
	Other *Attempt `json:"other,omitempty"`
}

// Flaky reports whether a cell's second attempt in the same boot came out otherwise. A
// first that this host spoiled tells nothing of the kernel.
func (r Result) Flaky() bool {
	return r.Other != nil && r.Other.Outcome != Infra && r.Outcome != Infra && r.Other.Outcome != r.Outcome
}

// Word returns what became of a cell in a word: the class of what was observed, "measured"
// for a cost, and else the outcome.
func (r Result) Word() string {
	switch {
	case r.Outcome != Pass && r.Outcome != Fail:
		return string(r.Outcome)
	case r.Observation != nil:
		return string(r.Observation.Class)
	case r.Sample != nil:
		return "measured"
	}
	return string(r.Outcome)
}
