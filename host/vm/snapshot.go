package vm

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"

	"kmatrix/guest/wire"
)

// A snapshot is a file of two parts: a header, which says what made it, and
// behind that, from headerBytes on, the stream that QEMU migrates a guest by.
// The header is written last: a file without one was never finished.
const (
	headerBytes = 64 << 10
	headerMagic = "kmatrix snapshot 1\n"
)

// header is JSON behind headerMagic, and zeros up to headerBytes.
type header struct {
	Made Made `json:"made"`
	// Ready is what the saved guest's agent had said.
	Ready wire.Ready `json:"ready"`
	// Bytes is how long the stream is.
	Bytes int64 `json:"bytes"`
}

// Made is all that makes a snapshot what it is, by names for people. A state
// that is restored under anything else may run, and be wrong without a sign.
type Made map[string]string

// Made returns what a snapshot of the guest is made of. version is QEMU's.
func (c Config) Made(version string) (Made, error) {
	program := c.QEMU
	if program == "" {
		program = DefaultQEMU
	}
	path, err := exec.LookPath(program)
	if err != nil {
		return nil, fmt.Errorf("tell what makes a snapshot: %w", err)
	}
	c.Restore = nil
	made := Made{"QEMU's version": version, "QEMU's command line": strings.Join(Args(c), " ")}
	files := map[string]string{"QEMU's program": path, "kernel": c.Kernel}
	if c.Initrd != "" {
		files["initramfs"] = c.Initrd
	}
	for _, d := range c.Disks {
		files["disk "+d.Serial] = d.Path
	}
	for what, path := range files {
		if made[what], err = stamp(path); err != nil {
			return nil, fmt.Errorf("tell what makes a snapshot: %w", err)
		}
	}
	return made, nil
}

// stamp tells a file from any other and from what it was before it changed. In
// the cache, paths are digests of content besides.
func stamp(path string) (string, error) {
	var st syscall.Stat_t
	if err := syscall.Stat(path, &st); err != nil {
		return "", &os.PathError{Op: "stat", Path: path, Err: err}
	}
	return fmt.Sprintf("%s, inode %d:%d, %d bytes of %d.%09d", path, st.Dev, st.Ino, st.Size, st.Mtim.Sec, st.Mtim.Nsec), nil
}

// Snapshot is a saved guest, whole and of the kind that was asked for.
type Snapshot struct {
	file  *os.File
	ready wire.Ready
}

// WriteSnapshot writes a snapshot to f, an empty file: stream, which is handed f
// at the right offset, writes the state. What f holds is synced when it returns:
// an error of the disk shows here, and not as a guest's memory.
func WriteSnapshot(f *os.File, made Made, ready wire.Ready, stream func(*os.File) error) error {
	if ready.Boot == "" {
		return errors.New("the kernel does not tell one boot from another (/proc/sys/kernel/random/boot_id)")
	}
	if _, err := f.Seek(headerBytes, io.SeekStart); err != nil {
		return err
	}
	if err := stream(f); err != nil {
		return err
	}
	st, err := f.Stat()
	if err != nil {
		return err
	}
	h := header{Made: made, Ready: ready, Bytes: max(0, st.Size()-headerBytes)}
	if err := ends(f, h.Bytes); err != nil {
		return err
	}
	text, err := json.Marshal(h)
	if err != nil {
		return fmt.Errorf("encode what makes it: %w", err)
	}
	if text = append([]byte(headerMagic), text...); len(text) > headerBytes {
		return fmt.Errorf("what makes it takes %d bytes, over the limit of %d", len(text), headerBytes)
	}
	if _, err := f.WriteAt(text, 0); err != nil {
		return err
	}
	return f.Sync()
}

// OpenSnapshot opens a snapshot to restore from, which must be whole, made of
// the same as made, and of that boot. It is the caller's to close.
func OpenSnapshot(path string, made Made, boot string) (s *Snapshot, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("open the snapshot: %w", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("the snapshot %s %w", path, err), f.Close())
		}
	}()
	text := make([]byte, headerBytes)
	if n, err := io.ReadFull(f, text); err != nil && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("cannot be read after %d bytes: %w", n, err)
	}
	body, ok := bytes.CutPrefix(text, []byte(headerMagic))
	if !ok {
		return nil, errors.New("is none, or was never finished")
	}
	var h header
	if err := json.Unmarshal(bytes.TrimRight(body, "\x00"), &h); err != nil {
		return nil, fmt.Errorf("has a damaged header: %w", err)
	}
	for _, what := range slices.Sorted(maps.Keys(made)) {
		if h.Made[what] != made[what] {
			return nil, fmt.Errorf("was made with another %s: %s, and now it is %s", what, h.Made[what], made[what])
		}
	}
	if len(h.Made) != len(made) || h.Ready.Boot != boot {
		return nil, errors.New("is of another boot")
	}
	st, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("cannot be read: %w", err)
	}
	if have := st.Size() - headerBytes; have != h.Bytes {
		return nil, fmt.Errorf("is cut off: it holds %d bytes of %d", have, h.Bytes)
	}
	if err := ends(f, h.Bytes); err != nil {
		return nil, err
	}
	// QEMU reads on from where the file stands.
	if _, err := f.Seek(headerBytes, io.SeekStart); err != nil {
		return nil, fmt.Errorf("cannot be read: %w", err)
	}
	return &Snapshot{file: f, ready: h.Ready}, nil
}

// Close closes the file.
func (s *Snapshot) Close() error { return s.file.Close() }

// What a stream begins with, and the two marks at its end (migration/savevm.c):
// the end of the state, and a description of it, which is last.
const (
	streamMagic       = "QEVM"
	streamEnd         = 0x00
	streamDescription = 0x06
)

// maxDescription is more than a description takes, about thirty kilobytes.
const maxDescription = 1 << 20

// ends tells whether the stream of n bytes is whole: whether it has QEMU's
// beginning and, where it says it ends, its end.
func ends(f io.ReaderAt, n int64) error {
	tail := make([]byte, max(0, min(n, maxDescription)))
	head := make([]byte, min(len(tail), len(streamMagic)))
	if _, err := f.ReadAt(head, headerBytes); err != nil {
		return fmt.Errorf("cannot be read: %w", err)
	}
	if _, err := f.ReadAt(tail, headerBytes+n-int64(len(tail))); err != nil {
		return fmt.Errorf("cannot be read: %w", err)
	}
	if string(head) == streamMagic {
		for i := len(tail) - 6; i >= 0; i-- {
			if tail[i] == streamEnd && tail[i+1] == streamDescription && int(binary.BigEndian.Uint32(tail[i+2:])) == len(tail)-i-6 {
				return nil
			}
		}
	}
	return fmt.Errorf("holds no whole state of a guest in its %d bytes", n)
}

// Save writes the guest to f, an empty file, as a snapshot that is made of
// made, and lets the guest go on. It is for a guest that [VM.Ready] has returned
// for and that nobody has logged in to: no secret is in it then, nothing is
// mounted, and the disks, which are not saved, are as they were. When the error
// is a [*StoppedError], the guest does not go on.
func (v *VM) Save(ctx context.Context, f *os.File, made Made) error {
	if err := v.qmp.execute(ctx, "stop", nil); err != nil {
		return &StoppedError{fmt.Errorf("save the guest: %w", err)}
	}
	err := WriteSnapshot(f, made, v.ready, func(f *os.File) error { return v.save(ctx, f) })
	if err != nil {
		err = fmt.Errorf("save the guest: %w", err)
	}
	// Also when ctx has ended: what could not be saved is to go on.
	going, cancel := context.WithTimeout(context.WithoutCancel(ctx), continueDeadline)
	defer cancel()
	if e := v.qmp.execute(going, "cont", nil); e != nil {
		return &StoppedError{errors.Join(err, e)}
	}
	return err
}

// StoppedError tells that a guest that was to be saved cannot go on.
type StoppedError struct{ Err error }

// Error returns the reason.
func (e *StoppedError) Error() string { return e.Err.Error() }

// Unwrap returns the reason.
func (e *StoppedError) Unwrap() error { return e.Err }
