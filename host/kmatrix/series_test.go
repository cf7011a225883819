package main

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// saved are the samples of package series.
const saved = "../../vmimage/series/testdata/saved/"

// TestSeriesIsShown has the same series from a file, compressed, by URL and on the
// standard input shown alike.
func TestSeriesIsShown(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	text, err := os.ReadFile(saved + "24-x.mbox")
	if err != nil {
		t.Fatal(err)
	}
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	z.Write(text)
	z.Close()
	file := filepath.Join(t.TempDir(), "t.mbox.gz")
	if err := os.WriteFile(file, packed.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	asked := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked++
		w.Write(packed.Bytes())
	}))
	defer server.Close()
	want := `version 2, 2 patches

1/2  f: first
     A Hacker <a@example.invalid>; +1 -1 in f
2/2  f: second
     A Hacker <a@example.invalid>; +1 -1 in f

in all: 1 file, +1 -1
`
	for _, name := range []string{saved + "24-x.mbox", file, server.URL + "/t.mbox.gz", server.URL + "/t.mbox.gz"} {
		out, errs, code := command(t, "series", name)
		if diff := cmp.Diff(want, out); diff != "" || errs != "" || code != exitDone {
			t.Errorf("%s: exit code %d, printed %q: %s", name, code, errs, diff)
		}
	}
	if asked != 1 {
		t.Errorf("the server was asked %d times", asked)
	}
	var out, errs bytes.Buffer
	if code := run(t.Context(), &packed, &out, &errs, []string{"series", "-"}); code != exitDone || out.String() != want {
		t.Errorf("the standard input: exit code %d, printed %q and %q", code, out.String(), errs.String())
	}
}

func TestSeriesAsJSON(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	file := filepath.Join(t.TempDir(), "out.json")
	out, errs, code := command(t, "series", "--json", "-o", file, saved+"27-two-versions.mbox")
	if code != exitDone || out != "" || !strings.Contains(errs, "version 2 is taken") {
		t.Errorf("exit code %d, printed %q and %q", code, out, errs)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var doc seriesDocument
	if err := json.Unmarshal(text, &doc); err != nil {
		t.Fatal(err)
	}
	want := seriesDocument{
		Version: 1, Revision: 2, Files: []string{"f"}, Insertions: 1, Deletions: 1,
		Patches: []patchDocument{{
			Number: 1, Of: 1, Revision: 2, Subject: "f: x", Author: "A Hacker <a@example.invalid>",
			Origin: saved + "27-two-versions.mbox:26", Files: []string{"f"}, Insertions: 1, Deletions: 1,
		}},
		Notes: []string{saved + "27-two-versions.mbox: versions 1 and 2 are in it: version 2 is taken"},
	}
	if diff := cmp.Diff(want, doc); diff != "" {
		t.Error(diff)
	}
}

func TestSeriesThatIsNotUnderstood(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/none" {
			http.NotFound(w, r)
			return
		}
		w.Write([]byte("<!DOCTYPE html>\n<html><body>Are you a robot?</body></html>\n"))
	}))
	defer server.Close()
	for name, test := range map[string]struct {
		file string
		code int
		want string
	}{
		"a gap":         {saved + "23-list-prefix-missing.mbox", exitWrongUse, "23-list-prefix-missing.mbox: patches 1/3 and 3/3 are missing"},
		"no such file":  {"no-such.mbox", exitWrongUse, "no-such.mbox: no such file"},
		"no mail":       {"series_test.go", exitWrongUse, "holds no patch"},
		"a web page":    {server.URL + "/page", exitWrongUse, "/page: it is a web page: take the thread's mbox.gz"},
		"no such page":  {server.URL + "/none", exitInfra, "the server does not have it"},
		"not reached":   {"http://127.0.0.1:1/t.mbox.gz", exitInfra, "reach http://127.0.0.1:1/t.mbox.gz"},
		"an empty list": {t.TempDir(), exitWrongUse, "holds no *.patch"},
	} {
		out, errs, code := command(t, "series", test.file)
		if code != test.code || !strings.Contains(errs, test.want) || out != "" {
			t.Errorf("%s: exit code %d, printed %q and %q", name, code, out, errs)
		}
	}
	if _, errs, code := command(t, "series"); code != exitWrongUse || !strings.Contains(errs, "at least one FILE") {
		t.Errorf("no file: exit code %d, printed %q", code, errs)
	}
}
