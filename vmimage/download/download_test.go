package download

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// variable names the URL and the path that the test binary fetches, as a process
// of its own.
const variable = "KMATRIX_TEST_DOWNLOAD"

// TestAKilledProcess kills one in the middle of a file: the next goes on there.
func TestAKilledProcess(t *testing.T) {
	if line := os.Getenv(variable); line != "" {
		url, path, _ := strings.Cut(line, " ")
		err := (&Client{HTTP: http.DefaultClient}).File(t.Context(), url, path, Want{}, nil)
		t.Fatalf("it has ended: %v", err)
	}
	for name, test := range map[string]struct {
		want  Want
		boot  string
		taken bool
	}{
		"a digest is known":                 {Want{SHA256: "x"}, "another", true},
		"no digest is known":                {Want{}, "", true},
		"no digest, and the host was reset": {Want{}, "another", false},
	} {
		t.Run(name, func(t *testing.T) {
			s := newServer(t, mega)
			s.mu.Lock()
			s.cut, s.stall = func(int) int { return 400e3 }, true
			s.mu.Unlock()
			path := filepath.Join(t.TempDir(), "file")
			cmd := exec.Command(os.Args[0], "-test.run=^TestAKilledProcess$")
			cmd.Env = append(os.Environ(), variable+"="+s.URL+"/file "+path)
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			part := filepath.Join(filepath.Dir(path), ".file.part")
			for began := time.Now(); ; time.Sleep(10 * time.Millisecond) {
				if info, err := os.Stat(part); err == nil && info.Size() == 400e3 {
					break
				}
				if time.Since(began) > 30*time.Second {
					t.Fatal("nothing came")
				}
			}
			if err := cmd.Process.Kill(); err != nil {
				t.Fatal(err)
			}
			_ = cmd.Wait() // killed, which is its error
			if _, err := os.Stat(path); err == nil {
				t.Error("a part of the file has its name")
			}
			if test.boot != "" {
				note(t, part, func(v *validators) { v.Boot = test.boot })
			}
			s.heal()
			w := test.want
			if w.SHA256 != "" {
				w = want(s.text)
			}
			if err := (&Client{HTTP: s.Client()}).File(t.Context(), s.URL+"/file", path, w, nil); err != nil {
				t.Fatal(err)
			}
			holds(t, path, s.text)
			if asked := s.asked(); len(asked) != 2 || (from(t, asked[1]) == 400e3) != test.taken {
				t.Errorf("asked for %q", asked)
			}
		})
	}
}

// note changes the note of a part.
func note(t *testing.T, part string, change func(*validators)) {
	t.Helper()
	var v validators
	text, err := os.ReadFile(part + noteSuffix)
	if err == nil {
		err = json.Unmarshal(text, &v)
	}
	if err != nil {
		t.Fatal(err)
	}
	change(&v)
	if text, err = json.Marshal(v); err == nil {
		err = os.WriteFile(part+noteSuffix, text, 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// TestAPartOfAnotherURL is none of this one, and a damaged part does not stay.
func TestAPartOfAnotherURL(t *testing.T) {
	for name, damage := range map[string]func(part string){
		"another URL":   func(part string) { note(t, part, func(v *validators) { v.URL += "x" }) },
		"no note":       func(part string) { os.Remove(part + noteSuffix) },
		"no note's":     func(part string) { os.WriteFile(part+noteSuffix, []byte("{"), 0o644) },
		"too long":      func(part string) { os.Truncate(part, 2*mega) },
		"zeros":         func(part string) { os.WriteFile(part, make([]byte, 400e3), 0o644) },
		"zeros, whole":  func(part string) { os.WriteFile(part, make([]byte, mega), 0o644) },
		"another whole": func(part string) { os.WriteFile(part, random(mega, 3), 0o644) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newServer(t, mega)
			path := filepath.Join(t.TempDir(), "file")
			s.cut = func(request int) int { return []int{400e3, 1, 1, 0, 0, 0}[request] }
			c := &Client{HTTP: s.Client()}
			if err := c.File(t.Context(), s.URL+"/file", path, want(s.text), nil); err == nil {
				t.Fatal("it did not break off")
			}
			damage(filepath.Join(filepath.Dir(path), ".file.part"))
			if err := c.File(t.Context(), s.URL+"/file", path, want(s.text), nil); err != nil {
				t.Fatal(err)
			}
			holds(t, path, s.text)
		})
	}
}

// TestWhatCameInItsPlace is refused, said, and not kept.
func TestWhatCameInItsPlace(t *testing.T) {
	page := "<!DOCTYPE html>\n<html><head><title>Login</title></head></html>"
	for name, test := range map[string]struct {
		text, want string
	}{
		"a web page":    {page, "what came is a web page"},
		"a page of XML": {`<?xml version="1.0"?>` + "\n<html>", "what came is a web page"},
		"a text":        {"\n  No such thing here.\n", `what came is a text that begins with "No such thing here."`},
		"nothing":       {"", "what came is an empty file"},
		"other data":    {string(random(1000, 9)), "the server or something on the way changed it"},
	} {
		s := newServer(t, mega)
		w := Want{SHA256: want(s.text).SHA256}
		s.change([]byte(test.text), `"one"`)
		path := filepath.Join(t.TempDir(), "file")
		err := (&Client{HTTP: s.Client()}).File(t.Context(), s.URL+"/file", path, w, nil)
		var mismatch *MismatchError
		if !errors.As(err, &mismatch) || !strings.Contains(err.Error(), test.want) || !Remote(err) {
			t.Errorf("%s: %v", name, err)
		}
		if left := beside(t, path); len(left) > 0 {
			t.Errorf("%s: left are %v", name, left)
		}
	}
}

// TestTwoAtOnce fetch a file once.
func TestTwoAtOnce(t *testing.T) {
	s := newServer(t, mega)
	path := filepath.Join(t.TempDir(), "new", "file")
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() {
			if err := (&Client{HTTP: s.Client()}).File(t.Context(), s.URL+"/file", path, want(s.text), nil); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	holds(t, path, s.text)
	if asked := s.asked(); len(asked) != 1 {
		t.Errorf("asked for %q", asked)
	}
}

// TestOldPartsAreSwept leaves a young one, one that is being fetched, and others'
// files.
func TestOldPartsAreSwept(t *testing.T) {
	s := newServer(t, mega)
	s.cut = func(int) int { return 1 }
	dir := t.TempDir()
	c := &Client{HTTP: s.Client()}
	for _, name := range []string{"old", "young", "held"} {
		if err := c.File(t.Context(), s.URL+"/"+name, filepath.Join(dir, name, "file"), want(s.text), nil); err == nil {
			t.Fatal("it did not break off")
		}
		if name == "young" {
			continue
		}
		old(t, filepath.Join(dir, name, ".file.part"))
		old(t, filepath.Join(dir, name, ".file.part.json"))
	}
	for _, name := range []string{"lone/.file.part.json", "lone/.file.part.lock", "old.part", "other/.file"} {
		path := filepath.Join(dir, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, nil, 0o644)); err != nil {
			t.Fatal(err)
		}
		old(t, path)
	}
	lock, err := c.alone(t.Context(), filepath.Join(dir, "held", "file"))
	if err != nil {
		t.Fatal(err)
	}
	defer lock.Release()
	// Its holder has just written the lock's file.
	old(t, filepath.Join(dir, "held", ".file.part.lock"))
	if err := errors.Join(Sweep(dir, time.Hour), Sweep(filepath.Join(dir, "none"), time.Hour)); err != nil {
		t.Fatal(err)
	}
	var left []string
	filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if rel, _ := filepath.Rel(dir, path); !d.IsDir() {
			left = append(left, rel)
		}
		return err
	})
	if got, want := fmt.Sprint(left), "[held/.file.part held/.file.part.json held/.file.part.lock old.part other/.file young/.file.part young/.file.part.json]"; got != want {
		t.Errorf("left are\n%s, want\n%s", got, want)
	}
	for _, gone := range []string{"old", "lone"} {
		if _, err := os.Stat(filepath.Join(dir, gone)); err == nil {
			t.Errorf("the directory %s is left", gone)
		}
	}
}

// old has a file look as if it was written long ago.
func old(t *testing.T, path string) {
	t.Helper()
	at := time.Now().Add(-2 * time.Hour)
	if err := os.Chtimes(path, at, at); err != nil {
		t.Fatal(err)
	}
}

// TestWhatIsNotTriedAgain asks once.
func TestWhatIsNotTriedAgain(t *testing.T) {
	for code, want := range map[int]error{http.StatusNotFound: ErrGone, http.StatusGone: ErrGone, http.StatusForbidden: nil, http.StatusPartialContent: nil} {
		s := newServer(t, 10)
		s.hook = func(w http.ResponseWriter, _ *http.Request, _ int) bool { w.WriteHeader(code); return true }
		path := filepath.Join(t.TempDir(), "file")
		err := (&Client{HTTP: s.Client()}).File(t.Context(), s.URL+"/file", path, Want{}, nil)
		if want != nil && !errors.Is(err, want) || want == nil && !strings.Contains(err.Error(), fmt.Sprintf("the server answers %d", code)) || !Remote(err) || len(s.asked()) != 1 {
			t.Errorf("%d: %v after %d requests", code, err, len(s.asked()))
		}
	}
}
