package program

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"kmatrix/guest/process"
	"kmatrix/guest/wire"
	"kmatrix/matrix"
)

// TestMain makes this test's executable a program, too.
func TestMain(m *testing.M) {
	if len(os.Args) == 3 && os.Args[1] == spliceArgument {
		os.Exit(spliceThenChange(os.Args[2]))
	}
	code := m.Run()
	os.RemoveAll(programsDir)
	os.Exit(code)
}

// spliceArgument makes this test's executable a program that splices a file to
// its standard output and changes the file then.
const spliceArgument = "splice-then-change"

func spliceThenChange(file string) int {
	f, err := os.Create(file)
	if err != nil {
		return 1
	}
	f.WriteAt([]byte("before"), 0)
	if n, err := unix.Splice(int(f.Fd()), nil, 1, nil, 6, 0); err != nil || n != 6 {
		return 2
	}
	f.WriteAt([]byte("beyond"), 0)
	return 0
}

// testPrograms are external probes' programs: scripts, by the formats of their results.
var testPrograms = sync.OnceValue(func() map[string]matrix.Installed {
	dir, err := os.MkdirTemp("", "kmatrix-programs-")
	if err != nil {
		panic(err)
	}
	list := map[string]matrix.Installed{
		"splice":     {ResultFormat: matrix.FormatExit, Runs: []matrix.Command{{Name: "splice", Path: "/proc/self/exe", Args: []string{spliceArgument, "file"}}}},
		"nothing":    {ResultFormat: matrix.FormatExit, Runs: []matrix.Command{{Name: "nothing", Path: "/no/such/program"}}},
		"dir":        {ResultFormat: matrix.FormatExit, Selftests: true, Dir: dir, Lacks: ""},
		"lacks":      {ResultFormat: matrix.FormatExit, Selftests: true, Dir: dir, Lacks: "the kernel lacks CONFIG_X=m"},
		"lacks-ktap": {ResultFormat: matrix.FormatKTAP, Selftests: true, Dir: dir, Lacks: "the kernel lacks CONFIG_X=m", Runs: []matrix.Command{{Name: "bails", Path: filepath.Join(dir, "bails"), Script: true}}},
	}
	for name, one := range map[string]struct {
		format matrix.ResultFormat
		script string
	}{
		"ok":      {matrix.FormatExit, `test "$1" = "an argument" && pwd && test -z "$(ls)"`},
		"exit":    {matrix.FormatExit, "echo on stdout; printf 'why\\000\\000' >&2; exit 3"},
		"signal":  {matrix.FormatExit, "echo before; kill -9 $$"},
		"ktap":    {matrix.FormatKTAP, "echo noise >&2; printf 'KTAP version 1\n1..3\nok 1 a\n# b is bad\nnot ok 2 b\nok 3 c # SKIP\n'; exit 1"},
		"silent":  {matrix.FormatKTAP, "exit 0"},
		"late":    {matrix.FormatKTAP, "printf '1..1\nok 1 a\n'; exit 9"},
		"ltp":     {matrix.FormatLTP, "exit 5"},
		"conf":    {matrix.FormatLTP, "echo 'no such device'; exit 32"},
		"tconf":   {matrix.FormatLTP, "printf 'Summary:\nskipped  1\nwarnings 0\n'; echo 'a.c:9: TCONF: no fsopen()' >&2; exit 32"},
		"tbrok":   {matrix.FormatLTP, "printf 'Summary:\nbroken   1\nwarnings 0\n'; printf 'a.c:9: TBROK: no room\na.c:9: TINFO: bye\n' >&2; exit 2"},
		"oldconf": {matrix.FormatLTP, "echo 'tee01       1  TCONF  :  tee01.c:4: no tee()'; exit 32"},
		"partial": {matrix.FormatLTP, "echo 'a.c:9: TCONF: no b' >&2; echo 'a.c:10: TPASS: c' >&2; printf 'Summary:\nwarnings 0\n'"},
		"killed":  {matrix.FormatLTP, "echo 'a.c:9: TBROK: Test killed!' >&2; kill -9 $$"},
		"missing": {matrix.FormatExit, `echo '"cut": executable file not found in $PATH' >&2; exit 127`},
		"sleep":   {matrix.FormatExit, "echo waiting; sleep 1000"},
		"prints":  {matrix.FormatExit, "echo first; i=0; while [ $i -lt 40000 ]; do echo $i; i=$((i+1)); done; echo last"},
		"leaves":  {matrix.FormatExit, "sleep 1000 & echo $!"},
		"pass.sh": {matrix.FormatExit, "exit 0"},
		"skip.sh": {matrix.FormatExit, "echo not here; exit 4"},
		"fail.sh": {matrix.FormatExit, "exit 1"},
		"bails":   {matrix.FormatKTAP, "printf '1..2\nok 1 a\nBail out! no b\n'; exit 1"},
	} {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, []byte(one.script), 0o644); err != nil {
			panic(err)
		}
		run := matrix.Command{Name: name, Path: file, Script: true}
		if strings.HasSuffix(name, ".sh") {
			for _, tree := range []string{"dir", "lacks"} {
				in := list[tree]
				in.Runs = append(in.Runs, run)
				list[tree] = in
			}
			continue
		}
		run.Args = []string{"an argument"}
		list[""+name] = matrix.Installed{ResultFormat: one.format, Runs: []matrix.Command{run}}
	}
	programsDir = dir
	return list
})

// programsDir is where they lie, once they do.
var programsDir string

// theRunner is one, as in a guest: two reapers would take each other's statuses.
var theRunner = sync.OnceValue(func() Runner {
	return Runner{Reaper: process.NewReaper(), Shell: "/bin/sh", Warn: func(error) {}}
})

// run runs a program, with a deadline that "sleep" overruns, and returns the answer and
// what was printed.
func run(t testing.TB, name string) (wire.Answer, string) {
	t.Helper()
	late := make(chan struct{})
	if name == "sleep" {
		time.AfterFunc(300*time.Millisecond, func() { close(late) })
	}
	in := testPrograms()[name]
	answer, text := theRunner().Run(t.Context(), in, t.TempDir(), late)
	if answer.Test != nil { // as the host does
		answer.Test.ResultFormat = in.ResultFormat
	}
	return answer, string(text)
}

func TestPrograms(t *testing.T) {
	for probe, want := range map[string]struct {
		status wire.Status
		shown  string
		detail string
		output string
	}{
		"ok":         {wire.StatusOK, "ok", "", "TestPrograms"},
		"exit":       {wire.StatusOK, "exit 3", "why", "on stdout\n-- standard error\nwhy\x00\x00\n"},
		"signal":     {wire.StatusDied, "exit -1", "signal: killed", "before\n"},
		"ktap":       {wire.StatusOK, "1 of 2 failed", "noise", "# b is bad"},
		"silent":     {wire.StatusOK, "broken after 0", "", ""},
		"late":       {wire.StatusOK, "broken after 1", "", ""},
		"ltp":        {wire.StatusOK, "exit 5", "", ""},
		"conf":       {wire.StatusOK, "unsupported", "no such device", ""},
		"tconf":      {wire.StatusOK, "unsupported", "TCONF: no fsopen()", "TCONF"},
		"tbrok":      {wire.StatusOK, "exit 2", "TINFO: bye", "TBROK"},
		"oldconf":    {wire.StatusOK, "unsupported", "no tee()", ""},
		"partial":    {wire.StatusOK, "ok", "a.c:10: TPASS: c", "Summary:"},
		"killed":     {wire.StatusDied, "exit -1", "signal: killed; a.c:9: TBROK: Test killed!", ""},
		"missing":    {wire.StatusOK, "unsupported", "", "cut"},
		"sleep":      {wire.StatusOverdue, "", "did not end", "waiting\n"},
		"nothing":    {wire.StatusError, "", "no such file", ""},
		"dir":        {wire.StatusOK, "1 of 2 failed", "", "== skip.sh: exit code 4\nnot here\n"},
		"lacks":      {wire.StatusOK, "ok 1, 2 skipped", "", ""},
		"lacks-ktap": {wire.StatusOK, "ok 1, 1 skipped", "", ""},
		"bails":      {wire.StatusOK, "broken after 1", "", "Bail out! no b"},
	} {
		answer, text := run(t, probe)
		shown := ""
		if answer.Test != nil {
			shown = answer.Test.String()
		}
		if answer.Status != want.status || shown != want.shown || !strings.Contains(answer.Detail, want.detail) || !strings.Contains(text, want.output) {
			t.Errorf("%s: %s, %q, %q, printed %q; want %+v", probe, answer.Status, shown, answer.Detail, text, want)
		}
	}
}

// TestLTPSaysWhy holds that the reason is the test's own line, whichever stream it is
// on, and not the last that was printed.
func TestLTPSaysWhy(t *testing.T) {
	for probe, want := range map[string]string{
		"tconf":   "skipped: tconf: a.c:9: TCONF: no fsopen()",
		"oldconf": "skipped: oldconf: tee01 1 TCONF : tee01.c:4: no tee()",
		"conf":    "skipped: conf: TCONF: no such device",
		"tbrok":   "exit code 2: broken (TBROK): a.c:9: TBROK: no room",
		"ltp":     "exit code 5: failed (TFAIL), warned (TWARN)",
	} {
		answer, _ := run(t, probe)
		if _, why := answer.Test.Outcome(); why != want {
			t.Errorf("%s: %q, want %q", probe, why, want)
		}
	}
}

// TestWhatAProgramSplicedIsReadWhenItHasEnded holds that a change behind a
// splice to the standard output shows, whoever is faster.
func TestWhatAProgramSplicedIsReadWhenItHasEnded(t *testing.T) {
	for range 20 {
		if answer, text := run(t, "splice"); answer.Test.String() != "ok" || text != "beyond\n" {
			t.Fatalf("%+v, printed %q", answer, text)
		}
	}
}

func TestALongOutputKeepsItsEnds(t *testing.T) {
	answer, text := run(t, "prints")
	if answer.Test.String() != "ok" || !strings.HasPrefix(text, "first\n0\n") || !strings.HasSuffix(text, "39999\nlast\n") || len(text) > 2*keepEach+100 {
		t.Errorf("%d bytes, from %.20q to %q", len(text), text, text[len(text)-20:])
	}
	if !strings.Contains(text, "[… 97829 bytes left out …]") { // of 228,901
		t.Errorf("it does not say what was left out")
	}
}

func TestAProgramsProcessesEndWithIt(t *testing.T) {
	began := time.Now()
	_, text := run(t, "leaves")
	pid, err := strconv.Atoi(strings.TrimSpace(text))
	if err != nil {
		t.Fatalf("printed %q", text)
	}
	for range 100 {
		if syscall.Kill(pid, 0) != nil || isZombie(pid) {
			if took := time.Since(began); took > 5*time.Second {
				t.Errorf("it took %s", took)
			}
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Errorf("process %d is left", pid)
}

func isZombie(pid int) bool {
	text, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	return err != nil || strings.Contains(string(text), ") Z ")
}
