//go:build boots

package vm

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// spinning starts a guest that does nothing.
func spinning(t *testing.T) *VM {
	t.Helper()
	v, err := Start(t.Context(), Config{Kernel: spinnerFile(t)}, nil)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if err := v.qmp.execute(ctx, "query-status", nil); err != nil {
		t.Fatalf("%v; %+v", err, v.Stop(0))
	}
	return v
}

// TestQEMUIsConfined looks at a running QEMU: each of its threads has a filter of
// system calls and may gain no rights, it has no network and no socket with a name,
// and it dies of starting a program.
func TestQEMUIsConfined(t *testing.T) {
	v := spinning(t)
	proc := fmt.Sprintf("/proc/%d", v.Pid())
	threads, err := filepath.Glob(proc + "/task/*/status")
	if err != nil || len(threads) == 0 {
		t.Fatalf("it has the threads %v (%v)", threads, err)
	}
	for _, file := range threads {
		text, err := os.ReadFile(file)
		if err != nil {
			continue // it has ended
		}
		for _, want := range []string{"\nSeccomp:\t2\n", "\nNoNewPrivs:\t1\n"} {
			if !strings.Contains(string(text), want) {
				t.Errorf("%s lacks %q:\n%s", file, want, text)
			}
		}
	}
	named, err := os.ReadFile(proc + "/net/unix")
	if err != nil {
		t.Fatal(err)
	}
	links, err := filepath.Glob(proc + "/fd/*")
	if err != nil || len(links) < 5 {
		t.Fatalf("it has the descriptors %v (%v)", links, err)
	}
	for _, link := range links {
		to, err := os.Readlink(link)
		inode, ok := strings.CutPrefix(to, "socket:[")
		if err != nil || !ok {
			continue
		}
		found := false
		for line := range strings.Lines(string(named)) {
			// Num RefCount Protocol Flags Type St Inode Path (proc(5)): the control
			// socket's name lay in a directory that is gone.
			f := strings.Fields(line)
			if len(f) < 7 || f[6] != strings.TrimSuffix(inode, "]") {
				continue
			}
			found = true
			if len(f) > 7 {
				if _, err := os.Stat(f[7]); err == nil {
					t.Errorf("it has a socket of the name %s", f[7])
				}
			}
		}
		if !found {
			t.Errorf("it has a socket that is no Unix socket: %s", to)
		}
	}
	// What would start a shell ends QEMU instead: by SIGSYS, since no call that
	// makes a process of another program is let through.
	witness := filepath.Join(t.TempDir(), "witness")
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	_ = v.qmp.execute(ctx, "migrate", map[string]any{"uri": "exec:touch " + witness})
	select {
	case <-v.Done():
	case <-ctx.Done():
		t.Error("QEMU outlives it")
	}
	exit := v.Stop(0)
	if exit.Err == nil || !strings.Contains(exit.Err.Error(), syscall.SIGSYS.String()) {
		t.Errorf("it ended by %v, want %s", exit.Err, syscall.SIGSYS)
	}
	if _, err := os.Stat(witness); err == nil {
		t.Error("a program ran")
	}
}

// TestQEMUNeedsNoRoot runs this package's own test of a guest as nobody, who has
// neither a home nor rights. Who is not root has shown it by all other tests.
func TestQEMUNeedsNoRoot(t *testing.T) {
	if os.Getuid() != 0 {
		if os.Getenv("KMATRIX_AS_NOBODY") != "" {
			v := spinning(t)
			if exit := v.Stop(0); exit.Err != nil {
				t.Error(exit.Err)
			}
		}
		return
	}
	nobody, err := user.Lookup("nobody")
	if err != nil {
		t.Fatal(err)
	}
	uid, err := strconv.Atoi(nobody.Uid)
	if err != nil {
		t.Fatal(err)
	}
	gid, err := strconv.Atoi(nobody.Gid)
	if err != nil {
		t.Fatal(err)
	}
	home := filepath.Join(os.TempDir(), fmt.Sprintf("kmatrix-nobody-%d", os.Getpid()))
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	program, err := os.ReadFile(self)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(home); err != nil {
			t.Error(err)
		}
	})
	if err := os.Mkdir(home, 0o755); err != nil {
		t.Fatal(err)
	}
	// The go command's own directory is root's alone.
	copied := filepath.Join(home, "test")
	if err := os.WriteFile(copied, program, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Chown(home, uid, gid); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), copied, "-test.run", "^TestQEMUNeedsNoRoot$", "-test.v")
	cmd.Dir = home
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + home, "TMPDIR=" + home, "KMATRIX_AS_NOBODY=1"}
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "--- PASS: TestQEMUNeedsNoRoot") {
		t.Errorf("%v: %s", err, out)
	}
}
