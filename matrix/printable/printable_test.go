package printable

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestLine(t *testing.T) {
	for in, want := range map[string]string{
		"plain, ä":        "plain, ä",
		"\x1b[31mred\n":   "·[31mred·",
		"bad\xffbyte":     "bad\uFFFDbyte",
		"12345678901234":  "1234567890…",
		"\u202eleft":      "·left",
		"cut in a ä here": "cut in a \uFFFD…",
		"\u009b1m\x7f":    "·1m·",
		"\u2028\u200b\r":  "···",
	} {
		if got := Line(in, 10); got != want {
			t.Errorf("Line(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestText(t *testing.T) {
	const in, want = "a\tb\r\nc\rd\x1b]0;t\x07\n\xff\u202e", "a\tb\nc·d·]0;t·\n\uFFFD·"
	if got := Text([]byte(in)); got != want {
		t.Errorf("Text(%q) = %q, want %q", in, got, want)
	}
}

// TestWriterTakesAnyPieces cuts a text everywhere.
func TestWriterTakesAnyPieces(t *testing.T) {
	const in = "ä\x1b[31m€\r\n\r\r\n𝄞\xff\xe2\x82\u202e\u009b\tend\xf0\x9d"
	want := Text([]byte(in))
	for a := range len(in) + 1 {
		for b := a; b <= len(in); b++ {
			var out bytes.Buffer
			w := NewWriter(&out)
			for _, piece := range []string{in[:a], in[a:b], in[b:]} {
				if n, err := w.Write([]byte(piece)); n != len(piece) || err != nil {
					t.Fatal(n, err)
				}
			}
			if err := w.Flush(); err != nil || out.String() != want {
				t.Fatalf("cut at %d and %d it is %q, %v, want %q", a, b, &out, err, want)
			}
		}
	}
}

type failing struct{}

var errFull = errors.New("full")

func (failing) Write([]byte) (int, error) { return 0, errFull }

func TestWriterPassesErrorsOn(t *testing.T) {
	w := NewWriter(failing{})
	if _, err := w.Write([]byte("x")); !errors.Is(err, errFull) {
		t.Errorf("Write: %v", err)
	}
	if err := w.Flush(); !errors.Is(err, errFull) {
		t.Errorf("Flush: %v", err)
	}
}

type inner struct {
	Text   string
	Lines  string `printable:"text"`
	hidden string
}

type Word string

type outer struct {
	inner
	Inner  inner
	Same   *inner
	Nil    *inner
	List   []Word
	Array  [2]string
	Map    map[string][]string
	Any    any
	At     time.Time
	Number int
	Bytes  []byte
	Raw    json.RawMessage
	Next   *outer
	Plain  []int
}

// TestCopy cleans texts wherever they are, and leaves the value as it was.
func TestCopy(t *testing.T) {
	at := time.Date(2026, 11, 28, 1, 2, 3, 0, time.UTC)
	with := func(mark, lines string) outer {
		return outer{
			Inner: inner{Text: "a" + mark, Lines: lines, hidden: "\x1b"}, Same: &inner{Text: mark}, List: []Word{Word(mark)}, Array: [2]string{mark, "b"},
			Map: map[string][]string{"k" + mark: {mark}}, Any: map[string]any{"x": mark}, At: at, Number: 7, Bytes: []byte("\x1b"),
			Next: &outer{Any: mark}, Plain: []int{1},
		}
	}
	hostile, want := with("\x1b\n", "a\x1b\nb"), with("··", "a·\nb")
	hostile.Raw, want.Raw = json.RawMessage(`{"n":12345678901234567890,"t":["\u001b\u202e"]}`), json.RawMessage(`{"n":12345678901234567890,"t":["··"]}`)
	before := with("\x1b\n", "a\x1b\nb")
	before.Raw = hostile.Raw
	got := Copy(hostile)
	opt := cmp.AllowUnexported(outer{}, inner{})
	if diff := cmp.Diff(want, got, opt); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(before, hostile, opt); diff != "" {
		t.Errorf("the original changed: %s", diff)
	}
	if got.Same == hostile.Same {
		t.Error("a text is shared")
	}
	if twice := Copy([]*inner{hostile.Same, hostile.Same}); twice[0] != twice[1] || twice[0].Text != "··" {
		t.Errorf("what is shared becomes %+v and %+v", twice[0], twice[1])
	}
	if got := Copy(json.RawMessage("no\x1bjson")); string(got) != `"no·json"` {
		t.Errorf("what is no JSON becomes %s", got)
	}
	if got := Copy(map[string]int{"\x1b": 1, "\x02": 2, "\x03": 3}); len(got) != 1 || got["·"] != 1 {
		t.Errorf("keys that become the same: %v", got)
	}
}

func FuzzText(f *testing.F) {
	f.Add([]byte("\x1b[31m\r\n\xff\u202e"), 3)
	f.Fuzz(func(t *testing.T, text []byte, cut int) {
		whole := Text(text)
		for line := range strings.Lines(strings.ReplaceAll(whole, "\t", " ")) {
			if line = strings.TrimSuffix(line, "\n"); Line(line, len(line)) != line {
				t.Errorf("Text leaves %q", line)
			}
		}
		at := min(max(cut, 0), len(text))
		if s := Line(string(text), at); len(s) > 3*at+len("…") || Line(s, len(s)) != s {
			t.Errorf("cut at %d it is %q", at, s)
		}
		var out bytes.Buffer
		w := NewWriter(&out)
		for _, piece := range [][]byte{text[:at], text[at:]} {
			if _, err := w.Write(piece); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Flush(); err != nil || out.String() != whole {
			t.Errorf("in pieces it is %q, else %q: %v", &out, whole, err)
		}
	})
}
