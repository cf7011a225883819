package main

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"kmatrix/guest/line"
	"kmatrix/guest/probe"
	"kmatrix/guest/process"
	"kmatrix/guest/program"
	"kmatrix/guest/wire"
	"kmatrix/matrix"
)

// TestMain makes this test's executable a worker, too, with probes that do
// what probes may do.
func TestMain(m *testing.M) {
	lookup = func(name string) (probe.Probe, bool) {
		run, ok := testProbes[name]
		p := probe.Probe{Probe: matrix.Probe{Name: name, Kind: matrix.Stability, Needs: "tmpfs"}, Run: run}
		if name == "budget" {
			p.Budget = 10 * time.Millisecond
		}
		return p, ok
	}
	if len(os.Args) == 2 && os.Args[1] == workerArgument {
		os.Exit(work(os.NewFile(3, "requests"), os.NewFile(4, "answers")))
	}
	if mode := os.Getenv(forbiddenEnv); mode != "" {
		os.Exit(withoutSplice(mode))
	}
	code := m.Run()
	os.RemoveAll(programsDir)
	os.Exit(code)
}

var testProbes = map[string]func(context.Context, *probe.Env) (probe.Finding, error){
	"ok": func(_ context.Context, env *probe.Env) (probe.Finding, error) {
		return probe.Finding{Detail: env.Dirs["xfs"], Finding: matrix.Finding{Observation: &matrix.Observation{Class: matrix.Stable, Bytes: 1, Old: 1}}}, nil
	},
	"unsupported": func(context.Context, *probe.Env) (probe.Finding, error) {
		return probe.Finding{}, &probe.UnsupportedError{Reason: "no such thing"}
	},
	"error": func(context.Context, *probe.Env) (probe.Finding, error) {
		return probe.Finding{}, fmt.Errorf("no space")
	},
	"panic": func(context.Context, *probe.Env) (probe.Finding, error) { panic("oh") },
	"exit":  func(context.Context, *probe.Env) (probe.Finding, error) { os.Exit(3); panic("unreached") },
	"kill": func(context.Context, *probe.Env) (probe.Finding, error) {
		return probe.Finding{}, syscall.Kill(os.Getpid(), syscall.SIGKILL)
	},
	"sleep": func(context.Context, *probe.Env) (probe.Finding, error) {
		time.Sleep(time.Hour)
		return probe.Finding{}, nil
	},
	"budget": func(_ context.Context, env *probe.Env) (probe.Finding, error) {
		time.Sleep(env.Budget)
		return probe.Finding{Detail: env.Budget.String(), Finding: matrix.Finding{Observation: &matrix.Observation{Class: matrix.Stable}}}, nil
	},
	"pid": func(context.Context, *probe.Env) (probe.Finding, error) {
		return probe.Finding{Detail: fmt.Sprint(os.Getpid()), Finding: matrix.Finding{Observation: &matrix.Observation{Class: matrix.Stable}}}, nil
	},
}

func newKey(t testing.TB) ([]byte, ssh.Signer) {
	t.Helper()
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	block, err := ssh.MarshalPrivateKey(private, "")
	if err != nil {
		t.Fatal(err)
	}
	signer, err := ssh.NewSignerFromKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(block), signer
}

// theReaper is one, as in a guest: two would take each other's statuses.
var theReaper = sync.OnceValue(process.NewReaper)

// serveTest runs an agent over a socket pair, its line being the real one, and
// returns the host's end.
func serveTest(t testing.TB, own wire.Session) (net.Conn, <-chan error) {
	t.Helper()
	fds, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	f := os.NewFile(uintptr(fds[1]), "host")
	conn, err := net.FileConn(f)
	if err != nil {
		t.Fatal(err)
	}
	f.Close()
	a := &agent{
		runner:     program.Runner{Reaper: theReaper(), Shell: "/bin/sh", Warn: complain},
		workerPath: "/proc/self/exe", programs: testPrograms(),
		facts:   facts{transport: wire.TransportVirtio, ready: 1.5},
		modules: func() ([]string, map[string]string) { return []string{"xfs"}, nil },
		scratch: testScratch,
		mount: func(func(string) bool) fileSystems {
			return fileSystems{Dirs: map[string]string{"xfs": "/mnt/xfs"}, Refused: map[string]string{"ext4": "the kernel has no ext4"}}
		},
	}
	ended := make(chan error, 1)
	go func() {
		ended <- a.serve(line.New(fds[0], fds[0]), own)
		syscall.Shutdown(fds[0], syscall.SHUT_RDWR)
	}()
	t.Cleanup(func() { conn.Close() })
	return conn, ended
}

func dialTest(conn net.Conn, user string, host ssh.PublicKey, client ssh.Signer) (*ssh.Client, error) {
	c, channels, reqs, err := ssh.NewClientConn(conn, "guest", &ssh.ClientConfig{
		User: user, Auth: []ssh.AuthMethod{ssh.PublicKeys(client)}, HostKeyCallback: ssh.FixedHostKey(host),
	})
	if err != nil {
		return nil, err
	}
	return ssh.NewClient(c, channels, reqs), nil
}

func login(t testing.TB) (*ssh.Client, <-chan error) {
	t.Helper()
	hostPEM, host := newKey(t)
	_, client := newKey(t)
	conn, ended := serveTest(t, wire.Session{HostKey: hostPEM, ClientKey: client.PublicKey().Marshal()})
	c, err := dialTest(conn, wire.User, host.PublicKey(), client)
	if err != nil {
		t.Fatal(err)
	}
	return c, ended
}

func TestOnlyThisLifesKeysLogIn(t *testing.T) {
	hostPEM, host := newKey(t)
	_, client := newKey(t)
	_, stranger := newKey(t)
	own := wire.Session{HostKey: hostPEM, ClientKey: client.PublicKey().Marshal()}
	for name, test := range map[string]struct {
		user   string
		host   ssh.PublicKey
		client ssh.Signer
		ok     bool
	}{
		"right":            {wire.User, host.PublicKey(), client, true},
		"another user":     {"root", host.PublicKey(), client, false},
		"another key":      {wire.User, host.PublicKey(), stranger, false},
		"another host key": {wire.User, stranger.PublicKey(), client, false},
	} {
		conn, _ := serveTest(t, own)
		if _, err := dialTest(conn, test.user, test.host, test.client); (err == nil) != test.ok {
			t.Errorf("%s: login gave %v", name, err)
		}
	}
}

func TestHello(t *testing.T) {
	c, _ := login(t)
	var hello matrix.Hello
	if err := json.Unmarshal(output(t, c, wire.CommandHello, ""), &hello); err != nil {
		t.Fatal(err)
	}
	if hello.Release == "" || hello.MemoryMiB == 0 || hello.CPUs == 0 || hello.BootSeconds != 1.5 || strings.Join(hello.Mounted, " ") != "xfs" || hello.Refused["ext4"] == "" {
		t.Errorf("hello %+v", hello)
	}
}

func output(t testing.TB, c *ssh.Client, command, input string) []byte {
	t.Helper()
	s, err := c.NewSession()
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	s.Stdin = strings.NewReader(input)
	out, err := s.Output(command)
	if err != nil {
		t.Fatalf("%s: %v", command, err)
	}
	return out
}

// answers runs probes, gives "sleep" up after a moment, and
// returns the answers by position, having checked the order of the events.
func answers(t testing.TB, c *ssh.Client, probes ...string) []wire.Answer {
	t.Helper()
	return answersTo(t, c, wire.Request{Probes: probes})
}

func answersTo(t testing.TB, c *ssh.Client, request wire.Request) []wire.Answer {
	t.Helper()
	events := ask(t, c, request)
	var list []wire.Answer
	for _, p := range request.Probes {
		start, err := events.Next()
		if err != nil || start.Type != wire.EventStart || start.Probe != p {
			t.Fatalf("before %s: %+v, %v", p, start, err)
		}
		deadline := 30 * time.Second // on a busy machine a worker takes its time to start
		if p == "sleep" {
			deadline = 300 * time.Millisecond
		}
		late := time.AfterFunc(deadline, func() { events.giveUp(t, p) })
		answer, err := events.Next()
		late.Stop()
		if err != nil || answer.Type != wire.EventAnswer || answer.Probe != p {
			t.Fatalf("for %s: %+v, %v", p, answer, err)
		}
		list = append(list, *answer.Answer)
	}
	if last, err := events.Next(); err != nil || last.Type != wire.EventDone {
		t.Fatalf("at the end: %+v, %v", last, err)
	}
	return list
}

// asked is a run under way.
type asked struct {
	*wire.EventReader
	session *ssh.Session
}

// ask begins a run.
func ask(t testing.TB, c *ssh.Client, request wire.Request) asked {
	t.Helper()
	req, err := json.Marshal(request)
	if err != nil {
		t.Fatal(err)
	}
	s, err := c.NewSession()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	s.Stdin = bytes.NewReader(req)
	out, err := s.StdoutPipe()
	if err == nil {
		err = s.Start(wire.CommandRun)
	}
	if err != nil {
		t.Fatal(err)
	}
	return asked{wire.NewEventReader(out), s}
}

// giveUp tells the agent that a probe is overdue.
func (a asked) giveUp(t testing.TB, probe string) {
	if _, err := a.session.SendRequest(wire.RequestOverdue, false, ssh.Marshal(wire.Overdue{Probe: probe})); err != nil {
		t.Error(err)
	}
}

// TestOnlyTheProbeThatRunsIsGivenUp names another, and one that is over.
func TestOnlyTheProbeThatRunsIsGivenUp(t *testing.T) {
	c, _ := login(t)
	a := ask(t, c, wire.Request{Probes: []string{"ok", "budget"}, Budgets: map[string]time.Duration{"budget": 200 * time.Millisecond}})
	var last wire.Event
	for ev, err := a.Next(); ev.Type != wire.EventDone; ev, err = a.Next() {
		if err != nil {
			t.Fatal(err)
		}
		if ev.Type == wire.EventStart {
			a.giveUp(t, "sleep")
		}
		if ev.Probe == "budget" && ev.Type == wire.EventStart {
			a.giveUp(t, "ok")
		}
		last = ev
	}
	if last.Probe != "budget" || last.Answer.Status != wire.StatusOK {
		t.Errorf("the last answer is %+v", last.Answer)
	}
}

func TestEveryProbeIsAnsweredWhateverBecomesOfItsWorker(t *testing.T) {
	c, _ := login(t)
	for i, want := range []struct {
		probe  string
		status wire.Status
		detail string
	}{
		{"ok", wire.StatusOK, "/mnt/xfs"},
		{"unsupported", wire.StatusUnsupported, "no such thing"},
		{"error", wire.StatusError, "no space"},
		{"panic", wire.StatusError, "panicked: oh"},
		{"exit", wire.StatusDied, "exit status 3"},
		{"kill", wire.StatusDied, "signal: killed"},
		{"sleep", wire.StatusOverdue, ""},
		{"no-such-probe", wire.StatusError, "no probe"},
	} {
		got := answers(t, c, want.probe, "ok")
		if got[0].Status != want.status || !strings.Contains(got[0].Detail, want.detail) {
			t.Errorf("%d: %s: %s, %q", i, want.probe, got[0].Status, got[0].Detail)
		}
		if got[1].Status != wire.StatusOK {
			t.Errorf("after %s the next probe is %s, %q", want.probe, got[1].Status, got[1].Detail)
		}
	}
}

// TestABudgetIsTheHostsOrTheProbesOwn has a probe tell how long it is to work.
func TestABudgetIsTheHostsOrTheProbesOwn(t *testing.T) {
	c, _ := login(t)
	got := answersTo(t, c, wire.Request{
		Probes: []string{"budget", "sleep"}, Budgets: map[string]time.Duration{"budget": 500 * time.Millisecond},
	})
	if got[0].Status != wire.StatusOK || got[0].Detail != "500ms" || got[0].Seconds < 0.5 {
		t.Errorf("with a budget of the host's: %+v", got[0])
	}
	if got[1].Status != wire.StatusOverdue {
		t.Errorf("the probe behind it is %s, %q", got[1].Status, got[1].Detail)
	}
	if got := answers(t, c, "budget"); got[0].Detail != "10ms" {
		t.Errorf("without one: %+v", got[0])
	}
}

func TestWorkersAreReusedUntilTheyFail(t *testing.T) {
	c, _ := login(t)
	got := answers(t, c, "pid", "pid", "exit", "pid")
	if got[0].Detail != got[1].Detail {
		t.Errorf("two workers, %s and %s, for two probes", got[0].Detail, got[1].Detail)
	}
	if got[3].Detail == got[0].Detail {
		t.Error("a dead worker answered")
	}
}

func TestAnEndedSessionEndsItsProbe(t *testing.T) {
	c, _ := login(t)
	s, err := c.NewSession()
	if err != nil {
		t.Fatal(err)
	}
	s.Stdin = strings.NewReader(`{"probes":["sleep"]}`)
	if err := s.Start(wire.CommandRun); err != nil {
		t.Fatal(err)
	}
	time.Sleep(50 * time.Millisecond)
	s.Close()
	if got := answers(t, c, "ok"); got[0].Status != wire.StatusOK {
		t.Errorf("the next probe is %s, %q", got[0].Status, got[0].Detail)
	}
}

func TestOtherCommandsAreRefused(t *testing.T) {
	c, _ := login(t)
	s, err := c.NewSession()
	if err != nil {
		t.Fatal(err)
	}
	var said bytes.Buffer
	s.Stderr = &said
	if err := s.Run("rm -rf /"); err == nil || !strings.Contains(said.String(), "there is no command") {
		t.Errorf("ran with %v, %q", err, said.String())
	}
	if _, _, err := c.OpenChannel("direct-tcpip", nil); err == nil {
		t.Error("a forwarding was accepted")
	}
}

func TestPoweroffEndsTheService(t *testing.T) {
	c, ended := login(t)
	s, err := c.NewSession()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Run(wire.CommandPoweroff); err != nil && !strings.Contains(err.Error(), "without exit status") && !errors.Is(err, io.EOF) {
		t.Errorf("poweroff: %v", err)
	}
	select {
	case err := <-ended:
		if err != nil {
			t.Errorf("serve: %v", err)
		}
	case <-time.After(5 * time.Second):
		t.Error("the agent still serves")
	}
}

// TestAPreparedGuestHasItsWorker prepares an agent and asks it twice: the process
// that was there before answers, and what is not needed is not mounted for it.
func TestAPreparedGuestHasItsWorker(t *testing.T) {
	asked := map[string]bool{}
	a := &agent{runner: program.Runner{Reaper: theReaper()}, workerPath: "/proc/self/exe", mount: func(needed func(string) bool) fileSystems {
		for _, name := range []string{"xfs", "tmpfs"} {
			asked[name] = asked[name] || needed(name)
		}
		return fileSystems{}
	}}
	if err := a.prepare(); err != nil {
		t.Fatal(err)
	}
	defer a.worker.kill()
	if answer := a.ask(t.Context(), task{Probe: "pid"}, nil); answer.Detail != fmt.Sprint(a.worker.pid) {
		t.Errorf("the process %s answered, and %d was prepared", answer.Detail, a.worker.pid)
	}
	if !asked["tmpfs"] || asked["xfs"] {
		t.Errorf("mounted what of %v is true; the probe needs tmpfs alone", asked)
	}
}

func TestShellHasATerminal(t *testing.T) {
	c, _ := login(t)
	s, err := c.NewSession()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.RequestPty("xterm", 33, 99, ssh.TerminalModes{}); err != nil {
		t.Fatal(err)
	}
	s.Stdin = strings.NewReader("stty size; echo term=$TERM; exit 0\n")
	out, err := s.Output(wire.CommandShell)
	if err != nil || !strings.Contains(string(out), "33 99") || !strings.Contains(string(out), "term=xterm") {
		t.Errorf("the shell printed %q, %v", out, err)
	}
}
