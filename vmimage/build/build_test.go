package build

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kmatrix/matrix"
)

func TestDropped(t *testing.T) {
	config := []byte("CONFIG_A=y\nCONFIG_B=m\n# CONFIG_C is not set\nCONFIG_D=\"x\"\n")
	for name, test := range map[string]struct {
		fragments []string
		want      string
	}{
		"all there":         {[]string{"# why\nCONFIG_A=y\nCONFIG_D=\"x\"\n# CONFIG_C is not set\n# CONFIG_GONE is not set\n"}, ""},
		"not there":         {[]string{"CONFIG_A=y\nCONFIG_NONE=y\n"}, "CONFIG_NONE=y"},
		"another value":     {[]string{"CONFIG_B=y\n"}, "CONFIG_B=y"},
		"set against will":  {[]string{"# CONFIG_A is not set\n"}, "# CONFIG_A is not set"},
		"a later one wins":  {[]string{"CONFIG_B=y\n", "CONFIG_B=m\n"}, ""},
		"a later one loses": {[]string{"CONFIG_A=y\n", "CONFIG_A=m\n"}, "CONFIG_A=m"},
	} {
		err := dropped(config, test.fragments)
		var d *DroppedError
		if test.want == "" && err != nil || test.want != "" && (!errors.As(err, &d) || strings.Join(d.Options, " ") != test.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestAFragmentThatTurnsOffWhatGuestsNeed is refused before anything is built.
func TestAFragmentThatTurnsOffWhatGuestsNeed(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{"mute": "# CONFIG_SERIAL_8250_CONSOLE is not set\n", "noport": "CONFIG_VIRTIO_CONSOLE=n\n", "other": "# CONFIG_BTRFS_FS is not set\n", "again": "CONFIG_SERIAL_8250_CONSOLE=y\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, test := range []struct {
		names  []string
		option string
	}{
		{[]string{FragmentName, "mute"}, "CONFIG_SERIAL_8250_CONSOLE"},
		{[]string{FragmentName, "noport"}, "CONFIG_VIRTIO_CONSOLE"},
		{[]string{"mute", FragmentName}, ""},
		{[]string{FragmentName, "mute", "again"}, ""},
		{[]string{FragmentName, "other"}, ""},
		{[]string{"mute"}, ""},
	} {
		_, err := Fragments(test.names, dir)
		var c *ContradictionError
		if test.option == "" && err != nil || test.option != "" && (!errors.As(err, &c) || c.Option != test.option || !strings.Contains(err.Error(), "the fragment "+test.names[1])) {
			t.Errorf("%v: %v", test.names, err)
		}
	}
	for _, name := range essential {
		if !strings.Contains(Fragment, "\n"+name+"=y\n") {
			t.Errorf("%s does not ask for %s", FragmentName, name)
		}
	}
}

func TestTheShippedFragmentNamesEachOptionOnce(t *testing.T) {
	seen := map[string]bool{}
	for line := range strings.Lines(Fragment) {
		name, ok := option(strings.TrimSpace(line))
		if ok && seen[name] {
			t.Errorf("%s is there twice", name)
		}
		seen[name] = seen[name] || ok
	}
	for _, want := range []string{"CONFIG_PVH", "CONFIG_KERNEL_LZ4", "CONFIG_XFS_FS", "CONFIG_VIRTIO_CONSOLE"} {
		if !seen[want] {
			t.Errorf("%s is not there", want)
		}
	}
}

func TestWarnings(t *testing.T) {
	log := `  CC      fs/splice.o
/src/fs/splice.c:172:49: warning: 'user_page_pipe_buf_ops' defined but not used [-Wunused-const-variable=]
/src/fs/splice.c:180:49: warning: 'user_page_pipe_buf_ops' defined but not used [-Wunused-const-variable=]
../mm/filemap.c:12: warning: something else
make[1]: warning: jobserver unavailable
`
	want := []matrix.Warning{
		{File: "fs/splice.c", Kind: "-Wunused-const-variable=", Text: "'user_page_pipe_buf_ops' defined but not used"},
		{File: "mm/filemap.c", Text: "something else"},
	}
	if diff := cmp.Diff(want, Warnings([]byte(log), "/src")); diff != "" {
		t.Error(diff)
	}
}

// TestWarningsOfAnIncrementalBuild has those of the base that still hold stay.
func TestWarningsOfAnIncrementalBuild(t *testing.T) {
	before := []matrix.Warning{{File: "fs/splice.c", Text: "was mended"}, {File: "mm/shmem.c", Text: "stays"}, {File: "include/linux/mm.h", Text: "stays"}}
	log := []byte("  CC      fs/splice.o\nfs/splice.c:3:4: warning: new\n  LD      mm/shmem.o\n")
	want := []matrix.Warning{{File: "fs/splice.c", Text: "new"}, {File: "include/linux/mm.h", Text: "stays"}, {File: "mm/shmem.c", Text: "stays"}}
	if diff := cmp.Diff(want, merge(remaining(before, log), Warnings(log, "/src"))); diff != "" {
		t.Error(diff)
	}
}

func TestADistributionsConfigurationWithoutItsModules(t *testing.T) {
	got := WithoutModules("CONFIG_MEMCG=y\nCONFIG_XFS_FS=m\nCONFIG_SYSTEM_TRUSTED_KEYS=\"debian/certs/x.pem\"\n")
	if strings.Contains(got, "XFS") || !strings.HasPrefix(got, "CONFIG_MEMCG=y\n") || strings.LastIndex(got, `CONFIG_SYSTEM_TRUSTED_KEYS=""`) < strings.Index(got, "debian/certs") {
		t.Errorf("the configuration is %q", got)
	}
}

func TestObjectsAreCounted(t *testing.T) {
	var got []int
	c := &counter{report: func(n int) { got = append(got, n) }}
	for _, part := range []string{"  CC      fs/sp", "lice.o\n  LD      vmlinux\n  AS", "      a.o\n"} {
		if _, err := c.Write([]byte(part)); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff([]int{1, 2}, got); diff != "" {
		t.Error(diff)
	}
}

func TestFirstError(t *testing.T) {
	for log, want := range map[string]string{
		"  CC a.o\nfs/splice.c:12:3: error: expected ';'\nmake[2]: *** [x] Error 1\n": "fs/splice.c:12:3: error: expected ';'",
		"*** The source tree is not clean, please run 'make mrproper'\n":              "*** The source tree is not clean, please run 'make mrproper'",
		"all is well\n": "",
	} {
		if got := FirstError(log); got != want {
			t.Errorf("FirstError = %q, want %q", got, want)
		}
	}
}
