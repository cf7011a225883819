package build

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
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

func TestADistributionsConfigurationWithoutItsModules(t *testing.T) {
	got := WithoutModules("CONFIG_MEMCG=y\nCONFIG_XFS_FS=m\nCONFIG_SYSTEM_TRUSTED_KEYS=\"debian/certs/x.pem\"\n")
	if strings.Contains(got, "XFS") || !strings.HasPrefix(got, "CONFIG_MEMCG=y\n") || strings.LastIndex(got, `CONFIG_SYSTEM_TRUSTED_KEYS=""`) < strings.Index(got, "debian/certs") {
		t.Errorf("the configuration is %q", got)
	}
}
