package main

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sys/unix"

	"kmatrix/guest/probe/fuse"
	"kmatrix/guest/probe/sys"
	"kmatrix/matrix"
)

// fileSystems are those that probes work on, by the names that probes use.
type fileSystems struct {
	// Dirs are where they are mounted.
	Dirs map[string]string `json:"dirs"`
	// Refused says why others are not, and what else the kernel lacks.
	Refused map[string]string `json:"refused"`
}

// mountRoot is where they are mounted, each under its name.
const mountRoot = "/mnt"

// inMemory are the file systems that need no disk: name, type, options.
var inMemory = []struct{ name, kind, data string }{
	{"tmpfs", "tmpfs", ""},
	{"tmpfs-huge", "tmpfs", "huge=always"},
}

// mounter mounts file systems, each when it is first needed: most guests are
// clones that are asked one probe, and a mount costs an emulated CPU more than
// most probes do.
type mounter struct {
	modules *modules
	mu      sync.Mutex
	done    map[string]bool
	files   fileSystems
}

func newMounter(m *modules) *mounter {
	return &mounter{modules: m, done: map[string]bool{}, files: fileSystems{Dirs: map[string]string{}, Refused: map[string]string{}}}
}

// mount mounts what is needed and is not mounted yet: what is in memory, and disks
// whose serial number names the type of the file system on them. It returns all
// that is mounted, and says what is refused.
func (m *mounter) mount(needed func(string) bool) fileSystems {
	m.mu.Lock()
	defer m.mu.Unlock()
	f := &m.files
	for _, own := range inMemory {
		m.once(own.name, needed, func() { f.add(own.name, own.kind, own.kind, own.data) })
	}
	overlay := needed("overlay") && !m.done["overlay"]
	for _, d := range disks() {
		if d.serial == matrix.ScratchDisk {
			continue // see scratchDisk
		}
		m.once(d.serial, func(n string) bool { return needed(n) || overlay && n == overlayBase }, func() {
			f.add(d.serial, d.serial, d.device, "")
		})
	}
	m.once("overlay", needed, f.addOverlay)
	m.once(fuse.FileSystem, needed, f.addFUSE)
	m.once("tls", needed, f.addTLS)
	m.once(sys.PortFeature, needed, f.addPort)
	m.once(sys.FailingFeature, needed, f.addFailing)
	m.once(sys.MGLRUFeature, needed, f.addMGLRU)
	return fileSystems{Dirs: maps.Clone(f.Dirs), Refused: maps.Clone(f.Refused)}
}

// once does what a need takes, unless it was done: its modules come first.
func (m *mounter) once(need string, needed func(string) bool, do func()) {
	if m.done[need] || !needed(need) {
		return
	}
	m.done[need] = true
	m.modules.load(need)
	do()
}

// facts returns what became of modules so far.
func (m *mounter) facts() (loaded []string, failed map[string]string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.modules.loaded), maps.Clone(m.modules.errors)
}

// load loads the modules of needs, and mounts nothing.
func (m *mounter) load(needs []string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, n := range needs {
		m.modules.load(n)
	}
}

// addPort refuses the ports' feature where there are no virtio ports. The probes' ports
// appear after the agent's: where the agent has its own they will come.
func (f *fileSystems) addPort() {
	ports, err := filepath.Glob("/sys/class/virtio-ports/*/name")
	if err == nil && len(ports) == 0 {
		err = errors.New("the kernel has no virtio_console")
	}
	if err != nil {
		f.Refused[sys.PortFeature] = err.Error()
	}
}

// addFailing prepares allocations that fail, where the kernel has such.
func (f *fileSystems) addFailing() {
	dir := filepath.Join(mountRoot, "debugfs")
	err := mountAt(dir, "debugfs", "debugfs", "")
	if errors.Is(err, unix.ENODEV) {
		err = errors.New("the kernel fails no allocations: it has no debugfs")
	}
	if err == nil {
		err = sys.PrepareFailing(dir)
	}
	if err != nil {
		f.Refused[sys.FailingFeature] = err.Error()
	}
}

// addFUSE makes the directory that a probe's server mounts its file system on.
func (f *fileSystems) addFUSE() {
	dir := filepath.Join(mountRoot, fuse.FileSystem)
	_, err := os.Stat("/dev/fuse")
	if err == nil {
		err = os.MkdirAll(dir, 0o755)
	} else if errors.Is(err, fs.ErrNotExist) {
		err = errors.New("the kernel has no fuse")
	}
	if err != nil {
		f.Refused[fuse.FileSystem] = err.Error()
		return
	}
	f.Dirs[fuse.FileSystem] = dir
}

// addTLS refuses the feature where the kernel has no kTLS.
func (f *fileSystems) addTLS() {
	const list = "/proc/sys/net/ipv4/tcp_available_ulp"
	text, err := os.ReadFile(list)
	if err == nil && !slices.Contains(strings.Fields(string(text)), "tls") {
		err = fmt.Errorf("the kernel has no kTLS: %s does not name it", list)
	}
	if err != nil {
		f.Refused["tls"] = err.Error()
	}
}

// addMGLRU refuses the feature where the kernel has no multi-gen LRU.
func (f *fileSystems) addMGLRU() {
	if err := sys.HasMGLRU(); err != nil {
		f.Refused[sys.MGLRUFeature] = err.Error()
	}
}

// overlayBase is the file system that the overlay's layers lie on.
const overlayBase = "xfs"

// addOverlay mounts an overlay whose layers are directories of another file
// system. All that is written to it goes to the upper one.
func (f *fileSystems) addOverlay() {
	base, ok := f.Dirs[overlayBase]
	if !ok {
		f.Refused["overlay"] = overlayBase + ", for its layers, is not mounted"
		return
	}
	data := ""
	for _, layer := range []string{"lower", "upper", "work"} {
		dir := filepath.Join(base, "overlay", layer)
		if err := os.MkdirAll(dir, 0o755); err != nil {
			f.Refused["overlay"] = err.Error()
			return
		}
		data += "," + layer + "dir=" + dir
	}
	f.add("overlay", "overlay", "overlay", data[1:])
}

func (f *fileSystems) add(name, kind, device, data string) {
	dir := filepath.Join(mountRoot, name)
	err := mountAt(dir, device, kind, data)
	switch {
	case err == nil:
		f.Dirs[name] = dir
	case errors.Is(err, unix.ENODEV):
		f.Refused[name] = "the kernel has no " + kind
	case data != "" && errors.Is(err, unix.EINVAL):
		f.Refused[name] = fmt.Sprintf("the kernel's %s does not take %s", kind, data)
	default:
		f.Refused[name] = err.Error()
	}
}
