package wire

import (
	"bytes"
	"encoding/json"
	"testing"

	"kmatrix/matrix"
	"kmatrix/matrix/printable"
)

// FuzzEvents reads an agent's stream: whatever it says, what comes out is fit for
// a terminal, within the caps, and can be written as JSON again.
func FuzzEvents(f *testing.F) {
	f.Add([]byte(`{"type":"start","probe":"p"}` + "\n" + `{"type":"answer","probe":"p","answer":{"status":"ok","observation":{"class":"stable","bytes":1,"old":1,"first_offset":-1}}}` + "\n" + `{"type":"done"}` + "\n"))
	f.Fuzz(func(t *testing.T, stream []byte) {
		r, output := NewEventReader(bytes.NewReader(stream)), 0
		for {
			ev, err := r.Next()
			if err != nil {
				if text := err.Error(); printable.Line(text, len(text)) != text {
					t.Errorf("the error has control characters: %q", text)
				}
				return
			}
			text, err := json.Marshal(ev)
			if err != nil {
				t.Fatalf("%+v cannot be encoded: %v", ev, err)
			}
			if len(text) > 1<<20 {
				t.Errorf("an event has %d bytes", len(text))
			}
			if ev.Type != EventOutput {
				output = 0
			}
			if output += len(ev.Output); output > MaxOutput {
				t.Errorf("%d bytes of output", output)
			}
			checkClean(t, text)
		}
	})
}

// checkClean looks at every text within a JSON document, but for output, which is
// bytes in base64.
func checkClean(t *testing.T, document []byte) {
	d := json.NewDecoder(bytes.NewReader(document))
	for {
		token, err := d.Token()
		if err != nil {
			return
		}
		if s, ok := token.(string); ok && printable.Line(s, len(s)) != s {
			t.Errorf("a text has control characters: %q", s)
		}
	}
}

// FuzzFrames reads what comes before SSH, and the probes' port.
func FuzzFrames(f *testing.F) {
	f.Add([]byte("noise" + Magic + "\x00\x00\x00\x0e" + `{"protocol":3}`))
	f.Fuzz(func(t *testing.T, line []byte) {
		r := bytes.NewReader(line)
		if ready, err := ReadReady(r); err == nil && (len(ready.Boot) > MaxBoot || printable.Line(ready.Boot, MaxBoot) != ready.Boot || ready.Protocol != Protocol) {
			t.Errorf("it is taken: %+v", ready)
		}
		var session Session
		if err := ReadFrame(bytes.NewReader(line), &session); err == nil && len(line) < 4 {
			t.Error("a frame without a length is taken")
		}
		if h, err := ReadEchoHeader(bytes.NewReader(line)); err == nil && (h.Size > MaxEcho || !bytes.Equal(h.Append(nil), line[:24])) {
			t.Errorf("it is taken: %+v", h)
		}
	})
}

// FuzzCleanTest cleans what a test says of itself.
func FuzzCleanTest(f *testing.F) {
	f.Add([]byte("a\tb\r\nc\x1b[0m\xff\u202e"))
	f.Fuzz(func(t *testing.T, text []byte) {
		test := matrix.Test{Failing: []string{string(text)}}
		if CleanTest(&test); printable.Line(test.Failing[0], len(test.Failing[0])) != test.Failing[0] {
			t.Errorf("%q is left", test.Failing[0])
		}
	})
}
