package matrix

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"testing"
)

// TestWhatIsStoredKeepsItsShape reads a run of before and writes it again: every key
// is known, and keeps its name, its place and its value.
func TestWhatIsStoredKeepsItsShape(t *testing.T) {
	read := map[string]func() any{
		"run.json":       func() any { return &Run{} },
		"results.jsonl":  func() any { return &Result{} },
		"guests.jsonl":   func() any { return &Guest{} },
		"profiles.jsonl": func() any { return &Profile{} },
	}
	kinds := map[string]bool{}
	for name, empty := range read {
		text, err := os.ReadFile(filepath.Join("../host/kmatrix/testdata/c493e26/run", name))
		if err != nil {
			t.Fatal(err)
		}
		documents := bytes.Split(bytes.TrimSpace(text), []byte("\n"))
		if name == "run.json" {
			documents = [][]byte{text}
		}
		for i, line := range documents {
			into := empty()
			d := json.NewDecoder(bytes.NewReader(line))
			d.DisallowUnknownFields()
			if err := d.Decode(into); err != nil {
				t.Fatalf("%s: document %d: %v", name, i+1, err)
			}
			again, err := json.Marshal(into)
			if err != nil {
				t.Fatal(err)
			}
			var want, got any
			if err := json.Unmarshal(line, &want); err != nil {
				t.Fatal(err)
			}
			if err := json.Unmarshal(again, &got); err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(want, got) {
				t.Errorf("%s: document %d:\n%s\nis written as\n%s", name, i+1, line, again)
			}
			if r, ok := into.(*Result); ok {
				kinds["observation"] = kinds["observation"] || r.Observation != nil
				kinds["sample"] = kinds["sample"] || r.Sample != nil
				kinds["test"] = kinds["test"] || r.Test != nil
			}
		}
	}
	if len(kinds) != 3 || !kinds["observation"] || !kinds["sample"] || !kinds["test"] {
		t.Errorf("the run has no results of some kind: %v", kinds)
	}
}

// TestAnotherAttemptIsWrittenBesideTheResult pins the one part of a result that the
// run of before does not have.
func TestAnotherAttemptIsWrittenBesideTheResult(t *testing.T) {
	const text = `{"kernel":"k","machine":"m","probe":"external/x","boot":1,"outcome":"crash","detail":"d","life":2,"clone":true,"output":"o","reports":[{"kind":"warning","title":"t","fingerprint":"f","count":1}],"seconds":1.5,"cell":"k/m/external/x",` +
		`"other":{"outcome":"fail","test":{"judge":"exit","exit_code":3,"passed":0,"failed":1,"skipped":0,"expected_failures":0},"detail":"e","life":3,"clone":true,"output":"p","seconds":0.5}}`
	var r Result
	d := json.NewDecoder(bytes.NewReader([]byte(text)))
	d.DisallowUnknownFields()
	if err := d.Decode(&r); err != nil {
		t.Fatal(err)
	}
	if again, err := json.Marshal(r); err != nil || string(again) != text {
		t.Errorf("%s\nis written as\n%s (%v)", text, again, err)
	}
	if r.Other == nil || r.Other.Test == nil || r.Other.Outcome != Fail || r.Outcome != Crash || r.Test != nil || !r.Flaky() {
		t.Errorf("it is read as %+v", r)
	}
}
