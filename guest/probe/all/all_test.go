package all

import (
	"errors"
	"os"
	"regexp"
	"strings"
	"testing"

	"kmatrix/guest/probe"
	"kmatrix/guest/probe/sys"
	"kmatrix/matrix"
)

// TestMain lets this executable be the process that maps files.
func TestMain(m *testing.M) {
	if len(os.Args) == 2 && os.Args[1] == sys.MapperArgument {
		if err := sys.ServeMappings(os.Stdin, os.Stdout); err != nil {
			panic(err)
		}
		return
	}
	os.Exit(m.Run())
}

// TestRegistry is the contract that every probe keeps.
func TestRegistry(t *testing.T) {
	grammar := regexp.MustCompile(`^(stability/[a-z-]+/[a-z-]+/[a-z0-9-]+/[a-z]+(/[0-9]+[kmp])?|cost/[a-z-]+(/(ext4|xfs)/(first|tenth))?/[0-9]+[km]?(/(lru|mglru))?|stress/[a-z-]+/[a-z-]+/[a-z-]+[0-9]?)$`)
	seen := map[string]bool{}
	for _, p := range probe.All() {
		if !grammar.MatchString(p.Name) {
			t.Errorf("%s is no name of a probe", p.Name)
		}
		if seen[p.Name] {
			t.Errorf("%s is there twice", p.Name)
		}
		seen[p.Name] = true
		if kind := map[string]matrix.ProbeKind{"stability": matrix.Stability, "cost": matrix.Performance, "stress": matrix.Stress}[strings.Split(p.Name, "/")[0]]; p.Kind != kind {
			t.Errorf("%s is of the kind %q, want %q", p.Name, p.Kind, kind)
		}
		if (p.Kind == matrix.Stress) != (p.Budget > 0) {
			t.Errorf("%s is of the kind %s and has a budget of %s", p.Name, p.Kind, p.Budget)
		}
		if len(p.Summary) < 20 || p.Since == "" || p.Run == nil {
			t.Errorf("%s lacks a sentence, a first kernel or a way to be asked", p.Name)
		}
		if cost := p.Kind == matrix.Performance; (p.Per != "") != cost || (p.Profile != nil) != cost {
			t.Errorf("%s is of the kind %s, gives a cost per %q, and has a profile: %v", p.Name, p.Kind, p.Per, p.Profile != nil)
		}
		if f := probe.FamilyOf(p.Name); f.Name == "" || f.Summary == "" || f.Origin == "" || len(f.Answers) == 0 {
			t.Errorf("%s is of no family that is explained: %+v", p.Name, f)
		}
		if len(p.Steps) == 0 {
			t.Errorf("%s does not say what it does", p.Name)
		}
		if p.Kind == matrix.Stability && !strings.HasPrefix(p.Name, "stability/overfill/") {
			if said := strings.Count(strings.Join(p.Steps, "\n"), " then holds "); said != 1 {
				t.Errorf("%s says %d times what its source holds after the mutation", p.Name, said)
			}
		}
		if got, ok := probe.Lookup(p.Name); !ok || got.Name != p.Name {
			t.Errorf("%s is not found by its name", p.Name)
		}
	}
	for _, want := range []string{
		"stability/splice/punch/xfs/readahead", "stability/splice/write/tmpfs/dirty", "stability/splice/truncate/tmpfs-huge/dirty",
		"stability/read-write/mmap/xfs/readahead", "stability/splice/direct/btrfs/clean", "stability/vmsplice-gift/unmap/anon/dirty",
		"stability/overfill/vmsplice-gift/anon/dirty", "stability/overfill/splice/xfs/readahead", "stability/splice-tls-more/write/xfs/dirty/4k", "stability/fuse-read/write/ext4/clean", "stability/fuse-write/mmap/tmpfs/dirty",
		"cost/splice-file-pipe/64k", "cost/read-write/64k", "cost/splice-file-pipe-cold/4k", "cost/mmap-write-tee/1m", "cost/serve-again/ext4/tenth/64k", "cost/serve-again/ext4/first/64k/mglru", "cost/serve-again/xfs/tenth/64k/lru", "cost/write-byte/1", "cost/sendfile-tcp-recv/64k", "cost/read-write-tcp/64k", "cost/read-write-tcp-recv/4k", "cost/read-write-tcp-fresh/1m",
		"stress/vmsplice-gift/reuse/anon", "stress/vmsplice-gift/mapping/ext4", "stress/splice-race/all/xfs", "stress/splice-race/punch/tmpfs-huge", "stress/pipe-churn/many/tmpfs",
		"stress/vmsplice-gift/pinned/xfs", "stress/splice-writeback/hot/ext4", "stress/alloc-fails/splice/xfs", "stress/alloc-fails/vmsplice-gift/anon",
	} {
		if !seen[want] {
			t.Errorf("there is no %s", want)
		}
	}
	if seen["stability/splice/punch/tmpfs/readahead"] {
		t.Error("a tmpfs has nothing to read ahead")
	}
}

// TestOnThisKernel asks this machine's kernel, on this directory's file
// system: the controls must be stable, and the others must answer, whatever.
func TestOnThisKernel(t *testing.T) {
	dir := t.TempDir()
	env := &probe.Env{Dirs: map[string]string{"ext4": dir, "tmpfs": dir}}
	asked := 0
	for _, p := range probe.All() {
		if p.Kind != matrix.Stability || p.Needs != "" && env.Dirs[p.Needs] == "" || strings.HasSuffix(p.Name, "readahead") {
			continue // dropping caches is for guests
		}
		found, err := p.Run(t.Context(), env)
		var lacking *probe.UnsupportedError
		if errors.As(err, &lacking) {
			t.Logf("%s: %v", p.Name, err)
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", p.Name, err)
			continue
		}
		asked++
		o := found.Observation
		if len(o.Calls) == 0 || o.Bytes == 0 && !strings.HasPrefix(string(o.Class), "errno:") {
			t.Errorf("%s: %+v", p.Name, o)
		}
		given := strings.Contains(p.Name, "/vmsplice-gift")
		if (o.Source == "") != given || !given && o.Source != matrix.SourceIntact {
			t.Errorf("%s: the source is %q, %s", p.Name, o.Source, found.Detail)
		}
		for _, control := range []string{"/read-write/", "/mmap-write", "/read-vmsplice/", "/copy-file-range/"} {
			if strings.Contains(p.Name, control) && o.Class != matrix.Stable {
				t.Errorf("%s: the control is %s", p.Name, o.Class)
			}
		}
	}
	if asked < 50 {
		t.Errorf("only %d probes were asked", asked)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("%d files are left behind (%v)", len(left), err)
	}
}

// TestCostsOnThisKernel measures on this machine's kernel, with this directory's
// file system in the place of all: every path moves all of its data, and what
// explains it is counted.
func TestCostsOnThisKernel(t *testing.T) {
	dir := t.TempDir()
	env := &probe.Env{Dirs: map[string]string{"ext4": dir, "xfs": dir}}
	for _, p := range probe.All() {
		if p.Kind != matrix.Performance || strings.Contains(p.Name, "-cold/") || strings.HasPrefix(p.Name, "cost/serve-again/") {
			continue // dropping caches is for guests
		}
		found, err := p.Run(t.Context(), env)
		if err != nil {
			t.Errorf("%s: %v", p.Name, err)
			continue
		}
		s := found.Sample
		if s.Value <= 0 || s.Low > s.Value || s.High < s.Value || s.Iterations < 3 {
			t.Errorf("%s: %+v", p.Name, s)
		}
		want := []string{"minor_faults", "major_faults", "voluntary_switches", "involuntary_switches", "refaults", "kib_read"}
		if p.Needs != "" {
			want = append(want, "pages_resident")
		}
		for _, counter := range want {
			if n, ok := s.Counters[counter]; !ok || n < 0 {
				t.Errorf("%s: the counter %s is %d, %v", p.Name, counter, n, ok)
			}
		}
		if passes := int64(s.Iterations); strings.HasPrefix(p.Name, "cost/read-write-tcp-fresh/") && s.Counters["minor_faults"] < 256*passes {
			t.Errorf("%s: %d faults in %d passes, each of 256 new pages", p.Name, s.Counters["minor_faults"], passes)
		}
		t.Logf("%-28s %8.3g %s (%.3g…%.3g), %d passes, %v %s", p.Name, s.Value, "ns/"+p.Per, s.Low, s.High, s.Iterations, s.Counters, found.Detail)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("%d files are left behind (%v)", len(left), err)
	}
}

func TestAMissingFileSystemIsUnsupported(t *testing.T) {
	p, _ := probe.Lookup("stability/splice/write/xfs/dirty")
	_, err := p.Run(t.Context(), &probe.Env{Refused: map[string]string{"xfs": "the kernel has no xfs"}})
	var lacking *probe.UnsupportedError
	if !errors.As(err, &lacking) || !strings.Contains(lacking.Reason, "the kernel has no xfs") {
		t.Errorf("error %v", err)
	}
}
