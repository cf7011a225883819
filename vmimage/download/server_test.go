package download

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// server has one file, and breaks transfers off.
type server struct {
	*httptest.Server
	mu sync.Mutex
	// text is the file, etag and modified what tells it from another.
	text           []byte
	etag, modified string
	// cut is after how many bytes a transfer breaks off, 0 for never; it is asked
	// anew for each request.
	cut func(request int) int
	// stall has a transfer that is cut wait, for the client to go, instead of break
	// off.
	stall bool
	// hook may answer a request itself.
	hook func(w http.ResponseWriter, r *http.Request, request int) bool
	// ranges are the Range headers that came, and sent is how many bytes went.
	ranges []string
	sent   int
}

func newServer(t *testing.T, size int) *server {
	t.Helper()
	s := &server{text: random(size, 1), etag: `"one"`}
	s.Server = httptest.NewServer(http.HandlerFunc(s.serve))
	t.Cleanup(s.Close)
	return s
}

// random is a file that is no text, the same for the same seed.
func random(size int, seed uint64) []byte {
	b := make([]byte, size)
	r := rand.New(rand.NewPCG(seed, 0))
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return b
}

func (s *server) serve(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	request := len(s.ranges)
	s.ranges = append(s.ranges, r.Header.Get("Range"))
	text, hook := s.text, s.hook
	if s.etag != "" {
		w.Header().Set("ETag", s.etag)
	}
	var modified time.Time
	if s.modified != "" {
		modified, _ = http.ParseTime(s.modified)
	}
	cut := 0
	if s.cut != nil {
		cut = s.cut(request)
	}
	s.mu.Unlock()
	if hook != nil && hook(w, r, request) {
		return
	}
	http.ServeContent(&cutting{ResponseWriter: w, server: s, asked: r, left: cut, stops: cut > 0}, r, "", modified, bytes.NewReader(text))
}

// cutting breaks a transfer off.
type cutting struct {
	http.ResponseWriter
	server *server
	asked  *http.Request
	left   int
	stops  bool
}

func (c *cutting) Write(b []byte) (int, error) {
	if c.stops {
		b = b[:min(len(b), c.left)]
	}
	n, err := c.ResponseWriter.Write(b)
	c.left -= n
	c.server.mu.Lock()
	c.server.sent += n
	stall := c.server.stall
	c.server.mu.Unlock()
	if c.stops && c.left == 0 {
		_ = http.NewResponseController(c.ResponseWriter).Flush()
		if stall {
			<-c.asked.Context().Done()
		}
		panic(http.ErrAbortHandler)
	}
	return n, err
}

// asked returns the Range headers of the requests so far.
func (s *server) asked() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.ranges)
}

// bytes returns how many bytes went.
func (s *server) bytes() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.sent
}

// heal ends what breaks transfers off.
func (s *server) heal() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cut = nil
}

// change has the server have another file from now on.
func (s *server) change(text []byte, etag string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.text, s.etag = text, etag
}

func want(text []byte) Want {
	return Want{SHA256: fmt.Sprintf("%x", sha256.Sum256(text)), Size: int64(len(text))}
}

// holds compares a file, and sees that nothing lies beside it.
func holds(t *testing.T, path string, text []byte) {
	t.Helper()
	got, err := os.ReadFile(path)
	if err != nil || !bytes.Equal(got, text) {
		t.Errorf("the file has %d bytes that are not the %d of the server (%v)", len(got), len(text), err)
	}
	if left := beside(t, path); len(left) > 0 {
		t.Errorf("beside it lie %v", left)
	}
}

// beside lists what else lies in a file's directory.
func beside(t *testing.T, path string) (list []string) {
	t.Helper()
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	for _, e := range entries {
		if e.Name() != filepath.Base(path) {
			list = append(list, e.Name())
		}
	}
	return list
}

// from reads where a Range header begins, 0 for none.
func from(t *testing.T, header string) int {
	t.Helper()
	if header == "" {
		return 0
	}
	n, err := strconv.Atoi(strings.TrimSuffix(strings.TrimPrefix(header, "bytes="), "-"))
	if err != nil {
		t.Fatalf("Range: %q", header)
	}
	return n
}
