package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"

	"kmatrix/guest/wire"
)

// forbiddenEnv makes this test's executable run one mode in a process in which
// the calls under test are fatal.
const forbiddenEnv = "KMATRIX_AGENT_TEST_WITHOUT_SPLICE"

// TestTransportUsesNoneOfTheCallsUnderTest runs what the agent does between
// host and worker in a process that a seccomp filter kills at the first
// splice, tee, vmsplice, sendfile or copy_file_range. The control shows that
// the filter kills: io.Copy between two files.
func TestTransportUsesNoneOfTheCallsUnderTest(t *testing.T) {
	// By the reaper, which would take the status from anyone else.
	run := func(mode string) (string, error) {
		out, err := os.CreateTemp(t.TempDir(), "out-")
		if err != nil {
			return "", err
		}
		defer out.Close()
		_, ended, err := theReaper().Start("/proc/self/exe", []string{"agent.test"}, &syscall.ProcAttr{
			Env: append(os.Environ(), forbiddenEnv+"="+mode), Files: []uintptr{0, out.Fd(), out.Fd()},
		})
		if err != nil {
			return "", err
		}
		status := <-ended
		text, err := os.ReadFile(out.Name())
		switch {
		case status.Signaled():
			err = errors.New("signal: " + status.Signal().String())
		case status.ExitStatus() != 0:
			err = fmt.Errorf("exit status %d", status.ExitStatus())
		}
		return string(text), err
	}
	if out, err := run("agent"); err != nil {
		t.Errorf("the agent used a call under test, or failed: %v\n%s", err, out)
	}
	if out, err := run("control"); err == nil || !strings.Contains(err.Error(), "bad system call") {
		t.Errorf("io.Copy survived the filter: %v\n%s", err, out)
	}
}

// withoutSplice is the process under the filter; it returns the exit code.
func withoutSplice(mode string) int {
	if err := forbid(unix.SYS_SPLICE, unix.SYS_TEE, unix.SYS_VMSPLICE, unix.SYS_SENDFILE, unix.SYS_COPY_FILE_RANGE); err != nil {
		fmt.Println(err)
		return 2
	}
	if mode == "control" {
		return control()
	}
	t := &outside{}
	defer func() { os.RemoveAll(programsDir) }()
	c, _ := login(t)
	answers(t, c, "ok", "exit", "ok")
	output(t, c, "hello", "")
	if test, text := runExternal(t, c, "external/prints"); test.Status != wire.StatusOK || !strings.Contains(text, "bytes left out") {
		fmt.Printf("external: %+v\n", test)
		return 1
	}
	s, err := c.NewSession()
	if err != nil {
		return 1
	}
	s.Stdin = strings.NewReader("echo shell; exit 0\n")
	if out, err := s.Output("shell"); err != nil || !strings.Contains(string(out), "shell") {
		fmt.Printf("shell: %q, %v\n", out, err)
		return 1
	}
	return 0
}

// control copies a file as Go likes to.
func control() int {
	from, err := os.Open("/proc/self/exe")
	if err != nil {
		return 2
	}
	to, err := os.CreateTemp("", "kmatrix-control-")
	if err != nil {
		return 2
	}
	os.Remove(to.Name())
	if _, err := io.Copy(to, from); err != nil {
		return 2
	}
	return 0
}

// forbid makes calls fatal for every thread of the process
// (Documentation/userspace-api/seccomp_filter.rst).
func forbid(calls ...uint32) error {
	const offsetNr = 0 // of struct seccomp_data
	filter := []unix.SockFilter{{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: offsetNr}}
	for i, nr := range calls {
		filter = append(filter, unix.SockFilter{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, Jt: uint8(len(calls) - i), K: nr})
	}
	filter = append(filter,
		unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ALLOW},
		unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_KILL_PROCESS})
	program := unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return fmt.Errorf("no_new_privs: %w", err)
	}
	if _, _, errno := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, unix.SECCOMP_FILTER_FLAG_TSYNC, uintptr(unsafe.Pointer(&program))); errno != 0 {
		return fmt.Errorf("seccomp: %w", errno)
	}
	return nil
}

// outside stands for a test in a process that has none.
type outside struct{ testing.TB }

func (*outside) Helper()        {}
func (*outside) Cleanup(func()) {}
func (*outside) Fatal(args ...any) {
	fmt.Println(args...)
	os.Exit(1)
}
func (*outside) Fatalf(format string, args ...any) {
	fmt.Printf(format+"\n", args...)
	os.Exit(1)
}
