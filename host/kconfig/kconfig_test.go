package kconfig

import (
	"slices"
	"testing"
)

func TestMissingOptionsAreNamed(t *testing.T) {
	text := "# a comment\nCONFIG_XFS_FS=m\nCONFIG_TMPFS=y\nCONFIG_SHMEM=y\n# CONFIG_TLS is not set\nCONFIG_FUSE_FS=n\n"
	for _, o := range guest {
		if o != "CONFIG_SERIAL_8250_CONSOLE" {
			text += o + "=y\n"
		}
	}
	c := Parse(text)
	if got := c.Guest(); !slices.Equal(got, []string{"CONFIG_SERIAL_8250_CONSOLE"}) {
		t.Errorf("a guest lacks %v", got)
	}
	for name, want := range map[string][]string{"xfs": nil, "tmpfs": nil, "tls": {"CONFIG_TLS"}, "fuse": {"CONFIG_FUSE_FS"}, "overlay": {"CONFIG_OVERLAY_FS"}, "what has no option": nil} {
		if got := c.Feature(name); !slices.Equal(got, want) {
			t.Errorf("%s lacks %v, want %v", name, got, want)
		}
	}
	if got := (Config)(nil).Guest(); got != nil {
		t.Errorf("of what is not known there is missing %v", got)
	}
}
