package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"kmatrix/guest/wire"
	"kmatrix/matrix"
)

// testPrograms are external probes' programs.
var testPrograms = sync.OnceValue(func() map[string]matrix.Installed {
	dir, err := os.MkdirTemp("", "kmatrix-programs-")
	if err != nil {
		panic(err)
	}
	list := map[string]matrix.Installed{"external/unsupported": {Unsupported: "it is not built"}}
	for name, script := range map[string]string{
		"exit":   "pwd; exit 3",
		"sleep":  "echo waiting; sleep 1000",
		"prints": "echo first; i=0; while [ $i -lt 40000 ]; do echo $i; i=$((i+1)); done; echo last",
	} {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, []byte(script), 0o644); err != nil {
			panic(err)
		}
		list["external/"+name] = matrix.Installed{ResultFormat: matrix.FormatExit, Runs: []matrix.Command{{Name: name, Path: file, Script: true}}}
	}
	programsDir = dir
	return list
})

// programsDir is where they lie, once they do.
var programsDir string

// testScratch is a guest's room for files, on a disk that is not there, and with 1 MiB in
// memory that breaks.
func testScratch(s wire.Scratch) (dir string, release func(), err error) {
	switch {
	case s.Disk:
		return "", nil, fmt.Errorf("make a working directory: %w", &noScratchError{"the kernel has no ext4"})
	case s.MiB > 0:
		return "", nil, errors.New("make a working directory: EIO")
	}
	dir, err = os.MkdirTemp("", "external-")
	return dir, func() { _ = os.RemoveAll(dir) }, err
}

// runExternal asks for one probe with a deadline that "sleep" overruns, and
// returns the answer and what was printed.
func runExternal(t testing.TB, c *ssh.Client, probe string) (wire.Answer, string) {
	t.Helper()
	events := ask(t, c, wire.Request{Probes: []string{probe}})
	var text []byte
	for {
		ev, err := events.Next()
		switch {
		case err != nil:
			t.Fatal(err)
		case ev.Type == wire.EventOutput:
			text = append(text, ev.Output...)
		case ev.Type == wire.EventStart && probe == "external/sleep":
			time.AfterFunc(300*time.Millisecond, func() { events.giveUp(t, probe) })
		case ev.Type == wire.EventAnswer:
			return *ev.Answer, string(text)
		}
	}
}

func TestExternalProbes(t *testing.T) {
	c, _ := login(t)
	for probe, want := range map[string]struct {
		status wire.Status
		code   int
		detail string
		output string
	}{
		"exit":        {wire.StatusOK, 3, "", "external-"},
		"sleep":       {wire.StatusOverdue, 0, "did not end", "waiting\n"},
		"unsupported": {wire.StatusUnsupported, 0, "it is not built", ""},
		"none":        {wire.StatusError, 0, `no program of "external/none"`, ""},
	} {
		answer, text := runExternal(t, c, "external/"+probe)
		code := 0
		if answer.Test != nil {
			code = answer.Test.ExitCode
		}
		if answer.Status != want.status || code != want.code || !strings.Contains(answer.Detail, want.detail) || !strings.Contains(text, want.output) {
			t.Errorf("%s: %s, %d, %q, printed %q; want %+v", probe, answer.Status, code, answer.Detail, text, want)
		}
	}
}

func TestAProbeThatHasNoRoomIsNotRun(t *testing.T) {
	c, _ := login(t)
	for room, want := range map[wire.Scratch]wire.Answer{
		{MiB: 300, Disk: true}: {Status: wire.StatusUnsupported, Detail: "make a working directory: the kernel has no ext4"},
		{MiB: 1}:               {Status: wire.StatusError, Detail: "make a working directory: EIO"},
	} {
		events := ask(t, c, wire.Request{Probes: []string{"external/exit"}, Scratch: map[string]wire.Scratch{"external/exit": room}})
		for {
			ev, err := events.Next()
			if err != nil {
				t.Fatal(err)
			}
			if ev.Type == wire.EventAnswer {
				if got := *ev.Answer; got.Status != want.Status || got.Detail != want.Detail {
					t.Errorf("%+v: %+v, want %+v", room, got, want)
				}
				break
			}
		}
	}
}
