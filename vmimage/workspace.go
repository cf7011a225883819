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

	"kmatrix/matrix/proc"
	"kmatrix/vmimage/build"
	"kmatrix/vmimage/cache"
	"kmatrix/vmimage/fault"
	"kmatrix/vmimage/imagedir"
	"kmatrix/vmimage/tree"
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
func (j *job) make(ctx context.Context, t tree.Tree, base string, changed []string, keep func(objects string) error) (err error) {
	j.env.Tell(j.kernel.Name, "waiting for another build")
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
	j.env.Tell(j.kernel.Name, "preparing its build")
	if err := t.Place(ctx, j.env.Cache, src); err != nil {
		return err
	}
	request := build.Request{
		Build: j.build, Config: j.config, Tree: src, Out: filepath.Join(src, objectsIn), Dir: j.env.Dir, Jobs: j.build.Jobs,
		Log:      filepath.Join(logs, j.kernel.Name+"-"+filepath.Base(cache.Key(workspace, t.Digest, j.build.Name))[:8]+".log"),
		Progress: func(objects int) { j.env.Tell(j.kernel.Name, fmt.Sprintf("building, %d objects made", objects)) },
	}
	if err := clean(ctx, t, request); err != nil {
		return err
	}
	objects := request.Out
	if err := begin(ctx, src, objects, base, changed); err != nil {
		return fmt.Errorf("prepare the build: %w", err)
	}
	text := "it takes some minutes"
	if base != "" {
		if request.Before, err = imagedir.ReadBuilt(objects); err != nil {
			return err
		}
		text = "beginning with the objects of its base"
	}
	if j.note != "" {
		j.env.Logf("%s: %s", j.kernel.Name, j.note)
	}
	j.env.Logf("%s: building with %s; %s", j.kernel.Name, j.build.Name, text)
	built, err := build.Run(ctx, request)
	if err != nil {
		return err
	}
	record, err := json.Marshal(built)
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(objects, imagedir.FileBuilt), record, 0o644); err != nil {
		return err
	}
	return keep(objects)
}

// room looks for what a build takes.
func (j *job) room(dir string) error {
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

// inPlace is what a build in the tree itself leaves there, and what kbuild
// refuses to build elsewhere beside (target outputmakefile).
var inPlace = []string{"include/config", "arch/x86/include/generated"}

// clean has a tree that was built in place, where no git tells what is source,
// as it was before; request says where it has been placed. One that was built
// and has lost its .config is refused: it was cleaned by halves, and nobody
// knows what else of it is old.
func clean(ctx context.Context, t tree.Tree, request build.Request) error {
	if _, err := os.Stat(filepath.Join(request.Tree, ".config")); err == nil {
		return build.Clean(ctx, request)
	}
	for _, name := range inPlace {
		if _, err := os.Stat(filepath.Join(request.Tree, name)); err != nil {
			continue
		}
		return &fault.BuildFailedError{Err: fmt.Errorf("make: The source tree is not clean: %s was built in place, has lost its .config and still has %s: make mrproper cleans it", t.Origin, name)}
	}
	return nil
}
