package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"kmatrix/guest/probe/fuse"
	"kmatrix/guest/probe/sys"
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

// mountFileSystems mounts what is in memory, and every disk whose serial
// number names the type of the file system on it.
func mountFileSystems() fileSystems {
	f := fileSystems{Dirs: map[string]string{}, Refused: map[string]string{}}
	for _, m := range inMemory {
		f.add(m.name, m.kind, m.kind, m.data)
	}
	serials, err := filepath.Glob("/sys/block/vd*/serial")
	if err != nil {
		return f // the pattern is well-formed
	}
	for _, file := range serials {
		serial, err := os.ReadFile(file)
		if err != nil {
			continue
		}
		kind := strings.TrimSpace(string(serial))
		f.add(kind, kind, "/dev/"+filepath.Base(filepath.Dir(file)), "")
	}
	f.addOverlay()
	f.addFUSE()
	f.addTLS()
	f.addPort()
	return f
}

// addPort says where there are no virtio ports. The probes' appear after the
// agent's: where it has its own they will come.
func (f *fileSystems) addPort() {
	ports, err := filepath.Glob("/sys/class/virtio-ports/*/name")
	if err == nil && len(ports) == 0 {
		err = errors.New("the kernel has no virtio_console")
	}
	if err != nil {
		f.Refused[sys.PortFeature] = err.Error()
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

// addTLS says where the kernel has no kTLS.
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
	if err := os.MkdirAll(dir, 0o755); err != nil {
		f.Refused[name] = err.Error()
		return
	}
	err := unix.Mount(device, dir, kind, unix.MS_NOATIME, data)
	switch {
	case err == nil:
		f.Dirs[name] = dir
	case errors.Is(err, unix.ENODEV):
		f.Refused[name] = "the kernel has no " + kind
	case data != "" && errors.Is(err, unix.EINVAL):
		f.Refused[name] = fmt.Sprintf("the kernel's %s does not take %s", kind, data)
	default:
		f.Refused[name] = fmt.Sprintf("mount: %v", err)
	}
}
