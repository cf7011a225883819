package store

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"kmatrix/matrix"
	"kmatrix/matrix/lockfile"
)

func TestTwoCannotWriteOneRun(t *testing.T) {
	r, _ := create(t)
	defer r.Close()
	var held *lockfile.HeldError
	if _, _, err := Resume(r.Dir()); !errors.As(err, &held) || held.By.PID != os.Getpid() {
		t.Errorf("a second writer got %v", err)
	}
}

// TestAnInfraIsAskedAgain and is kept, but does not count when there is more.
func TestAnInfraIsAskedAgain(t *testing.T) {
	r, _ := create(t)
	infra := func(probe string, boot, session int) matrix.Result {
		res := result(probe, boot)
		res.Outcome, res.Observation, res.Session = matrix.Infra, nil, session
		return res
	}
	passed := result("a", 1)
	passed.Session = 2
	for _, res := range []matrix.Result{infra("a", 1, 1), infra("b", 0, 0), infra("b", 0, 0), result("b", 1), infra("c", 1, 1)} {
		if r.Final(res.Cell, res.Boot) {
			t.Errorf("%s is final", res.Cell)
		}
		if err := r.Append(res); err != nil {
			t.Fatal(err)
		}
	}
	if err := r.Append(infra("c", 1, 1)); err == nil || !strings.Contains(err.Error(), "boot 1 and session 1 already") {
		t.Errorf("a second result of one guest gave %v", err)
	}
	if err := r.Append(passed); err != nil {
		t.Fatal(err)
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	s, err := Open(r.Dir())
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, res := range s.Results {
		got = append(got, res.Probe+" "+string(res.Outcome))
	}
	if want := []string{"b pass", "c infra", "a pass"}; !slices.Equal(got, want) || len(s.Earlier) != 3 || len(s.Warnings) > 0 {
		t.Errorf("what counts is %q, want %q; earlier are %v; it says %q", got, want, s.Earlier, s.Warnings)
	}
	again, _, err := Resume(r.Dir())
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	if !again.Final("6.1/m/a", 1) || !again.Final("6.1/m/b", 1) || again.Final("6.1/m/c", 1) || again.Final("6.1/m/a", 2) {
		t.Error("what is final is not what was")
	}
}

// TestSessionsAreCountedOn also those of which only a console is left.
func TestSessionsAreCountedOn(t *testing.T) {
	r, _ := create(t)
	for session, boot := range map[int]int{3: 1, 1: 12} {
		f, err := r.Console("6.1", "m", boot, session)
		if err != nil {
			t.Fatal(err)
		}
		f.Close()
	}
	if err := r.Guest(matrix.Guest{Kernel: "6.1", Machine: "m", Boot: 2, Session: 4}); err != nil {
		t.Fatal(err)
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	again, _, err := Resume(r.Dir())
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	for boot, want := range map[int]int{1: 3, 2: 4, 12: 1, 3: 0} {
		if n := again.Sessions("6.1", "m", boot); n != want {
			t.Errorf("boot %d had %d sessions, want %d", boot, n, want)
		}
	}
}

// TestRunsSortAsTheyWereBegun sets the clock back, and then far ahead.
func TestRunsSortAsTheyWereBegun(t *testing.T) {
	dir := t.TempDir()
	now := time.Date(2026, 11, 23, 1, 2, 3, 0, time.UTC)
	var want []string
	for _, started := range []time.Time{now, now, now.Add(-time.Hour), now.AddDate(70, 0, 0), now} {
		r, err := Create(dir, matrix.Run{Started: started})
		if err != nil {
			t.Fatal(err)
		}
		want = append(want, r.Header().ID)
		if err := r.Close(); err != nil {
			t.Fatal(err)
		}
	}
	got, err := List(dir)
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("they are listed as %q, were begun as %q (%v)", got, want, err)
	}
}

func TestWhatAKilledProcessWasMakingIsMadeAnew(t *testing.T) {
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, unfinished, dirOutputs), 0o755); err != nil {
		t.Fatal(err)
	}
	r, err := Create(dir, matrix.Run{Started: time.Now()})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if _, err := os.Stat(filepath.Join(r.Dir(), dirOutputs)); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("what it had made is in the next run (%v)", err)
	}
	left, err := os.ReadDir(dir)
	if err != nil || len(left) != 1 || left[0].Name() != r.Header().ID {
		t.Errorf("there are %v (%v)", left, err)
	}
}

// TestAFullDiskTearsNoLine lets files grow to a size that ends within a line, as a
// full disk does: the line is not there, what was before is, and once there is room
// a resumed run goes on.
func TestAFullDiskTearsNoLine(t *testing.T) {
	r, _ := create(t)
	if err := r.Append(result("a", 1)); err != nil {
		t.Fatal(err)
	}
	limit(t, uint64(r.results.size)+20)
	err := r.Append(result("b", 1))
	if !errors.Is(err, syscall.EFBIG) || r.Final("6.1/m/b", 1) {
		t.Errorf("a line without room gave %v", err)
	}
	limit(t, unix.RLIM_INFINITY)
	if err := r.Append(result("c", 1)); !errors.Is(err, syscall.EFBIG) {
		t.Errorf("the next gave %v", err)
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	again, warnings, err := Resume(r.Dir())
	if err != nil || len(warnings) > 0 || again.Final("6.1/m/b", 1) {
		t.Fatalf("going on says %q, %v", warnings, err)
	}
	if err := again.Append(result("b", 1)); err != nil {
		t.Error(err)
	}
	if err := again.Close(); err != nil {
		t.Error(err)
	}
	s, err := Open(r.Dir())
	if err != nil || len(s.Results) != 2 || len(s.Warnings) > 0 {
		t.Errorf("read %v with %q (%v)", s.Results, s.Warnings, err)
	}
}

// limit has no file of this process grow over a size. The Go runtime takes no
// notice of the signal that comes along (SIGXFSZ).
func limit(t *testing.T, size uint64) {
	t.Helper()
	var was unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_FSIZE, &was); err != nil {
		t.Fatal(err)
	}
	now := was
	now.Cur = min(size, was.Max)
	if err := unix.Setrlimit(unix.RLIMIT_FSIZE, &now); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := unix.Setrlimit(unix.RLIMIT_FSIZE, &unix.Rlimit{Cur: was.Max, Max: was.Max}); err != nil {
			t.Error(err)
		}
	})
}
