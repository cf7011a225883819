package source

import "testing"

func TestWhatIsUnpackedOfAPackage(t *testing.T) {
	for name, want := range map[string]bool{
		"boot/vmlinuz-6.1.0-41-cloud-amd64":                      true,
		"boot/config-6.1.0-41-cloud-amd64":                       true,
		"boot/System.map-6.1.0-41-cloud-amd64":                   false,
		"lib/modules/6.1.0/kernel/fs/xfs/xfs.ko":                 true,
		"usr/lib/modules/6.12.1/kernel/fs/xfs/xfs.ko.xz":         true,
		"lib/modules/6.1.0/modules.builtin":                      true,
		"lib/modules/6.1.0/kernel/drivers/net/ethernet/e1000.ko": false,
		"usr/lib/modules/7.3.4/vmlinuz":                          true,
		"usr/share/doc/linux-image/changelog.gz":                 false,
	} {
		if got := wantedFile(name); got != want {
			t.Errorf("wantedFile(%q) = %v", name, got)
		}
	}
}
