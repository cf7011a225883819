package proc

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestRun(t *testing.T) {
	out, err := Run(t.Context(), Cmd{Path: "sh", Args: []string{"-c", "cat; echo $WORD"}, Stdin: strings.NewReader("in "), Env: []string{"WORD=env"}})
	if err != nil || string(out) != "in env\n" {
		t.Errorf("Run() = %q, %v", out, err)
	}
}

func TestErrorNamesProgramCauseAndLastLine(t *testing.T) {
	_, err := Run(t.Context(), Cmd{Path: "sh", Args: []string{"-c", "echo first >&2; echo last >&2; exit 3"}})
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != 3 {
		t.Errorf("error %v is no exit status 3", err)
	}
	if got, want := fmt.Sprint(err), "sh: exit status 3: last"; got != want {
		t.Errorf("error %q, want %q", got, want)
	}
	if _, err := Run(t.Context(), Cmd{Path: "kmatrix-no-such-program"}); !errors.Is(err, exec.ErrNotFound) {
		t.Errorf("a missing program gives %v, want exec.ErrNotFound", err)
	}
}

func TestStderrIsCapped(t *testing.T) {
	_, err := Run(t.Context(), Cmd{Path: "sh", Args: []string{"-c", "head -c 1000000 /dev/zero | tr '\\0' x >&2; echo end >&2; exit 1"}})
	var e *Error
	if !errors.As(err, &e) || len(e.Stderr) != MaxStderr || !strings.HasSuffix(e.Stderr, "end\n") {
		t.Errorf("kept %d bytes of standard error, want the last %d", len(e.Stderr), MaxStderr)
	}
}

func TestCancelEndsTheWholeGroup(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	p, err := Start(ctx, Cmd{Path: "sh", Args: []string{"-c", "trap '' TERM; sleep 1000 & echo $! >&3; wait"}, Files: []*os.File{w}, Grace: 100 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	w.Close()
	line := make([]byte, 20)
	n, err := r.Read(line)
	if err != nil {
		t.Fatal(err)
	}
	child, err := strconv.Atoi(strings.TrimSpace(string(line[:n])))
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	if err := p.Wait(); !errors.Is(err, context.Canceled) {
		t.Errorf("Wait() = %v, want context.Canceled", err)
	}
	for range 100 {
		if syscall.Kill(child, 0) != nil || zombie(child) {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Errorf("process %d outlived its group's end", child)
}

func zombie(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err != nil || strings.Contains(string(stat), ") Z ")
}

// TestDeathOfTheParent runs this test's binary as the parent of a sleep, kills
// it, and looks for the sleep.
func TestDeathOfTheParent(t *testing.T) {
	if os.Getenv("KMATRIX_PROC_TEST_PARENT") != "" {
		p, err := Start(context.Background(), Cmd{Path: "sleep", Args: []string{"1000"}})
		if err != nil {
			t.Fatal(err)
		}
		fmt.Printf("child %d\n", p.Pid)
		p.Wait()
		return
	}
	parent := exec.Command(os.Args[0], "-test.run=^TestDeathOfTheParent$", "-test.v")
	parent.Env = append(os.Environ(), "KMATRIX_PROC_TEST_PARENT=1")
	out, err := parent.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := parent.Start(); err != nil {
		t.Fatal(err)
	}
	var name string
	child := 0
	for child == 0 {
		if _, err := fmt.Fscan(out, &name); err != nil {
			t.Fatal(err)
		}
		if name == "child" {
			if _, err := fmt.Fscan(out, &child); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := parent.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	parent.Wait()
	for range 200 {
		if syscall.Kill(child, 0) != nil || zombie(child) {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Errorf("process %d outlived its killed parent", child)
}

func TestStringCanBePasted(t *testing.T) {
	c := Cmd{Path: "printf", Args: []string{"%s|", "a b", "it's", "", "$HOME", "x=y"}}
	out, err := exec.Command("sh", "-c", c.String()).Output()
	if err != nil || string(out) != "a b|it's||$HOME|x=y|" {
		t.Errorf("%s printed %q, %v", c, out, err)
	}
}
