package vmimage

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"

	"kmatrix/matrix"
	"kmatrix/matrix/proc"
	"kmatrix/vmimage/build"
	"kmatrix/vmimage/cache"
)

// The workspace is where kernels are built, one at a time: make takes all CPUs
// as it is. Source and objects always lie under the same names there, because
// the commands that kbuild compares with those of an earlier build hold paths.
// That makes a base's objects good for what is built on top of it.
const (
	workspace = "build"
	// objectsIn is a directory in the tree, so that kbuild names the source
	// "..", in its messages as well.
	objectsIn = "kmatrix-objects"
	// buildMiB is what a small configuration's objects and two trees take; it
	// must be free before a build begins.
	buildMiB = 3000
)

// make builds the tree and hands the object directory to keep. It begins with
// the objects of base, "" for none, from which the tree differs in the files
// changed.
func (j job) make(ctx context.Context, t tree, base string, changed []string, keep func(objects string) error) (err error) {
	j.env.progress(j.kernel.Name, "waiting for another build")
	dir, release, err := j.env.scratch(ctx, workspace)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, release()) }()
	if err := j.room(dir); err != nil {
		return err
	}
	src, logs := filepath.Join(dir, "src"), filepath.Join(j.env.Cache.Dir, "logs")
	for _, d := range []string{src, logs} {
		if err := os.MkdirAll(d, 0o755); err != nil {
			return fmt.Errorf("make room for a build: %w", err)
		}
	}
	j.env.progress(j.kernel.Name, "preparing its build")
	if err := t.place(ctx, src); err != nil {
		return err
	}
	request := build.Request{
		Build: j.build, Config: j.config, Tree: src, Out: filepath.Join(src, objectsIn), Dir: j.env.Dir, Jobs: j.build.Jobs,
		Log:      filepath.Join(logs, j.kernel.Name+"-"+filepath.Base(cache.Key(workspace, t.digest, j.build.Name))[:8]+".log"),
		Progress: func(objects int) { j.env.progress(j.kernel.Name, fmt.Sprintf("building, %d objects made", objects)) },
	}
	if err := t.clean(ctx, request); err != nil {
		return err
	}
	objects := request.Out
	if err := begin(ctx, src, objects, base, changed); err != nil {
		return fmt.Errorf("prepare the build: %w", err)
	}
	text := "it takes some minutes"
	if base != "" {
		if request.Before, err = readBuilt(objects); err != nil {
			return err
		}
		text = "beginning with the objects of its base"
	}
	if j.note != "" {
		j.env.log("%s: %s", j.kernel.Name, j.note)
	}
	j.env.log("%s: building with %s; %s", j.kernel.Name, j.build.Name, text)
	built, err := build.Run(ctx, request)
	if err != nil {
		return err
	}
	record, err := json.Marshal(built)
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(objects, fileBuilt), record, 0o644); err != nil {
		return err
	}
	return keep(objects)
}

// room looks for what a build takes.
func (j job) room(dir string) error {
	var st unix.Statfs_t
	if err := unix.Statfs(dir, &st); err != nil {
		return fmt.Errorf("look for free space: %w", err)
	}
	if free := st.Bavail * uint64(st.Bsize) >> 20; free < buildMiB {
		return fmt.Errorf("building %s takes up to %d MiB, and %d MiB are free at %s: kmatrix kernels prune makes room", j.kernel.Name, buildMiB, free, dir)
	}
	return nil
}

// begin makes the object directory: empty, or a copy of the base's, which make
// is to find older than the files that have changed.
func begin(ctx context.Context, src, objects, base string, changed []string) error {
	if base == "" {
		return os.Mkdir(objects, 0o755)
	}
	if _, err := proc.Run(ctx, proc.Cmd{Path: "cp", Args: []string{"--archive", base, objects}}); err != nil {
		return err
	}
	now := time.Now()
	for _, name := range changed {
		if err := os.Chtimes(filepath.Join(src, name), now, now); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// readBuilt reads how an image or objects were built; nil where nothing was.
func readBuilt(dir string) (*matrix.Built, error) {
	text, err := os.ReadFile(filepath.Join(dir, fileBuilt))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var b matrix.Built
	if err == nil {
		err = json.Unmarshal(text, &b)
	}
	if err != nil {
		return nil, fmt.Errorf("the cache's entry %s is damaged; delete it: %w", dir, err)
	}
	return &b, nil
}
