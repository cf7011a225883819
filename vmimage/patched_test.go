package vmimage

import (
	"bytes"
	"compress/gzip"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"kmatrix/matrix"
	"kmatrix/vmimage/build"
	"kmatrix/vmimage/fault"
	"kmatrix/vmimage/sourcetest"
)

// thread holds two versions of a patch to the fake tree, each an mbox of lore's.
func thread() string {
	mail := func(tag, word string) string {
		return "From mboxrd@z Thu Jan  1 00:00:00 1970\nFrom: A <a@example.invalid>\nSubject: [" + tag + "] x\n\nWhy.\n---\ndiff --git a/f b/f\n--- a/f\n+++ b/f\n@@ -1,3 +1,3 @@\n one\n-two\n+" + word + "\n three\n-- \n2.39.5\n\n"
	}
	return mail("PATCH", "zwei") + mail("PATCH v2", "deux")
}

// TestASeriesByURL takes a compressed thread of a server, says which version it is,
// and keeps what is a series alone.
func TestASeriesByURL(t *testing.T) {
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	z.Write([]byte(thread()))
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	answer := []byte("<html>Come back later.</html>")
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.Write(answer) }))
	defer server.Close()
	env := newEnv(t)
	env.Builds = []matrix.Build{build.Default}
	var lines []string
	env.Log = func(line string) { lines = append(lines, line) }
	k := buildable("tree", sourcetest.Tree(t))
	k.Series = []string{server.URL + "/t.mbox.gz"}
	var failed *fault.BuildFailedError
	if _, err := Fetch(t.Context(), env, k); !errors.As(err, &failed) || !strings.Contains(err.Error(), "/t.mbox.gz: it is a web page") {
		t.Errorf("a web page gave %v", err)
	}
	answer = packed.Bytes()[:packed.Len()/2]
	if _, err := Fetch(t.Context(), env, k); !errors.As(err, &failed) || !strings.Contains(err.Error(), "it is gzip and does not unpack") {
		t.Errorf("a half of it gave %v", err)
	}
	// The compiler is reached with the patch applied: the fake tree has an error of
	// its own.
	answer = packed.Bytes()
	if _, err := Fetch(t.Context(), env, k); !errors.As(err, &failed) || !strings.Contains(err.Error(), "no such luck") {
		t.Errorf("the thread gave %v", err)
	}
	if all := strings.Join(lines, "\n"); !strings.Contains(all, "k: series: "+server.URL+"/t.mbox.gz: versions 1 and 2 are in it: version 2 is taken") {
		t.Errorf("it was said that %q", all)
	}
	server.Close()
	s, err := readSeries(t.Context(), env, k)
	if err != nil || len(s.Patches) != 1 || !strings.Contains(s.Patches[0].Diff, "+deux") {
		t.Errorf("without the server: %+v, %v", s, err)
	}
}
