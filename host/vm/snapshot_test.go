package vm

import (
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"kmatrix/guest/wire"
	"kmatrix/matrix"
)

// stream is what QEMU's looks like at its ends.
func stream() []byte {
	b := append([]byte(streamMagic), strings.Repeat("\x06\x00memory", 5000)...)
	description := `{"page_size": 4096}`
	b = append(b, streamEnd, streamDescription)
	b = binary.BigEndian.AppendUint32(b, uint32(len(description)))
	return append(b, description...)
}

func write(b []byte) func(*os.File) error {
	return func(f *os.File) error { _, err := f.Write(b); return err }
}

// newSnapshot makes one, and returns its path.
func newSnapshot(t *testing.T, made Made, ready wire.Ready) string {
	t.Helper()
	f, err := os.Create(filepath.Join(t.TempDir(), "s"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := WriteSnapshot(f, made, ready, write(stream())); err != nil {
		t.Fatal(err)
	}
	return f.Name()
}

func TestASnapshotIsTakenWhenAllIsAsItWas(t *testing.T) {
	made := Made{"QEMU's version": "7.2.22", "kernel": "vmlinux"}
	ready := wire.Ready{Transport: wire.TransportISA, Boot: "b", Uptime: 1.5}
	path := newSnapshot(t, made, ready)
	for range 2 {
		s, err := OpenSnapshot(path, made, "b")
		if err != nil {
			t.Fatal(err)
		}
		head := make([]byte, len(streamMagic))
		if _, err := s.file.Read(head); err != nil || string(head) != streamMagic || s.ready != ready {
			t.Errorf("QEMU would read on at %q, %v; the greeting is %+v", head, err, s.ready)
		}
		s.Close()
	}
	for name, test := range map[string]struct {
		made Made
		boot string
		harm func(text []byte) []byte
		want string
	}{
		"another QEMU":       {Made{"QEMU's version": "8.0.0", "kernel": "vmlinux"}, "b", nil, "another QEMU's version: 7.2.22, and now it is 8.0.0"},
		"another kernel":     {Made{"QEMU's version": "7.2.22", "kernel": "bzImage"}, "b", nil, "another kernel: vmlinux, and now it is bzImage"},
		"less made it":       {Made{"kernel": "vmlinux"}, "b", nil, "another boot"},
		"another boot":       {made, "c", nil, "another boot"},
		"truncated":          {made, "b", func(b []byte) []byte { return b[:len(b)-1] }, "is cut off: it holds"},
		"nothing but header": {made, "b", func(b []byte) []byte { return b[:headerBytes] }, "is cut off: it holds 0 bytes"},
		"within the header":  {made, "b", func(b []byte) []byte { return b[:40] }, "has a damaged header"},
		"empty":              {made, "b", func([]byte) []byte { return nil }, "was never finished"},
		"never finished":     {made, "b", func(b []byte) []byte { clear(b[:headerBytes]); return b }, "was never finished"},
		"no QEMU's":          {made, "b", func(b []byte) []byte { copy(b[headerBytes:], "ABCD"); return b }, "holds no whole state"},
		"another end":        {made, "b", func(b []byte) []byte { clear(b[len(b)-100:]); return b }, "holds no whole state"},
	} {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if test.harm != nil {
			text = test.harm(text)
		}
		harmed := filepath.Join(t.TempDir(), "harmed")
		if err := os.WriteFile(harmed, text, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := OpenSnapshot(harmed, test.made, test.boot); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: error %v, want one with %q", name, err, test.want)
		}
	}
	if _, err := OpenSnapshot(filepath.Join(t.TempDir(), "none"), made, "b"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("what is not there gave %v", err)
	}
}

func TestWhatIsNoSnapshotIsNotFinished(t *testing.T) {
	full := errors.New("no space left on device")
	boot := wire.Ready{Boot: "b"}
	for name, test := range map[string]struct {
		ready  wire.Ready
		made   Made
		stream func(*os.File) error
		want   string
	}{
		"a full disk":        {boot, nil, func(f *os.File) error { f.Write(stream()[:100]); return full }, full.Error()},
		"a cut stream":       {boot, nil, write(stream()[:5000]), "holds no whole state"},
		"no stream":          {boot, nil, write(nil), "in its 0 bytes"},
		"no name of a boot":  {wire.Ready{}, nil, write(stream()), "does not tell one boot from another"},
		"too much in a name": {boot, Made{"QEMU's command line": strings.Repeat("x", headerBytes)}, write(stream()), "over the limit"},
	} {
		f, err := os.Create(filepath.Join(t.TempDir(), "s"))
		if err != nil {
			t.Fatal(err)
		}
		if err := WriteSnapshot(f, test.made, test.ready, test.stream); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: error %v, want one with %q", name, err, test.want)
		}
		f.Close()
		if _, err := OpenSnapshot(f.Name(), test.made, "b"); err == nil {
			t.Errorf("%s: it can be restored", name)
		}
	}
}

// TestEverythingThatMakesASnapshotCounts changes one thing at a time.
func TestEverythingThatMakesASnapshotCounts(t *testing.T) {
	dir := t.TempDir()
	file := func(name string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(name), 0o755); err != nil {
			t.Fatal(err)
		}
		return path
	}
	base := func() Config {
		return Config{QEMU: file("qemu"), Kernel: file("kernel"), Initrd: file("initrd"), Disks: []Disk{{Path: file("disk"), Serial: "xfs"}}}
	}
	config := base()
	before, err := config.Made("7")
	if err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*Config){
		"memory":    func(c *Config) { c.Machine.MemoryMiB = 256 },
		"CPU":       func(c *Config) { c.Machine.CPU = "max,-erms" },
		"clock":     func(c *Config) { c.Machine.Clock = matrix.ClockIcount },
		"KVM":       func(c *Config) { c.Machine.Accel = matrix.AccelKVM },
		"append":    func(c *Config) { c.Append = []string{"quiet"} },
		"kernel":    func(c *Config) { os.WriteFile(c.Kernel, []byte("other content"), 0o644) },
		"initramfs": func(c *Config) { os.WriteFile(c.Initrd, []byte("other content"), 0o644) },
		"disk":      func(c *Config) { os.WriteFile(c.Disks[0].Path, []byte("other content"), 0o644) },
		"QEMU":      func(c *Config) { os.WriteFile(c.QEMU, []byte("other content"), 0o755) },
		"one less":  func(c *Config) { c.Disks = nil },
	} {
		changed := config
		change(&changed)
		after, err := changed.Made("7")
		if err != nil {
			t.Fatal(err)
		}
		s := newSnapshot(t, before, wire.Ready{Boot: "b"})
		if _, err := OpenSnapshot(s, after, "b"); err == nil {
			t.Errorf("%s changed, and the snapshot is taken", name)
		}
		base() // the files as they were
		if before, err = config.Made("7"); err != nil {
			t.Fatal(err)
		}
	}
	restored := config
	restored.Restore = &Snapshot{}
	again, err := restored.Made("7")
	if err != nil {
		t.Fatal(err)
	}
	if s, err := OpenSnapshot(newSnapshot(t, before, wire.Ready{Boot: "b"}), again, "b"); err != nil {
		t.Errorf("a restored guest is another: %v", err)
	} else {
		s.Close()
	}
}
