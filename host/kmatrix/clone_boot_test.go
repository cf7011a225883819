//go:build boots

package main

import (
	"bytes"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"kmatrix/host/client"
	"kmatrix/host/vm"
	"kmatrix/matrix"
)

// asked is what a guest says of itself.
type asked struct {
	uuid, boot string
	disk       string
	skew       float64
}

// ask logs in to a guest that named that boot, leaves a mark on its disk, and ends it.
func ask(t *testing.T, v *vm.VM, named string) asked {
	t.Helper()
	defer v.Stop(0)
	g, err := client.Login(t.Context(), v.Line(), named)
	if err != nil {
		t.Fatal(err)
	}
	var out, errs bytes.Buffer
	const script = `cat /proc/sys/kernel/random/uuid
cat /proc/sys/kernel/random/boot_id
cat /proc/uptime
grep btime /proc/stat
ls /mnt/xfs
echo mark > /mnt/xfs/mark
exit
`
	if err := g.Shell(t.Context(), client.Terminal{In: strings.NewReader(script), Out: &out, Err: &errs}); err != nil {
		t.Fatal(err)
	}
	lines := strings.SplitN(out.String(), "\n", 5)
	var up, boot float64
	if len(lines) < 5 {
		t.Fatalf("it printed %q and said %q", out.String(), errs.String())
	}
	if _, err := fmt.Sscanf(lines[2]+" "+lines[3], "%f %f btime %f", &up, new(float64), &boot); err != nil {
		t.Fatalf("%v in %q", err, out.String())
	}
	skew := math.Abs(float64(time.Now().UnixMilli())/1000 - boot - up)
	return asked{uuid: lines[0], boot: lines[1], disk: strings.TrimSpace(lines[4]), skew: skew}
}

// TestClonesAreAlikeButForTheirLife boots once under each clock, and once with a
// kernel that has no virtio port, and asks the boot and two clones of it.
func TestClonesAreAlikeButForTheirLife(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name  string
		clock matrix.Clock
		words []string
		// skew, in seconds, is how wrong the guest's time may be: under icount an
		// idle guest jumps ahead.
		skew float64
	}{
		{"wall", matrix.ClockWall, nil, 3},
		{"icount", matrix.ClockIcount, nil, 3600},
		{"serial line", matrix.ClockWall, []string{"module_blacklist=virtio_console"}, 3},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := debianGuest(t, test.clock, test.words...)
			began := time.Now()
			v, boot := start(t, c)
			booted := time.Since(began)
			began = time.Now()
			path, made := save(t, v, c, boot)
			saved := time.Since(began)
			all := []asked{ask(t, v, boot)}
			for range 2 {
				began = time.Now()
				s, err := vm.OpenSnapshot(path, made, boot)
				if err != nil {
					t.Fatal(err)
				}
				restored := c
				restored.Restore = s
				v, again := start(t, restored)
				size, err := os.Stat(path)
				if err != nil {
					t.Fatal(err)
				}
				t.Logf("boot %.2f s, save %.2f s (%d MiB), restore %.2f s", booted.Seconds(), saved.Seconds(), size.Size()>>20, time.Since(began).Seconds())
				if s.Close(); again != boot {
					t.Errorf("the clone says that it is of the boot %s, not %s", again, boot)
				}
				all = append(all, ask(t, v, again))
			}
			seen := map[string]bool{}
			for i, a := range all {
				if a.boot != boot {
					t.Errorf("guest %d is of the boot %s, not %s", i, a.boot, boot)
				}
				if seen[a.uuid] || len(a.uuid) != 36 {
					t.Errorf("guest %d has the random bytes %s, another's", i, a.uuid)
				}
				seen[a.uuid] = true
				if a.skew > test.skew {
					t.Errorf("guest %d's clock is %.1f s wrong", i, a.skew)
				}
				if strings.Contains(a.disk, "mark") {
					t.Errorf("guest %d finds on its disk what another wrote: %q", i, a.disk)
				}
			}
		})
	}
}

// TestAStateThatIsNotRightIsNotRun restores from a state that is damaged where
// only QEMU sees it, and from one that is of another boot than its header says,
// which only the agent knows.
func TestAStateThatIsNotRightIsNotRun(t *testing.T) {
	t.Parallel()
	c := debianGuest(t, matrix.ClockWall)
	v, boot := start(t, c)
	path, made := save(t, v, c, boot)
	v.Stop(0)
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	write := func(text []byte) string {
		file := filepath.Join(t.TempDir(), "s")
		if err := os.WriteFile(file, text, 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	restore := func(path, boot string) *vm.VM {
		s, err := vm.OpenSnapshot(path, made, boot)
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		restored := c
		restored.Restore = s
		v, err := vm.Start(t.Context(), restored, nil)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	damaged := bytes.Clone(text)
	copy(damaged[len(damaged)/2:], bytes.Repeat([]byte{0xff}, 64<<10))
	v = restore(write(damaged), boot)
	if _, err := v.Ready(t.Context()); err == nil || !strings.Contains(err.Error(), "migration failed") {
		t.Errorf("a damaged state gave %v", err)
	}
	v.Stop(0)

	forged := strings.Replace(boot, boot[:8], "00000000", 1)
	v = restore(write(bytes.Replace(text, []byte(boot), []byte(forged), 1)), forged)
	if _, err := v.Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := client.Login(t.Context(), v.Line(), forged); err == nil {
		t.Error("the agent of another boot let us in")
	}
	if exit := v.Stop(5 * time.Second); !strings.Contains(exit.Console, "the host speaks to a guest of the boot") {
		t.Errorf("its console says %q", exit.Console)
	}
}

// linkedCache is a cache that shares all but its snapshots with the user's.
func linkedCache(t *testing.T) (env, snapshots string) {
	t.Helper()
	shared, err := cacheDir()
	if err != nil {
		t.Fatal(err)
	}
	home := t.TempDir()
	own := filepath.Join(home, "kmatrix")
	if err := os.Mkdir(own, 0o755); err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(shared)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if e.Name() != "snapshots" {
			if err := os.Symlink(filepath.Join(shared, e.Name()), filepath.Join(own, e.Name())); err != nil {
				t.Fatal(err)
			}
		}
	}
	return "XDG_CACHE_HOME=" + home, filepath.Join(own, "snapshots")
}

// TestKilledWhileSaving kills the program while a guest is being saved, and runs
// it again.
func TestKilledWhileSaving(t *testing.T) {
	t.Parallel()
	file := write(t, "version: 1\nbaseline: good\nkernels:\n"+debianKernel("good", "")+"machines: [{name: m, accel: tcg, isolate: cell, probes: [stability]}]\n")
	dir := t.TempDir()
	env, snapshots := linkedCache(t)
	args := []string{"run", "-f", file, "--dir", dir, "-p", probesOfTrouble, "-p", "stability/splice/punch/xfs/readahead"}
	cmd := exec.Command(program, args...)
	cmd.Env = append(os.Environ(), env)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	killed := false
	for range 60000 {
		if half, _ := filepath.Glob(filepath.Join(snapshots, "*.tmp")); len(half) > 0 {
			killed = true
			break
		}
		time.Sleep(time.Millisecond)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	cmd.Wait()
	if whole, _ := filepath.Glob(filepath.Join(snapshots, "*.snapshot")); !killed || len(whole) > 0 {
		t.Fatalf("killed while saving: %v; it looks finished: %v", killed, whole)
	}
	cmd = exec.Command(program, args...)
	cmd.Env = append(os.Environ(), env)
	out, err := cmd.CombinedOutput()
	if err != nil || strings.Contains(string(out), "booting anew") {
		t.Errorf("%v; it said %s", err, out)
	}
	if left, err := os.ReadDir(snapshots); err != nil || len(left) > 0 {
		t.Errorf("left are %v (%v)", left, err)
	}
}

// TestClonesAnswerAsBootsDo asks the same of clones and of a boot.
func TestClonesAnswerAsBootsDo(t *testing.T) {
	t.Parallel()
	answers := map[matrix.Isolate]map[string]*matrix.Observation{}
	for _, isolate := range []matrix.Isolate{matrix.IsolateCell, matrix.IsolateBoot} {
		file := write(t, "version: 1\nbaseline: good\nkernels:\n"+debianKernel("good", "")+
			fmt.Sprintf("machines: [{name: m, accel: tcg, isolate: %s, probes: [stability]}]\n", isolate))
		doc, _ := boot(t, exitDone, "-f", file, "--dir", t.TempDir(),
			"-p", "stability/splice/punch/xfs", "-p", "stability/splice/write/*/dirty", "-p", "stability/read-write/punch/xfs")
		answers[isolate] = map[string]*matrix.Observation{}
		for _, r := range doc.Results {
			if r.Outcome != matrix.Pass || r.Observation == nil {
				t.Errorf("%s: %s: %s, %q", isolate, r.Cell, r.Outcome, r.Detail)
			}
			answers[isolate][r.Probe] = r.Observation
		}
		if len(answers[isolate]) < 8 {
			t.Errorf("%d cells were asked", len(answers[isolate]))
		}
	}
	if diff := cmp.Diff(answers[matrix.IsolateBoot], answers[matrix.IsolateCell]); diff != "" {
		t.Errorf("what a boot answers (-) and what clones do (+):\n%s", diff)
	}
}
