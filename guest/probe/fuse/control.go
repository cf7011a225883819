package fuse

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"

	"golang.org/x/sys/unix"

	"kmatrix/guest/probe/sys"
)

// Serve follows requests, a line each, until there are no more: it is all that the server's
// process does.
func Serve(in io.Reader, out io.Writer) error {
	var s *server
	for lines := bufio.NewScanner(in); lines.Scan(); {
		var data []byte
		word, path, _ := strings.Cut(lines.Text(), " ")
		var err error
		switch {
		case word == "mount":
			s, err = mount(path)
		case s == nil:
			err = errors.New("nothing is mounted")
		default:
			data, err = s.control(word, path)
		}
		if err := sys.Answer(out, err); err != nil {
			return err
		}
		if word == "held" && err == nil {
			if err := binary.Write(out, binary.LittleEndian, uint64(len(data))); err != nil {
				return err
			}
			if _, err := out.Write(data); err != nil {
				return err
			}
		}
	}
	return nil
}

// control follows a request; data are what was held.
func (s *server) control(word, path string) (data []byte, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch word {
	case "expose":
		fd, err := unix.Open(path, unix.O_RDONLY|unix.O_CLOEXEC, 0)
		if err != nil {
			return nil, err
		}
		s.remove(served)
		s.add(served, fd)
		return nil, nil
	case "hold":
		s.holding = true
		return nil, nil
	case "release":
		s.holding = false
		return nil, s.failure
	case "held":
		if s.failure != nil {
			return nil, s.failure
		}
		return s.held.Drain(make([]byte, holdSize))
	}
	return nil, fmt.Errorf("there is no request %q", word)
}

// mount mounts the file system on dir, in place of one whose server is gone,
// and serves it.
func mount(dir string) (*server, error) {
	for unix.Unmount(dir, unix.MNT_DETACH) == nil {
	}
	s := &server{dev: -1, names: map[string]uint64{}, files: map[uint64]int{}, next: rootNode + 1, body: make([]byte, maxBody)}
	var err error
	if s.dev, err = unix.Open("/dev/fuse", unix.O_RDWR|unix.O_CLOEXEC, 0); err != nil {
		return nil, fmt.Errorf("open /dev/fuse: %w", err)
	}
	for _, p := range []struct {
		pipe *sys.Pipe
		size int
	}{{&s.in, 2 * maxData}, {&s.out, 2 * maxData}, {&s.held, holdSize}} {
		if *p.pipe, err = sys.NewPipe(p.size); err != nil {
			return nil, err
		}
	}
	if err := unix.Mount("kmatrix", dir, "fuse", unix.MS_NOSUID|unix.MS_NODEV|unix.MS_NOATIME, fmt.Sprintf("fd=%d,rootmode=40000,user_id=0,group_id=0", s.dev)); err != nil {
		return nil, fmt.Errorf("mount FUSE on %s: %w", dir, err)
	}
	go func() {
		// Plain system calls on a thread of their own, which the runtime's poll
		// has no part in.
		runtime.LockOSThread()
		s.loop()
	}()
	return s, nil
}
