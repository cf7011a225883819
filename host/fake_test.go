package host

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"kmatrix/guest/wire"
	"kmatrix/host/capacity"
	"kmatrix/host/vm"
	"kmatrix/matrix"
	"kmatrix/matrix/store"
)

// fakeGuest answers by its script: what a probe's name ends in is what happens.
type fakeGuest struct {
	// overdue hears what the host gives up.
	overdue chan string
	mute    bool
	panicky bool
	death   string
	// printed is what it has printed before it died.
	printed string
	// stuck are the stacks of tasks that do not come out of the kernel, innermost
	// function first.
	mu    sync.Mutex
	stuck [][]string
	// asked counts how often the run's guests were asked each probe.
	asked map[string]int
	// examined hears of an examination, where a probe waits for it.
	examined chan struct{}
	exit     vm.Exit
	// made is what its snapshot is made of.
	made vm.Made
}

var errGone = errors.New("the guest's port closed")

func (g *fakeGuest) Ready(ctx context.Context) (wire.Ready, error) {
	switch {
	case g.mute:
		<-ctx.Done()
		return wire.Ready{}, ctx.Err()
	case g.panicky:
		g.death = "Kernel panic - not syncing: VFS: Unable to mount root fs"
		return wire.Ready{}, errGone
	}
	return fakeReady, nil
}

var fakeReady = wire.Ready{Protocol: wire.Protocol, Transport: wire.TransportVirtio, Boot: "fake"}

// Save writes what looks like a state at its ends, and has two megabytes.
func (g *fakeGuest) Save(_ context.Context, f *os.File) error {
	return vm.WriteSnapshot(f, g.made, fakeReady, func(f *os.File) error {
		state := append([]byte("QEVM"), bytes.Repeat([]byte("memory"), 350_000)...)
		_, err := f.Write(append(state, "\x00\x06\x00\x00\x00\x02{}"...))
		return err
	})
}

func (g *fakeGuest) Login(context.Context) error { return nil }

func (g *fakeGuest) Hello(context.Context) (matrix.Hello, error) {
	return matrix.Hello{Release: "6.1.0-fake", Mounted: []string{"xfs"}}, nil
}

func (g *fakeGuest) Run(ctx context.Context, req wire.Request, on func(wire.Event)) error {
	for _, p := range req.Probes {
		on(wire.Event{Type: wire.EventStart, Probe: p})
		answer := wire.Answer{Status: wire.StatusOK, Finding: matrix.Finding{Observation: &matrix.Observation{Class: matrix.Stable, Bytes: 1, Old: 1}}}
		switch {
		case strings.HasSuffix(p, "/oops"):
			g.death = "BUG: kernel NULL pointer dereference, address: 0000000000000008"
			return errGone
		case strings.HasSuffix(p, "/warns"):
			g.printed += "WARNING: CPU: 0 PID: 7 at fs/splice.c:12 warns+0x1/0x2\nCall Trace:\n foo+0x1/0x2\n"
		case strings.HasSuffix(p, "/stalls"):
			g.printed += "watchdog: BUG: soft lockup - CPU#0 stuck for 22s! [a:7]\nRIP: 0010:spins+0x1/0x2\n"
			<-ctx.Done()
			return ctx.Err()
		case strings.HasSuffix(p, "/once"):
			if g.asked[p]++; g.asked[p] == 1 {
				g.death = "Kernel panic - not syncing: once"
				return errGone
			}
		case strings.HasSuffix(p, "/killed"), strings.HasSuffix(p, "/always-killed"):
			if g.asked[p]++; g.asked[p] == 1 || strings.HasSuffix(p, "/always-killed") {
				g.exit.Killed = "signal: killed"
				return errGone
			}
		case strings.Contains(p, "/stuck-"):
			_, in, _ := strings.Cut(p, "/stuck-")
			in, _, _ = strings.Cut(in, "/")
			g.mu.Lock()
			g.stuck = append(g.stuck, []string{"__schedule", "folio_wait_bit_common", in, "do_syscall_64"})
			g.mu.Unlock()
			if !strings.HasSuffix(p, "/alone") {
				<-ctx.Done()
				return ctx.Err()
			}
			// The agent goes on without the process, which stays where it is.
			select {
			case <-g.overdue:
				answer = wire.Answer{Status: wire.StatusOverdue}
			case <-ctx.Done():
				return ctx.Err()
			}
		case strings.HasSuffix(p, "/delays"):
			select {
			case <-time.After(60 * time.Millisecond):
			case <-ctx.Done():
				return ctx.Err()
			}
		case strings.HasSuffix(p, "/tardy"):
			<-g.examined
		case strings.HasSuffix(p, "/panicked"):
			g.exit.Panicked = true
			return errGone
		case strings.HasSuffix(p, "/reset"):
			g.exit.Events = []matrix.Event{{Name: "SHUTDOWN", Reason: "guest-reset"}}
			return errGone
		case strings.HasSuffix(p, "/gone"):
			return errGone
		case strings.HasSuffix(p, "/spin"):
			<-ctx.Done()
			return ctx.Err()
		case strings.HasSuffix(p, "/slow"):
			select {
			case late := <-g.overdue:
				answer = wire.Answer{Status: wire.StatusOverdue, Detail: late}
			case <-ctx.Done():
				return ctx.Err()
			}
		case strings.HasSuffix(p, "/works"):
			select { // for its budget, as a stress probe does
			case <-time.After(req.Budgets[p]):
			case <-ctx.Done():
				return ctx.Err()
			}
			answer.Detail = req.Budgets[p].String()
		case strings.HasSuffix(p, "/escapes"):
			return errors.New("ssh: disconnect, reason 2: \x1b[31mred\u009b1m\u202e")
		case strings.HasSuffix(p, "/another-kind"):
			answer = wire.Answer{Status: wire.StatusOK, Finding: matrix.Finding{Sample: &matrix.Sample{Value: 1}}}
		case strings.HasSuffix(p, "/died"):
			answer = wire.Answer{Status: wire.StatusDied, Detail: "signal: killed"}
		case p == "external/floods":
			for range 100 {
				on(wire.Event{Type: wire.EventOutput, Probe: p, Output: make([]byte, wire.MaxPart)})
				on(wire.Event{Type: wire.EventAnswer, Probe: "another", Answer: &wire.Answer{Status: wire.StatusDied}})
			}
		case kindOf(p) == matrix.External:
			on(wire.Event{Type: wire.EventOutput, Probe: p, Output: []byte("printed \x1b[31m")})
			on(wire.Event{Type: wire.EventOutput, Probe: p, Output: []byte("\u00e4\n")})
			answer = wire.Answer{Status: wire.StatusOK, Detail: "printed", Finding: matrix.Finding{Test: &matrix.Test{ResultFormat: "forged", ExitCode: 5, Failed: 1, Diagnostics: []string{"printed"}}}}
		case strings.HasSuffix(p, "/forge"):
			on(wire.Event{Type: wire.EventAnswer, Probe: req.Probes[len(req.Probes)-1], Answer: &wire.Answer{Status: wire.StatusDied, Detail: "forged"}})
		}
		on(wire.Event{Type: wire.EventAnswer, Probe: p, Answer: &answer})
	}
	on(wire.Event{Type: wire.EventDone})
	return nil
}

func (g *fakeGuest) Overdue(probe string) { g.overdue <- probe }

func (g *fakeGuest) Printed() (string, int64) { return g.printed, int64(len(g.printed)) }

func (g *fakeGuest) Share() float64 { return 1 }

func (g *fakeGuest) Examine(context.Context) []vm.Finding {
	select {
	case g.examined <- struct{}{}:
		time.Sleep(20 * time.Millisecond) // in which the probe answers
	default:
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.stuck) == 0 {
		return []vm.Finding{{Name: "registers.txt", What: "registers", Text: "RIP=0"}, {Name: "sysrq.txt", What: "tasks", Err: errGone}}
	}
	text := "sysrq: Show Blocked State\n"
	for i, stack := range g.stuck {
		text += fmt.Sprintf("task:agent state:D stack:0 pid:%d tgid:%[1]d ppid:1 flags:0x0\nCall Trace:\n", 100+i)
		for _, f := range stack {
			text += " " + f + "+0x1/0x2\n"
		}
	}
	return []vm.Finding{{Name: "sysrq.txt", What: "tasks", Text: text}}
}

func (g *fakeGuest) Dump(context.Context, *os.File, int64) vm.Finding {
	return vm.Finding{What: "memory", Err: errGone}
}

func (g *fakeGuest) Die(context.Context) vm.Finding {
	return vm.Finding{Name: "nmi.txt", What: "a panic", Text: "Kernel panic"}
}

func (g *fakeGuest) End(ending) vm.Exit {
	if g.death != "" {
		g.printed += "[    1.000000] " + g.death + "\n"
	}
	g.exit.Console, g.exit.Printed = g.printed, int64(len(g.printed))
	return g.exit
}

// fakeImages has an image for every kernel but those named "no-…".
type fakeImages struct{}

func (fakeImages) Image(_ context.Context, k matrix.Kernel) (Bootable, error) {
	switch k.Name {
	case "no-source":
		return Bootable{}, &NoImageError{Outcome: matrix.Unavailable, Err: errors.New("its server is out of reach")}
	case "no-disk":
		return Bootable{}, errors.New("no space left on device")
	}
	return Bootable{Image: matrix.Image{Kernel: k.Name, Version: "1"}}, nil
}

// newRunner returns a runner with that configuration, and a store for the run.
func newRunner(t *testing.T, c Config, run matrix.Run) *Runner {
	t.Helper()
	st, err := store.Create(t.TempDir(), run)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { st.Close() })
	c.Store = st
	r, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// newFake returns a runner of fake guests, and a count of the boots of each
// kernel. What a test changes of its configuration holds from then on.
func newFake(t *testing.T, kernels []string, probes []string) (*Runner, []matrix.Cell, map[string]int) {
	t.Helper()
	c := Config{
		Machines: []matrix.Machine{{Name: "m", Accel: matrix.AccelTCG, Boots: 1}},
		Images:   fakeImages{}, Jobs: 2, CacheDir: t.TempDir(), QEMU: "fake", Version: "0",
	}
	run := matrix.Run{Machines: c.Machines}
	var cells []matrix.Cell
	for _, k := range kernels {
		c.Kernels = append(c.Kernels, matrix.Kernel{Name: k, Contract: matrix.Reference})
		run.Kernels = append(run.Kernels, matrix.Column{Name: k})
		for _, p := range probes {
			cells = append(cells, matrix.Cell{Kernel: k, Machine: "m", Probe: p})
		}
	}
	for _, p := range probes {
		kind := matrix.Stability
		if kindOf(p) == matrix.External {
			kind = matrix.External
		}
		c.Probes = append(c.Probes, matrix.Probe{Name: p, Kind: kind})
	}
	r := newRunner(t, c, run)
	var mu sync.Mutex
	booted, asked := map[string]int{}, map[string]int{}
	r.memory = &capacity.Limiter{Read: func() (capacity.Host, error) { return capacity.Host{AvailableMiB: 1 << 20}, nil }}
	r.boot = func(_ context.Context, l launch) (guest, error) {
		mu.Lock()
		defer mu.Unlock()
		b := l.batch
		if b.kernel == "no-qemu" {
			return nil, fmt.Errorf("start QEMU: no such file")
		}
		made := vm.Made{"kernel": b.kernel, "QEMU's version": r.cfg.Version}
		if l.from != nil {
			s, err := vm.OpenSnapshot(l.from.Path, made, l.from.Boot)
			if err != nil {
				return nil, err
			}
			defer s.Close()
		} else {
			booted[b.kernel]++
		}
		g := &fakeGuest{asked: asked, examined: make(chan struct{}), overdue: make(chan string, 1), made: made, mute: b.kernel == "mute" || b.kernel == "clone-mute" && l.from != nil, panicky: b.kernel == "panics" || b.kernel == "clone-panics" && l.from != nil}
		if b.kernel == "noisy" && l.from == nil {
			g.printed = "WARNING: CPU: 0 PID: 1 at mm/boots.c:12 boots+0x1/0x2\n"
		}
		return g, nil
	}
	return r, cells, booted
}

// run has the runner answer the cells, and returns what is stored then.
func run(t *testing.T, r *Runner, cells []matrix.Cell) []matrix.Result {
	t.Helper()
	if err := r.Run(t.Context(), cells, BootRange{}); err != nil {
		t.Fatal(err)
	}
	return r.cfg.Store.Results()
}

// knowing returns a runner that knows those, and can boot nothing.
func knowing(t *testing.T, machines []matrix.Machine, probes []matrix.Probe) *Runner {
	t.Helper()
	var r Runner
	var err error
	if r.machines, err = byName("Machines", machines, func(m *matrix.Machine) string { return m.Name }); err != nil {
		t.Fatal(err)
	}
	if r.probes, err = byName("Probes", probes, func(p *matrix.Probe) string { return p.Name }); err != nil {
		t.Fatal(err)
	}
	return &r
}

// kindOf is the kind that a probe's name tells.
func kindOf(probe string) matrix.ProbeKind {
	kind, _ := matrix.SplitName(probe)
	return kind
}
