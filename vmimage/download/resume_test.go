package download

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

const mega = 1 << 20

// TestItGoesOnWhereItBrokeOff has a transfer broken off every 300 KB.
func TestItGoesOnWhereItBrokeOff(t *testing.T) {
	for name, change := range map[string]func(*server){
		"by its ETag":          func(*server) {},
		"by its Last-Modified": func(s *server) { s.etag, s.modified = "", "Mon, 02 Jan 2006 15:04:05 GMT" },
		"by its digest alone":  func(s *server) { s.etag = "" },
		"weak ETag":            func(s *server) { s.etag, s.modified = `W/"x"`, "Mon, 02 Jan 2006 15:04:05 GMT" },
		"stalled":              func(s *server) { s.stall = true },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newServer(t, mega)
			s.cut = func(int) int { return 300e3 }
			change(s)
			path := filepath.Join(t.TempDir(), "file")
			var said []string
			var seen []int64
			c := &Client{HTTP: s.Client(), Log: func(line string) { said = append(said, line) }, Stall: 200 * time.Millisecond}
			err := c.File(t.Context(), s.URL+"/file", path, want(s.text), func(done, total int64) {
				if total != mega {
					t.Errorf("progress of %d bytes", total)
				}
				seen = append(seen, done)
			})
			if err != nil {
				t.Fatal(err)
			}
			holds(t, path, s.text)
			if !slices.IsSorted(seen) || seen[len(seen)-1] != mega {
				t.Errorf("the progress went %v", seen)
			}
			asked := s.asked()
			if len(asked) != 4 || from(t, asked[0]) != 0 || s.bytes() != mega {
				t.Errorf("asked for %q, and got %d bytes of %d", asked, s.bytes(), mega)
			}
			for i, r := range asked[1:] {
				if from(t, r) <= from(t, asked[i]) {
					t.Errorf("asked for %q", asked)
				}
			}
			if len(said) != 1 || !strings.Contains(said[0], "file: broke off at 0.3 of 1.05 MB: going on from there") {
				t.Errorf("said %q", said)
			}
		})
	}
}

// TestItBeginsAgain has servers with which a part is no use.
func TestItBeginsAgain(t *testing.T) {
	once := func(request int) int {
		if request == 0 {
			return 300e3
		}
		return 0
	}
	other := random(mega, 2)
	for name, test := range map[string]struct {
		change func(*server)
		// text is what the file is in the end, requests how many that takes.
		text     []byte
		requests int
	}{
		"no ranges": {func(s *server) {
			s.hook = func(w http.ResponseWriter, r *http.Request, _ int) bool {
				r.Header.Del("Range")
				return false
			}
		}, nil, 2},
		"the content has changed": {func(s *server) {
			s.hook = func(_ http.ResponseWriter, _ *http.Request, request int) bool {
				if request == 0 {
					go s.change(other, `"two"`)
				}
				return false
			}
		}, other, 2},
		"the content has changed, and the server does not see it": {func(s *server) {
			s.hook = func(_ http.ResponseWriter, r *http.Request, request int) bool {
				if request == 0 {
					go s.change(other, `"one"`)
				}
				return false
			}
		}, other, 3},
		"another part": {func(s *server) {
			s.hook = func(w http.ResponseWriter, r *http.Request, request int) bool {
				if request == 1 {
					r.Header.Set("Range", "bytes=5-")
				}
				return false
			}
		}, nil, 3},
		"a part of another length": {func(s *server) {
			s.hook = func(w http.ResponseWriter, r *http.Request, request int) bool {
				if request == 1 {
					w.Header().Set("Content-Range", "bytes "+strings.TrimPrefix(r.Header.Get("Range"), "bytes=")+"2000000/2000001")
					w.WriteHeader(http.StatusPartialContent)
				}
				return request == 1
			}
		}, nil, 3},
		"a part of no total": {func(s *server) {
			s.hook = func(w http.ResponseWriter, r *http.Request, request int) bool {
				if request == 1 {
					w.Header().Set("Content-Range", "bytes "+strings.TrimPrefix(r.Header.Get("Range"), "bytes=")+fmt.Sprint(mega-1)+"/*")
					w.WriteHeader(http.StatusPartialContent)
					w.Write(s.text[from(t, r.Header.Get("Range")):])
				}
				return request == 1
			}
		}, nil, 2},
		"a part of no place": {func(s *server) {
			s.hook = func(w http.ResponseWriter, r *http.Request, request int) bool {
				if request == 1 {
					w.WriteHeader(http.StatusPartialContent)
				}
				return request == 1
			}
		}, nil, 3},
		"no such part": {func(s *server) {
			s.hook = func(w http.ResponseWriter, r *http.Request, request int) bool {
				if request == 1 {
					w.WriteHeader(http.StatusRequestedRangeNotSatisfiable)
				}
				return request == 1
			}
		}, nil, 3},
		"a server that is busy": {func(s *server) {
			s.hook = func(w http.ResponseWriter, r *http.Request, request int) bool {
				if request == 1 {
					w.Header().Set("Retry-After", "0")
					w.WriteHeader(http.StatusTooManyRequests)
				}
				return request == 1
			}
		}, nil, 3},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newServer(t, mega)
			s.cut = once
			test.change(s)
			if test.text == nil {
				test.text = s.text
			}
			path := filepath.Join(t.TempDir(), "file")
			c := &Client{HTTP: s.Client()}
			if err := c.File(t.Context(), s.URL+"/file", path, want(test.text), nil); err != nil {
				t.Fatal(err)
			}
			holds(t, path, test.text)
			if asked := s.asked(); len(asked) != test.requests {
				t.Errorf("asked for %q, want %d requests", asked, test.requests)
			}
		})
	}
}

// TestNothingTellsTheContent has a server that says nothing of it, and no digest: a
// part is no use.
func TestNothingTellsTheContent(t *testing.T) {
	s := newServer(t, mega)
	s.etag = ""
	s.cut = func(request int) int { return []int{300e3, 400e3, 0}[request] }
	path := filepath.Join(t.TempDir(), "file")
	if err := (&Client{HTTP: s.Client()}).File(t.Context(), s.URL+"/file", path, Want{}, nil); err != nil {
		t.Fatal(err)
	}
	holds(t, path, s.text)
	if asked := s.asked(); fmt.Sprintf("%q", asked) != `["" "" ""]` {
		t.Errorf("asked for %q", asked)
	}
}

// TestItGivesUp has a server that breaks off for good: what came is kept, and the
// next call goes on there; or the call is interrupted.
func TestItGivesUp(t *testing.T) {
	for _, interrupted := range []bool{false, true} {
		s := newServer(t, mega)
		// The first request brings 400 KB, the later ones next to nothing.
		s.cut = func(request int) int {
			if request == 0 {
				return 400e3
			}
			return 100
		}
		path := filepath.Join(t.TempDir(), "file")
		c := &Client{HTTP: s.Client()}
		ctx, cancel := context.WithCancel(t.Context())
		err := c.File(ctx, s.URL+"/file", path, want(s.text), func(done, _ int64) {
			if interrupted && done >= 300e3 {
				cancel()
			}
		})
		cancel()
		var broken *BrokenError
		switch {
		case interrupted && !errors.Is(err, context.Canceled):
			t.Fatalf("interrupted: %v", err)
		case !interrupted && (!errors.As(err, &broken) || !broken.Kept || !strings.Contains(err.Error(), "broke off after 0.4 of 1.05 MB") || !strings.Contains(err.Error(), "run again to go on there") || len(s.asked()) != attempts):
			t.Fatalf("%v, asked for %q", err, s.asked())
		}
		if left := beside(t, path); !slices.Equal(left, []string{".file.part", ".file.part.json"}) {
			t.Errorf("left are %q", left)
		}
		before := len(s.asked())
		s.heal()
		var said []string
		c.Log = func(line string) { said = append(said, line) }
		if err := c.File(t.Context(), s.URL+"/file", path, want(s.text), nil); err != nil {
			t.Fatal(err)
		}
		holds(t, path, s.text)
		if asked := s.asked()[before:]; len(asked) != 1 || from(t, asked[0]) < 250e3 || len(said) != 1 || !strings.Contains(said[0], "which came before") {
			t.Errorf("then asked for %q, and said %q", asked, said)
		}
	}
}

// TestAPartThatIsWhole was killed between the last byte and the new name.
func TestAPartThatIsWhole(t *testing.T) {
	s := newServer(t, mega)
	path := filepath.Join(t.TempDir(), "file")
	p, err := openPartial(path, s.URL+"/file", want(s.text))
	if err == nil {
		err = p.restart(validators{URL: s.URL + "/file", ETag: s.etag, Total: mega})
	}
	if err == nil {
		_, err = p.Write(s.text)
	}
	if err := errors.Join(err, p.close()); err != nil {
		t.Fatal(err)
	}
	c := &Client{HTTP: s.Client()}
	if err := c.File(t.Context(), s.URL+"/file", path, want(s.text), nil); err != nil {
		t.Fatal(err)
	}
	holds(t, path, s.text)
	if asked := s.asked(); len(asked) != 0 {
		t.Errorf("asked for %q", asked)
	}
}

// TestBytesGoesOnToo fetches a small file in parts, and refuses a large one.
func TestBytesGoesOnToo(t *testing.T) {
	s := newServer(t, 100e3)
	s.cut = func(int) int { return 30e3 }
	c := &Client{HTTP: s.Client()}
	text, err := c.Bytes(t.Context(), s.URL, mega)
	if err != nil || string(text) != string(s.text) || s.bytes() != len(s.text) {
		t.Errorf("%d bytes of %d, %v", len(text), s.bytes(), err)
	}
	if _, err := c.Bytes(t.Context(), s.URL, 50e3); !errors.Is(err, ErrTooLong) {
		t.Errorf("a large file gave %v", err)
	}
}

func TestContentRange(t *testing.T) {
	for header, want := range map[string]string{
		"bytes 5-9/10": "5 10 true", "bytes 5-9/*": "5 0 true", "bytes 5-10/10": "5 10 false", "bytes 9-5/10": "9 10 false",
		"": "0 0 false", "bytes */10": "0 0 false", "bytes 5-9": "0 0 false", "bytes 99999999999999999999-5/9": "0 0 false",
	} {
		start, total, ok := contentRange(header)
		if got := fmt.Sprint(start, total, ok); got != want {
			t.Errorf("%q: %s, want %s", header, got, want)
		}
	}
}
