//go:build boots

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"kmatrix/matrix"
)

// initramfs is what make build leaves, and program the program.
const (
	initramfs = "../../bin/initramfs.cpio"
	program   = "../../bin/kmatrix"
)

// document is what --json prints.
type document struct {
	Version  int
	Run      matrix.Run
	Kernels  []matrix.Column
	Results  []matrix.Result
	Profiles []matrix.Profile
}

// boot runs kmatrix on real kernels and returns its document.
func boot(t *testing.T, wantCode int, args ...string) (document, string) {
	t.Helper()
	out, errs, code := command(t, append([]string{"run", "--initramfs", initramfs, "--json"}, args...)...)
	if code != wantCode {
		t.Fatalf("exit code %d, want %d; it said:\n%s", code, wantCode, errs)
	}
	var doc document
	if err := json.Unmarshal([]byte(out), &doc); err != nil {
		t.Fatalf("%v in %.200s", err, out)
	}
	if doc.Version != 1 || doc.Run.ID == "" || len(doc.Kernels) == 0 {
		t.Errorf("the document says %+v", doc.Run)
	}
	return doc, errs
}

// TestMain fails where children of this process are left behind. It looks once all
// tests have ended, since those that boot guests run two at a time.
func TestMain(m *testing.M) {
	code := m.Run()
	for _, pid := range children(os.Getpid()) {
		line, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
		fmt.Fprintf(os.Stderr, "process %d is left: %s\n", pid, bytes.ReplaceAll(line, []byte{0}, []byte{' '}))
		code = 1
	}
	os.Exit(code)
}

// children returns the children of a process.
func children(pid int) []int {
	var all []int
	lists, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	for _, l := range lists {
		text, _ := os.ReadFile(l)
		for word := range strings.FieldsSeq(string(text)) {
			if child, err := strconv.Atoi(word); err == nil {
				all = append(all, child)
			}
		}
	}
	return all
}

func (d document) result(t *testing.T, kernel, probe string) matrix.Result {
	t.Helper()
	for _, r := range d.Results {
		if r.Kernel == kernel && r.Probe == probe {
			return r
		}
	}
	t.Fatalf("%s has no result for %s", kernel, probe)
	return matrix.Result{}
}

// withoutTLS is the kernel that Debian builds without CONFIG_TLS.
const withoutTLS = "5.10"

// TestTheDefaultMatrix is the main job: what the repository's kernels.yaml
// shows on real kernels, every time, and with it all other stability probes.
func TestTheDefaultMatrix(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../kernels.yaml")
	if err != nil {
		t.Fatal(err)
	}
	here, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	// A lock of its own, and the series where they are.
	file := write(t, strings.ReplaceAll(string(text), "[vmimage/series/", "["+here+"/vmimage/series/"))
	dir := t.TempDir()
	o := runOptions{file: file, patterns: []string{"stability", "cost/splice-file-pipe/64k", "cost/read-write/64k", "cost/vmsplice/64k", "cost/serve-again/ext4/*/64k"}}
	_, plan, err := o.plan()
	if err != nil {
		t.Fatal(err)
	}
	args := []string{"-f", file, "--dir", dir, "--profile"}
	for _, p := range o.patterns {
		args = append(args, "-p", p)
	}
	doc, _ := boot(t, exitDone, args...)
	want := len(plan.Probes) * len(plan.Kernels)
	results := map[string]int{}
	for _, r := range doc.Results {
		results[r.Cell]++
		if s := r.Sample; s != nil && s.Clock == matrix.ClockIcount && r.Boot > 3 || s == nil && r.Boot > 1 {
			t.Errorf("%s has a boot %d, which nobody asked for", r.Cell, r.Boot)
		}
	}
	if len(results) != want {
		t.Errorf("%d cells have results, want %d", len(results), want)
	}
	for _, r := range doc.Results {
		switch {
		case r.Kernel == "5.15" && r.Outcome == matrix.Unavailable:
			// Where kernel.org is reached it is built, and passes.
			if r.Detail == "" {
				t.Errorf("%s says no reason", r.Cell)
			}
			continue
		case r.Kernel == "newest":
			// Whatever it is by now, it boots, and what it answers is nobody's to say.
			if r.Outcome != matrix.Pass && r.Outcome != matrix.Fail && r.Outcome != matrix.Unsupported {
				t.Errorf("%s: %s, %q", r.Cell, r.Outcome, r.Detail)
			}
			continue
		case r.Kernel == withoutTLS && r.Outcome == matrix.Unsupported && strings.Contains(r.Detail, "no kTLS"):
			continue
		case r.Outcome == matrix.Unsupported && strings.HasPrefix(r.Probe, "stability/overfill/splice/") && strings.Contains(r.Detail, "has taken everything at once"):
			// 6.1 gives a pipe a large folio as one buffer.
			continue
		case r.Outcome == matrix.Fail && r.Observation != nil && r.Observation.Class == matrix.Clobbered && r.Observation.Source == matrix.SourceIntact:
			// What no contract allows: which cells these are is held below.
		case r.Outcome != matrix.Pass:
			t.Errorf("%s: %s, %q", r.Cell, r.Outcome, r.Detail)
			continue
		case strings.HasPrefix(r.Probe, "cost/"):
			if s := r.Sample; s == nil || s.Value <= 0 || !strings.HasSuffix(s.Unit, "/B") || s.Low > s.Value || s.High < s.Value {
				t.Errorf("%s: %+v", r.Cell, r.Sample)
			}
			continue
		}
		o := r.Observation
		if given := strings.Contains(r.Probe, "/vmsplice-gift"); (o.Source == "") != given || !given && o.Source != matrix.SourceIntact {
			t.Errorf("%s: the source is %q, %s", r.Cell, o.Source, r.Detail)
		}
		if r.Kernel == "splice-fix-corruption" {
			if o.Class != matrix.Stable {
				t.Errorf("%s: %s", r.Cell, o.Class)
			}
			continue
		}
		call, mutation := strings.Split(r.Probe, "/")[1], strings.Split(r.Probe, "/")[2]
		switch {
		case r.Kernel == "splice-always-copies":
			// What it does nothing about: memory, and what a FUSE server is given.
			want := matrix.Stable
			if strings.HasPrefix(call, "vmsplice") && !strings.HasSuffix(call, "-virtio") && mutation == "store" || call == "fuse-write" && (mutation == "write" || mutation == "mmap") {
				want = matrix.Changed
			}
			if o.Class != want {
				t.Errorf("%s: %s, want %s", r.Cell, o.Class, want)
			}
		case call == "read-write" && o.Class != matrix.Stable:
			t.Errorf("%s: the control is %s", r.Cell, o.Class)
		case call == "splice" && (mutation == "write" || mutation == "mmap") && (o.Class != matrix.Changed || o.New != 4096):
			t.Errorf("%s: %+v", r.Cell, o)
		}
	}
	for kernel, class := range map[string]matrix.Class{"5.10": matrix.Stable, "6.1": matrix.Zeroed, "6.12": matrix.Zeroed, "6.12-built": matrix.Zeroed} {
		o := doc.result(t, kernel, "stability/splice/punch/xfs/readahead").Observation
		if o == nil || o.Class != class || class == matrix.Zeroed && o.Zero != 4096 {
			t.Errorf("%s: punch on xfs after readahead: %+v, want %s", kernel, o, class)
		}
		if o := doc.result(t, kernel, "stability/splice/punch/tmpfs-huge/dirty").Observation; o == nil || o.Zero != 4096 {
			t.Errorf("%s: punch on tmpfs with huge pages: %+v, want 4096 zeros", kernel, o)
		}
	}
	// What is cleared beyond a hole, where it is certain: a page in a large folio.
	for _, kernel := range []string{"6.1", "6.12", "6.12-built"} {
		for mutation, want := range map[string][2]int64{"punch": {4096, 0}, "punch-part": {1000, 3096}} {
			o := doc.result(t, kernel, "stability/splice/"+mutation+"/xfs/readahead").Observation
			if o == nil || o.Zero != want[0] || o.Clobbered != want[1] || o.FolioOrder == nil || *o.FolioOrder == 0 {
				t.Errorf("%s: %s on xfs after readahead: %+v, want %d zero bytes and %d clobbered ones, in a large folio", kernel, mutation, o, want[0], want[1])
			}
		}
		o := doc.result(t, kernel, "stability/splice/insert/xfs/readahead").Observation
		if o == nil || o.Class != matrix.Clobbered || o.Zero != 4096 {
			t.Errorf("%s: insert on xfs after readahead: %+v, want clobbered with the 4096 zeros that were inserted", kernel, o)
		}
	}
	// Without large folios no more is cleared than the hole.
	for _, kernel := range []string{"5.10", "6.1", "6.12", "6.12-built"} {
		o := doc.result(t, kernel, "stability/splice/punch-part/ext4/dirty").Observation
		if o == nil || o.Class != matrix.Zeroed || o.Zero != 1000 || o.FolioOrder == nil || *o.FolioOrder != 0 {
			t.Errorf("%s: punch-part on ext4: %+v, want 1000 zeros in a folio of order 0", kernel, o)
		}
	}
	for _, k := range doc.Kernels {
		if k.Name == "5.15" || k.Name == "newest" {
			continue
		}
		name := k.Name
		if k.Built != nil {
			name = "6.12"
			if len(k.Built.Warnings) > 0 {
				t.Errorf("%s was built with the warnings %v", k.Name, k.Built.Warnings)
			}
		}
		if !strings.HasPrefix(k.Version, name+".") || !k.PVH || !strings.HasPrefix(k.Digest, "sha256:") || k.Booted == nil {
			t.Errorf("column %+v", k)
			continue
		}
		refused := maps.Clone(k.Booted.Refused)
		delete(refused, "failing-allocations") // no kernel of the matrix can fail them
		delete(refused, "mglru")               // 5.10 and the small configuration have none
		if k.Name == withoutTLS {
			delete(refused, "tls")
		}
		if !strings.HasPrefix(k.Booted.Release, name+".") || len(refused) > 0 || len(k.Booted.ModuleErrors) > 0 || k.Booted.Transport != "virtio" {
			t.Errorf("%s said %+v", k.Name, k.Booted)
		}
	}
	consoles, err := filepath.Glob(filepath.Join(dir, "*", "consoles", "*.log"))
	if err != nil || len(consoles) < 14 {
		t.Errorf("%d consoles are kept, want one for each of 7 kernels and 2 machines (%v)", len(consoles), err)
	}
	columns := map[string]matrix.Column{}
	for _, k := range doc.Kernels {
		columns[k.Name] = k
	}
	base := columns["6.12-built"]
	for _, name := range []string{"splice-fix-corruption", "splice-always-copies"} {
		patched := columns[name]
		if patched.Base != base.Name || patched.ConfigDigest != base.ConfigDigest || patched.Built.Compiler != base.Built.Compiler || patched.Digest == base.Digest || !patched.Built.Incremental || base.Built.Incremental {
			t.Errorf("the patched branch is\n%+v, its base\n%+v", patched, base)
		}
	}
	table, _, code := command(t, "report", "--dir", dir)
	// The dispute, whose baseline is none of its two kernels.
	const dispute = "splice-fix-corruption against its base, 6.12-built: cost/splice-file-pipe/64k is worse, "
	if text := strings.Join(strings.Fields(table), " "); doc.result(t, "6.1", "cost/splice-file-pipe/64k").Sample.Clock == matrix.ClockIcount && !strings.Contains(text, dispute) {
		t.Errorf("no %q in\n%s", dispute, table)
	}
	// And where it is: the series copies pages, for which it takes new ones.
	const where = `cost/splice-file-pipe/64k is worse, [^-]* Of the \+0\.[0-9]+ insn/B: (copy_|_*memcpy)[a-z_]* \+0\.[0-9]+ insn/B \([4-8][0-9] %\), `
	if text := strings.Join(strings.Fields(table), " "); strings.Contains(text, dispute) && !regexp.MustCompile(where).MatchString(text) {
		t.Errorf("no %s in\n%s", where, table)
	}
	if code != exitDone {
		t.Errorf("exit code %d, the table is\n%s", code, table)
	}
	// So many columns leave no room for numbers of bytes, unless all is asked for.
	all, _, code := command(t, "report", "--all", "--dir", dir)
	if code != exitDone || !regexp.MustCompile(`punch/xfs/readahead +stable ≠ +\S+.* +zeroed 4096`).MatchString(all) {
		t.Errorf("exit code %d, all of the table is\n%s", code, all)
	}
}

// debianKernel is an entry of kernels.yaml with the kernel that every trouble
// below is made with.
func debianKernel(name, rest string) string {
	return fmt.Sprintf("  - {name: %q, source: {deb: linux-image-cloud-amd64, suite: bookworm}%s}\n", name, rest)
}

const probesOfTrouble = "stability/splice/write/tmpfs/dirty"

// TestEachColumnsTroubleIsItsOwn boots guests that panic, that never speak,
// that have no virtio_console, and that are none, beside one that is well.
func TestEachColumnsTroubleIsItsOwn(t *testing.T) {
	t.Parallel()
	file := write(t, "version: 1\nbaseline: good\nkernels:\n"+
		debianKernel("good", "")+
		debianKernel("panics", `, append: "rdinit=/none"`)+
		debianKernel("halts", `, append: "rdinit=/none panic=0"`)+
		debianKernel("silent", `, append: "rdinit=/bbin/cat"`)+
		debianKernel("serial", `, append: "module_blacklist=virtio_console"`)+
		debianKernel("no-xfs", `, append: "module_blacklist=xfs"`)+
		"  - {name: garbage, source: {image: kernels.yaml}}\n"+
		"  - {name: missing, source: {image: none}}\n"+
		"  - {name: old, source: {deb: linux-image-cloud-amd64, suite: bookworm, version: \"6.1.1-1\"}}\n"+
		"  - {name: no-suite, source: {deb: linux-image-cloud-amd64, suite: bookwurm}}\n")
	doc, _ := boot(t, exitDone, "-f", file, "--dir", t.TempDir(), "--boot-deadline", "40s", "-p", probesOfTrouble, "-p", "stability/splice/write/xfs/dirty")
	for kernel, want := range map[string]struct {
		outcome matrix.Outcome
		detail  string
	}{
		"good":     {matrix.Pass, ""},
		"panics":   {matrix.BootFailed, "Kernel panic - not syncing: VFS: Unable to mount root fs on unknown-block(0,0)"},
		"halts":    {matrix.BootFailed, "Kernel panic - not syncing: VFS: Unable to mount root fs on unknown-block(0,0)"},
		"silent":   {matrix.BootFailed, "not over within 40s"},
		"serial":   {matrix.Pass, ""},
		"no-xfs":   {matrix.Pass, ""},
		"garbage":  {matrix.Unavailable, "is no Linux kernel for x86-64"},
		"missing":  {matrix.Unavailable, "no such file"},
		"old":      {matrix.Unavailable, "of version 6.1.1-1"},
		"no-suite": {matrix.Unavailable, "there is no suite bookwurm"},
	} {
		r := doc.result(t, kernel, probesOfTrouble)
		if r.Outcome != want.outcome || !strings.Contains(r.Detail, want.detail) {
			t.Errorf("%s: %s, %q; want %s, …%s…", kernel, r.Outcome, r.Detail, want.outcome, want.detail)
		}
	}
	// A kernel that stands still after its panic is not waited for.
	if r := doc.result(t, "halts", probesOfTrouble); len(r.CrashReports) != 1 || strings.Contains(r.Detail, "not over within") {
		t.Errorf("halts: %q with %+v", r.Detail, r.CrashReports)
	}
	if r := doc.result(t, "no-xfs", "stability/splice/write/xfs/dirty"); r.Outcome != matrix.Unsupported || !strings.Contains(r.Detail, "the kernel has no xfs") {
		t.Errorf("no-xfs on xfs: %s, %q", r.Outcome, r.Detail)
	}
	for _, k := range doc.Kernels {
		if k.Name == "serial" && (k.Booted == nil || k.Booted.Transport != "isa") {
			t.Errorf("serial said %+v", k.Booted)
		}
	}
}

// TestLocked runs with a lock, without one, and with one whose package has left
// the mirror.
func TestLocked(t *testing.T) {
	t.Parallel()
	file := write(t, "version: 1\nbaseline: good\nkernels:\n"+debianKernel("good", ""))
	args := []string{"-f", file, "--dir", t.TempDir(), "-p", probesOfTrouble}
	doc, errs := boot(t, exitInfra, append(args, "--locked")...)
	if r := doc.result(t, "good", probesOfTrouble); r.Outcome != matrix.Unavailable || !strings.Contains(errs, "--locked: good") {
		t.Errorf("without a lock: %+v, it said %s", r, errs)
	}
	first, _ := boot(t, exitDone, args...)
	again, _ := boot(t, exitDone, append(args, "--locked")...)
	if a, b := first.Kernels[0], again.Kernels[0]; a.Digest != b.Digest || a.Version != b.Version {
		t.Errorf("the lock gave %s %s, then %s %s", a.Version, a.Digest, b.Version, b.Digest)
	}
	lock := filepath.Join(filepath.Dir(file), "kernels.lock")
	text, err := os.ReadFile(lock)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(lock, bytes.ReplaceAll(text, []byte("qemu: "), []byte("qemu: 0.")), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, errs, code := command(t, append([]string{"run", "--initramfs", initramfs, "--locked"}, args...)...); code != exitInfra || !strings.Contains(errs, "wants QEMU 0.") {
		t.Errorf("with another QEMU: exit code %d, it said %s", code, errs)
	}
	gone := regexp.MustCompile(`(sha256: )[0-9a-f]{8}`).ReplaceAll(bytes.ReplaceAll(text, []byte("_amd64.deb"), []byte("_gone.deb")), []byte("${1}00000000"))
	if err := os.WriteFile(lock, gone, 0o644); err != nil {
		t.Fatal(err)
	}
	boot(t, exitInfra, append(args, "--locked")...)
	doc, errs = boot(t, exitDone, args...)
	if doc.result(t, "good", probesOfTrouble).Outcome != matrix.Pass || !strings.Contains(errs, "has left the mirror: resolving it again") {
		t.Errorf("a version that left was not resolved again; it said %s", errs)
	}
}

// TestAProbeThatTakesTooLongIsAHang gives probes less time than one needs.
func TestAProbeThatTakesTooLongIsAHang(t *testing.T) {
	t.Parallel()
	// A guest whose instructions are counted keeps no time, and no deadline.
	file := write(t, "version: 1\nbaseline: good\nmachines: [{name: m, clock: wall, probes: [cost/tee]}]\nkernels:\n"+debianKernel("good", ""))
	doc, _ := boot(t, exitFinding, "-f", file, "--dir", t.TempDir(), "--probe-deadline", "1ms", "-p", "cost", "--boots", "1", "--fail-on", "hang")
	for _, r := range doc.Results {
		if r.Outcome != matrix.Hang || !strings.Contains(r.Detail, "no answer within 1ms") {
			t.Errorf("%s: %s, %q", r.Cell, r.Outcome, r.Detail)
		}
	}
}

func TestInterrupt(t *testing.T) {
	t.Parallel()
	file := write(t, "version: 1\nbaseline: good\nkernels:\n"+debianKernel("good", ""))
	dir := t.TempDir()
	ctx, cancel := context.WithCancel(t.Context())
	var errs bytes.Buffer
	reader, writer := io.Pipe()
	go func() {
		// The console's log appears when QEMU starts.
		for i := 0; i < 6000; i++ {
			if logs, _ := filepath.Glob(filepath.Join(dir, "*", "consoles", "*.log")); len(logs) > 0 {
				break
			}
			time.Sleep(10 * time.Millisecond)
		}
		time.Sleep(300 * time.Millisecond)
		cancel()
	}()
	go io.Copy(io.Discard, reader)
	code := run(ctx, strings.NewReader(""), writer, &errs, []string{"run", "-f", file, "--dir", dir, "--initramfs", initramfs})
	if code != exitInterrupted || !strings.Contains(errs.String(), "interrupted\ngo on with: kmatrix run --resume "+dir) {
		t.Errorf("exit code %d, it said %s", code, errs.String())
	}
	runs, _ := filepath.Glob(filepath.Join(dir, "*", "run.json"))
	if len(runs) != 1 {
		t.Fatalf("%d runs are stored", len(runs))
	}
	var header matrix.Run
	text, err := os.ReadFile(runs[0])
	if err == nil {
		err = json.Unmarshal(text, &header)
	}
	if err != nil || !header.Interrupted {
		t.Errorf("the run says %+v, %v", header, err)
	}
}

// TestAKilledParentTakesQEMUAlong kills the program and looks for its child.
func TestAKilledParentTakesQEMUAlong(t *testing.T) {
	t.Parallel()
	file := write(t, "version: 1\nbaseline: good\nkernels:\n"+debianKernel("good", `, append: "rdinit=/bbin/cat"`))
	dir := t.TempDir()
	cmd := exec.Command(program, "run", "-f", file, "--dir", dir, "-p", probesOfTrouble)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	child := 0
	for i := 0; i < 6000 && child == 0; i++ {
		time.Sleep(10 * time.Millisecond)
		for _, pid := range children(cmd.Process.Pid) {
			if isQEMU(pid) {
				child = pid
			}
		}
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	cmd.Wait()
	if child == 0 {
		t.Fatal("no QEMU was started")
	}
	for range 500 {
		if syscall.Kill(child, 0) != nil || !isQEMU(child) {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Errorf("QEMU, process %d, outlived its parent", child)
}

// isQEMU tells a running QEMU from a process that has ended.
func isQEMU(pid int) bool {
	line, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
	return err == nil && bytes.Contains(line, []byte("qemu-system")) && bytes.Contains(line, []byte("-kernel"))
}

func TestShell(t *testing.T) {
	t.Parallel()
	file := write(t, "version: 1\nbaseline: good\nkernels:\n"+debianKernel("good", `, append: "kmatrix.word=1"`))
	var out, errs bytes.Buffer
	code := run(t.Context(), strings.NewReader("uname -r; ls /mnt; cat /proc/cmdline; exit\n"), &out, &errs, []string{"shell", "-f", file, "--initramfs", initramfs, "good"})
	if code != exitDone || !strings.Contains(out.String(), "6.1.0-") || !strings.Contains(out.String(), "tmpfs-huge") || !strings.Contains(out.String(), "kmatrix.word=1") {
		t.Errorf("exit code %d, it printed %q and said %q", code, out.String(), errs.String())
	}
}
