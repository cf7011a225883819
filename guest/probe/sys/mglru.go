package sys

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"strings"
)

// MGLRUFeature is what a kernel needs for [SetMGLRU]: CONFIG_LRU_GEN, since 6.1
// (Documentation/admin-guide/mm/multigen_lru.rst).
const MGLRUFeature = "mglru"

// mglruEnabled holds a bit mask, of which bit 0 says that the multi-gen LRU is in use.
const mglruEnabled = "/sys/kernel/mm/lru_gen/enabled"

// HasMGLRU returns nil where the kernel has a multi-gen LRU, turned on or not, and
// otherwise an error that says that it has none.
func HasMGLRU() error {
	_, err := os.Stat(mglruEnabled)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("the kernel has no multi-gen LRU (CONFIG_LRU_GEN): there is no %s", mglruEnabled)
	}
	return err
}

// SetMGLRU turns the multi-gen LRU on, or off and with that the classical LRU on, for all
// memory. The function that it returns sets it as it was.
func SetMGLRU(on bool) (restore func() error, err error) {
	before, err := os.ReadFile(mglruEnabled)
	if err != nil {
		return nil, fmt.Errorf("read which LRU the kernel uses: %w", err)
	}
	set := func(value string) error {
		if err := os.WriteFile(mglruEnabled, []byte(value), 0); err != nil {
			return fmt.Errorf("set which LRU the kernel uses: %w", err)
		}
		return nil
	}
	value := "n"
	if on {
		value = "y"
	}
	if err := set(value); err != nil {
		return nil, err
	}
	restore = func() error { return set(strings.TrimSpace(string(before))) }
	now, err := os.ReadFile(mglruEnabled)
	if err == nil {
		var is bool
		if is, err = mglruOn(string(now)); err == nil && is != on {
			err = fmt.Errorf("it is %q after %q was written", strings.TrimSpace(string(now)), value)
		}
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("set which LRU the kernel uses: %w", err), restore())
	}
	return restore, nil
}

// mglruOn reports whether the mask, a number such as 0x0007, has the multi-gen LRU on.
func mglruOn(mask string) (bool, error) {
	n, err := strconv.ParseUint(strings.TrimSpace(mask), 0, 32)
	return n&1 != 0, err
}
