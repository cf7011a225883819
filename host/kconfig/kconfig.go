// Package kconfig reads a kernel's configuration, to name the option for what a guest
// lacks.
package kconfig

import "strings"

// Config is the options that a configuration sets, built in or as modules, with their
// values: "CONFIG_XFS_FS": "m". It is nil where the configuration is not known.
type Config map[string]string

// Parse reads a configuration as the kernel's build writes it (.config, or a
// distribution's /boot/config-*). Lines that set nothing are passed over.
func Parse(text string) Config {
	c := Config{}
	for line := range strings.Lines(text) {
		name, value, ok := strings.Cut(strings.TrimSpace(line), "=")
		if ok && strings.HasPrefix(name, "CONFIG_") && value != "n" {
			c[name] = value
		}
	}
	return c
}

// guest are the options that each guest needs for its agent and its console.
var guest = []string{
	"CONFIG_BLK_DEV_INITRD", "CONFIG_BINFMT_ELF", "CONFIG_PCI", "CONFIG_VIRTIO_PCI", "CONFIG_VIRTIO_CONSOLE", "CONFIG_DEVTMPFS",
	"CONFIG_PRINTK", "CONFIG_TTY", "CONFIG_SERIAL_8250", "CONFIG_SERIAL_8250_CONSOLE", "CONFIG_PROC_FS", "CONFIG_SYSFS", "CONFIG_UNIX", "CONFIG_NET",
}

// features are the options for what probes need, by the names that probes and the
// agent have for it.
var features = map[string][]string{
	"xfs": {"CONFIG_XFS_FS"}, "ext4": {"CONFIG_EXT4_FS"}, "btrfs": {"CONFIG_BTRFS_FS"}, "overlay": {"CONFIG_OVERLAY_FS", "CONFIG_XFS_FS"},
	"tmpfs": {"CONFIG_SHMEM", "CONFIG_TMPFS"}, "tmpfs-huge": {"CONFIG_TMPFS", "CONFIG_TRANSPARENT_HUGEPAGE"}, "fuse": {"CONFIG_FUSE_FS"},
	"tls": {"CONFIG_TLS"}, "virtio-port": {"CONFIG_VIRTIO_CONSOLE"},
}

// Guest returns the options that a guest needs and that are not set, none where the
// configuration is not known.
func (c Config) Guest() []string { return c.missing(guest) }

// Feature returns the options that a probe's need stands for and that are not set, none
// where the configuration is not known or the need has no option.
func (c Config) Feature(name string) []string { return c.missing(features[name]) }

func (c Config) missing(options []string) (list []string) {
	if c == nil {
		return nil
	}
	for _, o := range options {
		if _, ok := c[o]; !ok {
			list = append(list, o)
		}
	}
	return list
}
