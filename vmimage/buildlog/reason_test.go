package buildlog

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"
)

// failure is a case of testdata: what make printed, and what is to be found in
// it.
type sample struct {
	name, log, line, hint, program, header, lack string
}

// samples reads testdata/*.txt: "=== name", the log, "--- line", and below it
// what else the reason has, of the hint a part.
func samples(t *testing.T) []sample {
	t.Helper()
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no samples (%v)", err)
	}
	var list []sample
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, one := range strings.Split("\n"+string(text), "\n=== ")[1:] {
			name, rest, _ := strings.Cut(one, "\n")
			at := strings.LastIndex(rest, "\n--- ")
			if at < 0 {
				t.Fatalf("%s: %s has no line", file, name)
			}
			s := sample{name: name, log: rest[:at+1]}
			want := strings.Split(strings.TrimSpace(rest[at+len("\n--- "):]), "\n")
			s.line = want[0]
			for _, w := range want[1:] {
				key, value, _ := strings.Cut(w, ": ")
				to, ok := map[string]*string{"hint": &s.hint, "program": &s.program, "header": &s.header, "lack": &s.lack}[key]
				if !ok {
					t.Fatalf("%s: %s has a line %q", file, name, w)
				}
				*to = value
			}
			list = append(list, s)
		}
	}
	return list
}

var lacks = map[Lack]string{Nothing: "", Space: "space", Memory: "memory"}

// TestFind holds what real builds print against what one has to read of it.
func TestFind(t *testing.T) {
	for _, s := range samples(t) {
		got := Find(s.log)
		if got.Line != s.line || lacks[got.Lack] != s.lack || got.Program != s.program || got.Header != s.header {
			t.Errorf("%s: found %+v,\nwant %+v", s.name, got, s)
		}
		if s.hint == "" && got.Hint != "" || !strings.Contains(got.Hint, s.hint) {
			t.Errorf("%s: the hint is %q, want …%s…", s.name, got.Hint, s.hint)
		}
	}
}

func TestALogWithoutAFailure(t *testing.T) {
	for _, log := range []string{"", "\n", "  CC      fs/splice.o\nmake[1]: Leaving directory '/x'\n", "make[2]: *** Waiting for unfinished jobs....\n"} {
		if got := Find(log); got != (Reason{}) {
			t.Errorf("%q: %+v", log, got)
		}
	}
}

// TestALineIsBounded has no line of a log grow without limit, nor be cut in the
// middle of a letter.
func TestALineIsBounded(t *testing.T) {
	got := Find("a.c:1:1: error: " + strings.Repeat("‘", 4000)).Line
	if len(got) > maxLine+len("…") || !utf8.ValidString(got) || !strings.HasPrefix(got, "a.c:1:1: error: ‘") {
		t.Errorf("the line is %q", got)
	}
}

func FuzzFind(f *testing.F) {
	f.Add("a.c:1:1: error: boom\nmake: *** [x] Error 1\n")
	f.Add("***\n*** a\n***\nmake[1]: *** [a: b] Killed\n")
	f.Add("error[E1]: x\n --> y\n/bin/sh: 1: z: not found\n")
	f.Fuzz(func(t *testing.T, log string) {
		r := Find(log)
		if len(r.Line) > maxLine+len("…") || strings.ContainsAny(r.Line, "\n") || !utf8.ValidString(r.Line) {
			t.Errorf("%q: %+v", log, r)
		}
	})
}
