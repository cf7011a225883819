package vmimage

import (
	"errors"
	"strings"
	"testing"

	"kmatrix/matrix"
	"kmatrix/vmimage/fault"
	"kmatrix/vmimage/lock"
)

// TestABuildIsHeldTo records what a kernel was built into and holds later builds
// to it; the inputs are those of a job, the third being the compiler's.
func TestABuildIsHeldTo(t *testing.T) {
	env := newEnv(t)
	var said []string
	env.Log = func(line string) { said = append(said, line) }
	k := buildable("tarball", "https://kernel.invalid/linux-6.12.tar.xz", strings.Repeat("0", 64))
	inputs := func(tree, compiler string) []string { return []string{builtFormat, tree, "tiny", compiler, "{}"} }
	image := func(config string) matrix.Image {
		return matrix.Image{ConfigDigest: config, Digest: "sha256:" + config}
	}
	build := func(tree, compiler, config string) error {
		l, err := env.lockBuild(k, inputs(tree, compiler))
		if err != nil {
			return err
		}
		return l.record(image(config))
	}

	env.Locked = true
	if err := build("a", "gcc 12", "c"); err != nil {
		t.Errorf("a lock of sources alone: %v", err)
	}
	if b, ok := env.Lock.Built("k"); ok {
		t.Errorf("--locked has recorded %+v", b)
	}
	env.Locked = false
	if err := build("a", "gcc 12", "c"); err != nil || len(said) > 0 {
		t.Fatalf("%v, %q", err, said)
	}
	var err error
	if env.Lock, err = lock.Open(env.Lock.Path()); err != nil {
		t.Fatal(err)
	}
	env.Locked = true
	var refused *fault.LockedError
	for name, test := range map[string]struct{ tree, compiler, config, want string }{
		"the same":              {"a", "gcc 12", "c", ""},
		"another tree":          {"b", "gcc 12", "c", "says what k was built into, but of other sources"},
		"another compiler":      {"a", "gcc 14", "c", `by "gcc 12", and here is "gcc 14"`},
		"another configuration": {"a", "gcc 12", "d", "wants the configuration sha256:c"},
	} {
		err := build(test.tree, test.compiler, test.config)
		if test.want == "" && err == nil {
			continue
		}
		if !errors.As(err, &refused) || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, want %q", name, err, test.want)
		}
	}
	env.Locked = false
	if err := build("a", "gcc 14", "c"); err != nil || len(said) != 1 || !strings.Contains(said[0], "another image") {
		t.Errorf("%v, %q", err, said)
	}
	if err := build("b", "gcc 14", "c"); err != nil || len(said) != 1 {
		t.Errorf("another tree is no surprise: %v, %q", err, said)
	}
	if err := build("b", "gcc 14", "c"); err != nil || len(said) != 1 {
		t.Errorf("what is recorded anew is not told again: %v, %q", err, said)
	}

	mine := buildable("tree", t.TempDir())
	mine.Name = "mine"
	env.Locked = true
	l, err := env.lockBuild(mine, inputs("a", "gcc 12"))
	if err != nil {
		t.Errorf("a tree of this machine is held to the lock: %v", err)
	}
	if err := l.record(image("c")); err != nil {
		t.Error(err)
	}
	if b, ok := env.Lock.Built("mine"); ok {
		t.Errorf("it is recorded: %+v", b)
	}
}
