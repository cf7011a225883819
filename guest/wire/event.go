package wire

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"kmatrix/matrix/printable"
)

const (
	// MaxLine is the longest line of an event stream, in bytes.
	MaxLine = 128 << 10
	// MaxDetail is the longest text that an event keeps, in bytes.
	MaxDetail = 4 << 10
	// MaxCalls is how many calls an observation keeps.
	MaxCalls = 64
	// MaxPages is how many ranges of pages an observation keeps.
	MaxPages = 64
	// MaxCounters is how many counters a sample keeps.
	MaxCounters = 32
	// MaxPart is how many bytes of output one event holds, and MaxOutput how
	// many a probe's events may hold together.
	MaxPart   = 24 << 10
	MaxOutput = 320 << 10
)

// ErrNoDone is what an [EventReader] returns when the stream ended without
// [EventDone].
var ErrNoDone = errors.New("the agent's stream ended without done")

// EventReader reads the events of one [CommandRun].
type EventReader struct {
	scan *bufio.Scanner
	done bool
	// output counts the bytes of the running probe's output.
	output int
}

// NewEventReader returns a reader of the stream.
func NewEventReader(r io.Reader) *EventReader {
	s := bufio.NewScanner(r)
	s.Buffer(make([]byte, 0, 4<<10), MaxLine)
	return &EventReader{scan: s}
}

// Next returns the next event. After [EventDone] it returns io.EOF; at the end
// of a stream without it [ErrNoDone]. Texts are cleaned by [printable.Line].
func (r *EventReader) Next() (Event, error) {
	var ev Event
	if r.done {
		return ev, io.EOF
	}
	if !r.scan.Scan() {
		if err := r.scan.Err(); err != nil {
			return ev, fmt.Errorf("%w: %w", ErrNoDone, err)
		}
		return ev, ErrNoDone
	}
	if err := json.Unmarshal(r.scan.Bytes(), &ev); err != nil {
		return ev, fmt.Errorf("decode event: %w", err)
	}
	if err := ev.check(); err != nil {
		return ev, err
	}
	if ev.Type != EventOutput {
		r.output = 0
	} else if r.output += len(ev.Output); r.output > MaxOutput {
		return ev, fmt.Errorf("the output of %q has more than %d bytes", ev.Probe, MaxOutput)
	}
	r.done = ev.Type == EventDone
	return ev, nil
}

func (ev *Event) check() error {
	ev.Probe = printable.Line(ev.Probe, MaxDetail)
	if ev.Type != EventOutput {
		ev.Output = nil
	}
	switch ev.Type {
	case EventStart, EventDone, EventOutput:
		ev.Answer = nil
		return nil
	case EventAnswer:
	default:
		return fmt.Errorf("event of unknown type %q", printable.Line(string(ev.Type), 40))
	}
	a := ev.Answer
	if a == nil {
		return fmt.Errorf("answer of %q is empty", ev.Probe)
	}
	a.Detail = printable.Line(a.Detail, MaxDetail)
	switch a.Status {
	case StatusUnsupported, StatusUnmet, StatusError, StatusDied, StatusOverdue:
	case StatusOK:
		if n := count(a.Observation != nil, a.Sample != nil, a.Test != nil, a.Profile != nil); n != 1 {
			return fmt.Errorf("answer of %q must hold an observation, a sample, a test or a profile, and holds %d of them", ev.Probe, n)
		}
	default:
		return fmt.Errorf("answer of %q has the unknown status %q", ev.Probe, printable.Line(string(a.Status), 40))
	}
	var err error
	if a.Observation != nil {
		err = checkObservation(a.Observation)
	}
	if a.Sample != nil {
		err = errors.Join(err, checkSample(a.Sample))
	}
	if a.Test != nil {
		err = errors.Join(err, checkTest(a.Test))
	}
	if err != nil {
		return fmt.Errorf("answer of %q: %w", ev.Probe, err)
	}
	if a.Profile != nil {
		if err := checkProfile(a.Profile); err != nil {
			return fmt.Errorf("answer of %q: %w", ev.Probe, err)
		}
	}
	return nil
}

// count counts what is true.
func count(values ...bool) (n int) {
	for _, v := range values {
		if v {
			n++
		}
	}
	return n
}
