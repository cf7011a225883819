package wire

import (
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"

	"kmatrix/matrix"
	"kmatrix/matrix/printable"
)

// stream encodes events as an agent does.
func stream(t *testing.T, events ...Event) *EventReader {
	t.Helper()
	var b strings.Builder
	for _, ev := range events {
		if err := json.NewEncoder(&b).Encode(ev); err != nil {
			t.Fatal(err)
		}
	}
	return NewEventReader(strings.NewReader(b.String()))
}

func TestATestIsCappedAndCleaned(t *testing.T) {
	worst := strings.Repeat("<", matrix.MaxText)
	var full matrix.Test
	for range matrix.MaxNames {
		full.Failing, full.Skips = append(full.Failing, worst), append(full.Skips, worst)
		full.Problems, full.Diagnostics = append(full.Problems, worst), append(full.Diagnostics, worst)
	}
	if ev, err := stream(t, Event{Type: EventAnswer, Probe: "p", Answer: &Answer{Status: StatusOK, Finding: matrix.Finding{Test: &full}}}).Next(); err != nil || len(ev.Answer.Test.Failing) != matrix.MaxNames {
		t.Errorf("the largest test does not fit a line: %v", err)
	}
	hostile := matrix.Test{Failing: make([]string, 1000), Skips: []string{"\x1b[31m" + strings.Repeat("x", 10000)}}
	ev, err := stream(t, Event{Type: EventAnswer, Probe: "p", Answer: &Answer{Status: StatusOK, Finding: matrix.Finding{Test: &hostile}}}).Next()
	if err != nil {
		t.Fatal(err)
	}
	got := ev.Answer.Test
	if len(got.Failing) != matrix.MaxNames || len(got.Skips[0]) > matrix.MaxText+10 || strings.Contains(got.Skips[0], "\x1b") {
		t.Errorf("it is %+v", got)
	}
	for name, test := range map[string]matrix.Test{
		"a format":         {ResultFormat: matrix.FormatLTP},
		"a negative count": {Passed: -1},
		"a huge count":     {Failed: 1 << 40},
		"a huge exit code": {ExitCode: 1 << 20},
	} {
		if _, err := stream(t, Event{Type: EventAnswer, Probe: "p", Answer: &Answer{Status: StatusOK, Finding: matrix.Finding{Test: &test}}}).Next(); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
	both := Answer{Status: StatusOK, Finding: matrix.Finding{Test: &matrix.Test{}, Sample: &matrix.Sample{}}}
	if _, err := stream(t, Event{Type: EventAnswer, Probe: "p", Answer: &both}).Next(); err == nil {
		t.Error("a test and a sample at once are taken")
	}
}

func TestOutputIsCapped(t *testing.T) {
	part := Event{Type: EventOutput, Probe: "p", Output: make([]byte, MaxPart)}
	var events []Event
	for range MaxOutput/MaxPart + 2 {
		events = append(events, part)
	}
	r, sum := stream(t, events...), 0
	for {
		ev, err := r.Next()
		if err != nil {
			if errors.Is(err, io.EOF) || !strings.Contains(err.Error(), "has more than") {
				t.Errorf("error %v", err)
			}
			break
		}
		sum += len(ev.Output)
	}
	if sum > MaxOutput {
		t.Errorf("%d bytes were handed on", sum)
	}
	// What one probe printed does not count for the next.
	events = append(events[:MaxOutput/MaxPart:MaxOutput/MaxPart], Event{Type: EventStart, Probe: "q"})
	r = stream(t, append(events, events[:len(events)-1]...)...)
	for range 2*len(events) - 1 {
		if _, err := r.Next(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestCleanText(t *testing.T) {
	if got := printable.Text([]byte("a\tb\r\nc\x1b[0m\xff\rd\u202e\n")); got != "a\tb\nc·[0m\uFFFD·d·\n" {
		t.Errorf("it is %q", got)
	}
}
