// Package fuse is a file system in user space whose server splices: it takes
// every request from /dev/fuse by splice into a pipe, and answers reads by
// splice from a file with SPLICE_F_MOVE (fs/fuse/dev.c, fuse_dev_splice_read
// and fuse_try_move_page).
//
// The messages are those of github.com/hanwen/go-fuse. Its server answers reads
// by splice from a file descriptor, and moves pages where a file system returns
// fuse.ReadResultPipeFlags (fuse/splice_linux.go), but it takes requests, the
// data of writes with them, by read(2) into memory, and has no way to say when:
// hence the loop of this package (server.go).
//
// The server is a process of its own ([Serve]), since a Go program that uses its
// own mount deadlocks: the collector waits for a thread that waits for the
// server. One serves a worker as long as that runs ([Start]).
package fuse

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"sync"

	"kmatrix/guest/probe/sys"
)

// Argument makes the agent's executable a server: it calls [Serve].
const Argument = "fuse-server"

// FileSystem is how probes call the file system that the server mounts.
const FileSystem = "fuse"

// served is the name of the file whose data are those of another file.
const served = "served"

// Server is a server that is running, in another process, with its file system
// mounted.
type Server struct {
	child *sys.Child
	dir   string
}

var running struct {
	sync.Mutex
	server *Server
}

// Start returns the worker's server, whose file system is mounted on dir, which
// is the same at every call.
func Start(dir string) (*Server, error) {
	running.Lock()
	defer running.Unlock()
	if running.server != nil {
		return running.server, nil
	}
	child, err := sys.StartChild(Argument)
	if err != nil {
		return nil, fmt.Errorf("start a FUSE server: %w", err)
	}
	if err := child.Ask("mount " + dir); err != nil {
		return nil, fmt.Errorf("have the FUSE server mount: %w", err)
	}
	running.server = &Server{child, dir}
	return running.server, nil
}

// Expose makes the file at path, as it is now, one of the file system's, and
// returns that one's path. The one before is gone.
func (s *Server) Expose(path string) (string, error) {
	if err := s.child.Ask("expose " + path); err != nil {
		return "", fmt.Errorf("have the FUSE server show %s: %w", path, err)
	}
	return filepath.Join(s.dir, served), nil
}

// Path returns the path of a file of that name.
func (s *Server) Path(name string) string { return filepath.Join(s.dir, name) }

// Hold makes the server keep what is written from now on where it took it to,
// in a pipe, until [Server.Release].
func (s *Server) Hold() error {
	if err := s.child.Ask("hold"); err != nil {
		return fmt.Errorf("have the FUSE server hold writes: %w", err)
	}
	return nil
}

// Release makes the server store what is written from now on. What it holds
// stays in the pipe until [Server.Held].
func (s *Server) Release() error {
	if err := s.child.Ask("release"); err != nil {
		return fmt.Errorf("have the FUSE server store writes: %w", err)
	}
	return nil
}

// Held has the server read its pipe, and returns what it read, up to len(b)
// bytes.
func (s *Server) Held(b []byte) ([]byte, error) {
	err := s.child.Ask("held")
	var n uint64
	if err == nil {
		err = binary.Read(s.child, binary.LittleEndian, &n)
	}
	if err == nil && n > uint64(len(b)) {
		err = errors.New("it holds more than was written")
	}
	if err == nil {
		_, err = io.ReadFull(s.child, b[:n])
	}
	if err != nil {
		return nil, fmt.Errorf("have the FUSE server read what it holds: %w", err)
	}
	return b[:n], nil
}
