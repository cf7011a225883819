//go:build boots

package main

import (
	"context"
	"encoding/json"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/u-root/u-root/pkg/cpio"

	"kmatrix/host"
	"kmatrix/host/vm"
	"kmatrix/matrix"
	"kmatrix/matrix/compare"
	"kmatrix/matrix/report"
	"kmatrix/matrix/spec"
	"kmatrix/matrix/store"
	parts "kmatrix/vmimage/initramfs"
)

// hostileArchive is the guest's base archive with testdata/hostile in the agent's
// place: of two files of a name, the kernel keeps the later one.
func hostileArchive(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	program := filepath.Join(dir, "hostile")
	cmd := exec.Command("go", "build", "-o", program, "./testdata/hostile")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	text, err := os.ReadFile(program)
	if err != nil {
		t.Fatal(err)
	}
	agent, err := os.Create(filepath.Join(dir, "agent.cpio"))
	if err != nil {
		t.Fatal(err)
	}
	defer agent.Close()
	w := cpio.Newc.Writer(agent)
	if err := cpio.WriteRecords(w, []cpio.Record{cpio.StaticFile("bin/agent", string(text), 0o755)}); err != nil {
		t.Fatal(err)
	}
	if err := cpio.WriteTrailer(w); err != nil {
		t.Fatal(err)
	}
	if _, err := agent.Seek(0, 0); err != nil {
		t.Fatal(err)
	}
	base, err := os.Open(initramfs)
	if err != nil {
		t.Fatal(err)
	}
	defer base.Close()
	archive, err := os.Create(filepath.Join(dir, "initramfs.cpio"))
	if err != nil {
		t.Fatal(err)
	}
	defer archive.Close()
	if err := parts.Join(archive, base, agent); err != nil {
		t.Fatal(err)
	}
	return archive.Name()
}

// byKernel has images of its own for each kernel.
type byKernel map[string]host.Images

func (b byKernel) Image(ctx context.Context, k matrix.Kernel) (host.Bootable, error) {
	return b[k.Name].Image(ctx, k)
}

// TestAHostileGuest boots a guest whose agent does all the harm it can think of, and
// one that stalls the login: each cell has one outcome that is true, the directory
// holds what it may and no more, nothing that is printed drives a terminal, and an
// honest guest beside them is none the worse.
func TestAHostileGuest(t *testing.T) {
	const source = `{deb: linux-image-cloud-amd64, suite: bookworm}`
	file := write(t, "version: 1\nbaseline: honest\nkernels:\n  - {name: honest, source: "+source+"}\n  - {name: hostile, source: "+source+"}\n  - {name: stalls, source: "+source+", append: hostile=stalls}\n")
	s, err := spec.LoadFile(file, known())
	if err != nil {
		t.Fatal(err)
	}
	plan, err := s.Plan(spec.Selection{Probes: []string{"stability/splice/punch/tmpfs/dirty"}}, known())
	if err != nil {
		t.Fatal(err)
	}
	honest, err := newImages(imageOptions{initramfs: initramfs, log: func(string) {}}, s, plan.Probes)
	if err != nil {
		t.Fatal(err)
	}
	hostile, err := newImages(imageOptions{initramfs: hostileArchive(t), log: func(string) {}}, s, plan.Probes)
	if err != nil {
		t.Fatal(err)
	}
	version, err := vm.Version(t.Context(), vm.DefaultQEMU)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]matrix.Outcome{
		"escapes": matrix.Fail, "nested": matrix.Lost, "panic": matrix.Crash,
		"channels": matrix.Hang, "floods": matrix.Hang,
	}
	asked := plan.Probes[0]
	m := plan.Machines[0]
	m.Accel, m.Clock = matrix.AccelTCG, matrix.ClockWall
	cells := []matrix.Cell{{Kernel: "honest", Machine: m.Name, Probe: asked.Name}, {Kernel: "stalls", Machine: m.Name, Probe: asked.Name}}
	probes := []matrix.Probe{asked}
	for _, name := range []string{"escapes", "nested", "panic", "channels", "floods"} {
		p := matrix.Probe{Name: "stability/" + name, Kind: matrix.Stability}
		probes = append(probes, p)
		cells = append(cells, matrix.Cell{Kernel: "hostile", Machine: m.Name, Probe: p.Name})
	}
	header := matrix.Run{Started: time.Now(), Baseline: "honest", Machines: []matrix.Machine{m}, Kernels: []matrix.Column{{Name: "honest"}, {Name: "hostile"}, {Name: "stalls"}}}
	for _, p := range probes {
		header.Probes = append(header.Probes, p.Name)
	}
	outside := t.TempDir()
	st, err := store.Create(filepath.Join(outside, "runs"), header)
	if err != nil {
		t.Fatal(err)
	}
	cache := t.TempDir()
	var told strings.Builder
	r, err := host.New(host.Config{
		Kernels: plan.Kernels, Machines: []matrix.Machine{m}, Probes: probes, Store: st, Jobs: 1, QEMU: vm.DefaultQEMU, Version: version, CacheDir: cache,
		Images:    byKernel{"honest": honest, "hostile": hostile, "stalls": hostile},
		Deadlines: host.Deadlines{Agent: 20 * time.Second, Probe: 5 * time.Second},
		Notify:    func(e host.Event) { told.WriteString(e.Text + "\n") },
	})
	if err != nil {
		t.Fatal(err)
	}
	stop, most := make(chan struct{}), make(chan uint64)
	go func() {
		var m runtime.MemStats
		var highest uint64
		for {
			select {
			case <-stop:
				most <- highest
				return
			case <-time.After(100 * time.Millisecond):
				runtime.ReadMemStats(&m)
				highest = max(highest, m.HeapAlloc)
			}
		}
	}()
	err = r.Run(t.Context(), cells, host.BootRange{})
	results := st.Results()
	close(stop)
	if err != nil {
		t.Fatal(err)
	}
	if bytes := <-most; bytes > 150<<20 {
		t.Errorf("the host's heap grew to %d MiB", bytes>>20)
	}
	outcomes := map[string]matrix.Outcome{}
	for _, res := range results {
		if _, twice := outcomes[res.Cell]; twice {
			t.Errorf("%s has two outcomes", res.Cell)
		}
		outcomes[res.Cell] = res.Outcome
		expected := want[strings.TrimPrefix(res.Probe, "stability/")]
		switch res.Kernel {
		case "honest":
			expected = matrix.Pass
		case "stalls":
			expected = matrix.BootFailed
		}
		if res.Outcome != expected {
			t.Errorf("%s: %s (%.300s), want %s", res.Cell, res.Outcome, res.Detail, expected)
		}
		if res.Kernel == "hostile" && res.Observation != nil {
			t.Errorf("%s has an observation that was forged: %+v", res.Cell, res.Observation)
		}
	}
	if len(outcomes) != len(cells) {
		t.Errorf("%d of %d cells have an outcome", len(outcomes), len(cells))
	}
	if left := children(os.Getpid()); len(left) > 0 {
		t.Errorf("the processes %d are left", left)
	}
	inTheRun(t, outside, st.Dir())
	var table strings.Builder
	format, _ := report.Lookup("table")
	doc := report.Document{Run: st.Header(), Results: results, Comparison: compare.Compare(st.Header(), results), Options: report.Options{Width: 200, All: true}, Dir: st.Dir()}
	if err := format.Write(&table, doc); err != nil {
		t.Fatal(err)
	}
	if err := st.Close(); err != nil {
		t.Fatal(err)
	}
	shown, errs, code := command(t, "explain", "--dir", filepath.Join(outside, "runs"), "hostile", "stability/escapes")
	if code != exitDone || !strings.Contains(shown, "<script>") {
		t.Errorf("explain: exit code %d, %s%s", code, shown, errs)
	}
	for name, text := range map[string]string{"the table": table.String(), "explain": shown, "what was told": told.String(), "an error": errs} {
		if i := strings.IndexAny(text, "\x1b\u009b\u202e\x07\r"); i >= 0 {
			t.Errorf("%s holds escapes: %q", name, text[max(0, i-100):i+1])
		}
	}
}

// inTheRun looks at every file below dir: all lie in the run, under names of ours,
// and none is over its cap.
func inTheRun(t *testing.T, dir, run string) {
	t.Helper()
	var sum int64
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		sum += info.Size()
		name, err := filepath.Rel(run, path)
		// A configuration is that of the kernel's image, and nothing of its guest.
		config, _ := filepath.Match("configs/[a-z]*.config", name)
		ours := config || name == "run.json" || name == "results.jsonl" || name == "guests.jsonl" || name == ".lock" || strings.HasPrefix(name, "consoles/") || strings.HasPrefix(name, "outputs/") || strings.HasPrefix(name, "reports/") || strings.HasPrefix(name, "evidence/")
		if err != nil || !ours || strings.ContainsAny(name, "<\x1b") || !info.Mode().IsRegular() {
			t.Errorf("there is a file %q (%v)", name, info.Mode())
		}
		if most := int64(vm.MaxConsole + vm.MaxTail + 1000); info.Size() > most {
			t.Errorf("%s has %d bytes, more than %d", name, info.Size(), most)
		}
		if name != "results.jsonl" {
			return nil
		}
		text, err := os.ReadFile(path)
		for line := range strings.Lines(string(text)) {
			var res matrix.Result
			if err := json.Unmarshal([]byte(line), &res); err != nil || len(line) > 100<<10 {
				t.Errorf("a result of %d bytes: %v", len(line), err)
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if sum > 64<<20 {
		t.Errorf("the run has %d MiB", sum>>20)
	}
}
