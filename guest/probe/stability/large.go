package stability

import (
	"fmt"
	"os"
	"sync"

	"golang.org/x/sys/unix"
)

// largeFolios reports whether the kernel is known to keep this file system's data in large
// folios. Those take CONFIG_TRANSPARENT_HUGEPAGE (mapping_large_folio_support in
// include/linux/pagemap.h).
func (p place) largeFolios() bool {
	if p.large == "" || !release().atLeast(p.large) {
		return false
	}
	_, err := os.Stat("/sys/kernel/mm/transparent_hugepage")
	return err == nil
}

// version is a kernel's, as far as it matters here.
type version struct{ major, minor int }

// release is the running kernel's; none that cannot be read is at least any other.
var release = sync.OnceValue(func() version {
	var u unix.Utsname
	if err := unix.Uname(&u); err != nil {
		return version{}
	}
	return parse(unix.ByteSliceToString(u.Release[:]))
})

func parse(release string) (v version) {
	if _, err := fmt.Sscanf(release, "%d.%d", &v.major, &v.minor); err != nil {
		return version{}
	}
	return v
}

func (v version) atLeast(since string) bool {
	s := parse(since)
	return v.major > s.major || v.major == s.major && v.minor >= s.minor
}
