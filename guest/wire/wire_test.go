package wire

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"kmatrix/matrix"
)

func TestReadySkipsNoiseAndStopsAtItsEnd(t *testing.T) {
	var b bytes.Buffer
	b.WriteString("\x1b[2J SeaBIOS \x00kmatrix-ag\x00")
	want := Ready{Protocol: Protocol, Transport: TransportISA, Uptime: 0.75, Boot: "b0070000-0000-4000-8000-000000000001"}
	if err := WriteReady(&b, want); err != nil {
		t.Fatal(err)
	}
	b.WriteString("SSH-2.0-Go")
	got, err := ReadReady(&b)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if rest := b.String(); rest != "SSH-2.0-Go" {
		t.Errorf("after the frame %q is left, want SSH's first bytes", rest)
	}
}

func TestReadyRefusals(t *testing.T) {
	var old bytes.Buffer
	if err := WriteReady(&old, Ready{Protocol: Protocol + 1}); err != nil {
		t.Fatal(err)
	}
	var long, coloured bytes.Buffer
	if err := errors.Join(WriteReady(&long, Ready{Protocol: Protocol, Boot: strings.Repeat("x", MaxBoot+1)}), WriteReady(&coloured, Ready{Protocol: Protocol, Boot: "\x1b[31m"})); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct{ in, want string }{
		"a long boot":    {long.String(), "names its boot"},
		"a bad boot":     {coloured.String(), `"·[31m"`},
		"silence":        {"", "wait for the agent: EOF"},
		"noise only":     {strings.Repeat("x", MaxNoise), "no agent in the first"},
		"other protocol": {old.String(), "run make build"},
		"huge frame":     {Magic + "\xff\xff\xff\xff", "over the limit"},
		"cut frame":      {Magic + "\x00\x00\x00\x09{}", "unexpected EOF"},
		"no JSON":        {Magic + "\x00\x00\x00\x02{x", "decode frame"},
	} {
		if _, err := ReadReady(strings.NewReader(test.in)); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got error %v, want one with %q", name, err, test.want)
		}
	}
}

func TestLifeSurvivesTheWire(t *testing.T) {
	want := Session{Protocol: Protocol, Boot: "b", HostKey: []byte("pem"), ClientKey: []byte{0, 1, 2}, Time: time.Unix(1700000000, 5).UTC(), Entropy: bytes.Repeat([]byte{7}, EntropyBytes)}
	var b bytes.Buffer
	if err := WriteFrame(&b, want); err != nil {
		t.Fatal(err)
	}
	var got Session
	if err := ReadFrame(&b, &got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestEventReader(t *testing.T) {
	answer := func(a Answer) string {
		line, err := json.Marshal(Event{Type: EventAnswer, Probe: "p", Answer: &a})
		if err != nil {
			t.Fatal(err)
		}
		return string(line) + "\n"
	}
	done := `{"type":"done"}` + "\n"
	for name, test := range map[string]struct {
		in    string
		lines int
		want  error
		text  string
	}{
		"whole":          {in: `{"type":"start","probe":"p"}` + "\n" + answer(Answer{Status: StatusDied}) + done, lines: 3, want: io.EOF},
		"no done":        {in: answer(Answer{Status: StatusDied}), lines: 1, want: ErrNoDone},
		"after done":     {in: done + answer(Answer{Status: StatusDied}), lines: 1, want: io.EOF},
		"long line":      {in: strings.Repeat("x", MaxLine+1), want: ErrNoDone},
		"unknown type":   {in: `{"type":"\u001b[31m"}` + "\n", text: "unknown type"},
		"empty answer":   {in: `{"type":"answer"}` + "\n", text: "is empty"},
		"ok of nothing":  {in: answer(Answer{Status: StatusOK}), text: "must hold"},
		"unknown status": {in: answer(Answer{Status: "fine"}), text: "unknown status"},
		"wrong sum":      {in: `{"type":"answer","probe":"p","answer":{"status":"ok","observation":{"class":"stable","bytes":3,"old":1}}}` + "\n", text: "add up to 1"},
	} {
		r, lines := NewEventReader(strings.NewReader(test.in)), 0
		var err error
		for {
			if _, err = r.Next(); err != nil {
				break
			}
			lines++
		}
		if lines != test.lines {
			t.Errorf("%s: read %d events, want %d", name, lines, test.lines)
		}
		if test.want != nil && !errors.Is(err, test.want) {
			t.Errorf("%s: ended with %v, want %v", name, err, test.want)
		}
		if !strings.Contains(err.Error(), test.text) {
			t.Errorf("%s: ended with %v, want a text with %q", name, err, test.text)
		}
	}
}

func TestCountersAreCappedAndCleaned(t *testing.T) {
	counters := map[string]int64{"\x1b[31mred": 3, strings.Repeat("x", 1000): 4}
	for i := range 2 * MaxCounters {
		counters[fmt.Sprintf("n%02d", i)] = int64(i)
	}
	line, err := json.Marshal(Event{Type: EventAnswer, Probe: "p", Answer: &Answer{Status: StatusOK, Finding: matrix.Finding{Sample: &matrix.Sample{Value: 1, Counters: counters}}}})
	if err != nil {
		t.Fatal(err)
	}
	ev, err := NewEventReader(bytes.NewReader(append(line, '\n'))).Next()
	if err != nil {
		t.Fatal(err)
	}
	got := ev.Answer.Sample.Counters
	if len(got) != MaxCounters || got["·[31mred"] != 3 || got["n07"] != 7 {
		t.Errorf("%d counters: %v", len(got), got)
	}
	few := cleanCounters(map[string]int64{strings.Repeat("x", 1000): 4})
	if diff := cmp.Diff(map[string]int64{strings.Repeat("x", 40) + "…": 4}, few); diff != "" {
		t.Error(diff)
	}
}

func TestWhatCannotBeIsRefused(t *testing.T) {
	whole := matrix.Observation{Class: matrix.Stable, Bytes: 1, Old: 1, FirstOffset: -1}
	for name, change := range map[string]func(*matrix.Observation){
		"no class":                func(o *matrix.Observation) { o.Class = "fine" },
		"bytes below 0":           func(o *matrix.Observation) { o.Old, o.New = -1, 2 },
		"a sum that wraps":        func(o *matrix.Observation) { o.Old, o.New, o.Zero, o.Other, o.Bytes = 1<<62, 1<<62, 1<<62, 1<<62, 0 },
		"clobbered below 0":       func(o *matrix.Observation) { o.Old, o.Clobbered = 2, -1 },
		"a sum without clobbered": func(o *matrix.Observation) { o.Clobbered = 1 },
		"no state of a source":    func(o *matrix.Observation) { o.Source = "fine" },
		"a folio of order -1":     func(o *matrix.Observation) { o.FolioOrder = new(-1) },
		"a folio of order 64":     func(o *matrix.Observation) { o.FolioOrder = new(64) },
		"an offset below 0":       func(o *matrix.Observation) { o.FirstOffset = -2 },
		"pages backwards":         func(o *matrix.Observation) { o.Pages = []matrix.PageRange{{First: 2, Last: 1}} },
	} {
		o := whole
		change(&o)
		if _, err := stream(t, Event{Type: EventAnswer, Probe: "p", Answer: &Answer{Status: StatusOK, Finding: matrix.Finding{Observation: &o}}}).Next(); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
	for name, s := range map[string]matrix.Sample{
		"a cost below 0": {Value: -1},
		"a huge cost":    {Value: 1, High: 1e300},
		"passes below 0": {Value: 1, Iterations: -1},
		"a direction":    {Value: 1, Better: "\x1b[31m"},
		"a unit":         {Value: 1, Unit: "insn/B"},
		"a clock":        {Value: 1, Clock: matrix.ClockIcount},
		"its own worth":  {Value: 1, Indicative: true},
	} {
		_, err := stream(t, Event{Type: EventAnswer, Probe: "p", Answer: &Answer{Status: StatusOK, Finding: matrix.Finding{Sample: &s}}}).Next()
		if err == nil || strings.Contains(err.Error(), "\x1b") {
			t.Errorf("%s: error %q", name, err)
		}
	}
}
