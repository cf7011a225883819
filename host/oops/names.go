package oops

import (
	"regexp"
	"strings"

	"github.com/ianlancetaylor/demangle"
)

// compiled is what compilers put behind the names of parts and copies of functions.
var compiled = regexp.MustCompile(`(?:\.(?:isra|constprop|part|cold|llvm|lto_priv|localalias|cfi|cfi_jt)(?:\.\d+)?)+$`)

// symbol is a function's name as the source has it: Rust's and C++'s are mangled.
func symbol(name string) string {
	name = compiled.ReplaceAllString(name, "")
	if strings.HasPrefix(name, "_R") || strings.HasPrefix(name, "_Z") {
		name = demangle.Filter(name, demangle.NoParams)
	}
	return name
}

// syscallPrefixes stand before the names of system calls, whose functions are named
// otherwise on each architecture and by each compiler (include/linux/syscalls.h).
var syscallPrefixes = []string{
	"SYSC_", "SyS_", "sys_", "__x64_", "__ia32_", "__arm64_", "____sys_", "___sys_", "__sys_", "__se_", "__se_sys_", "__do_sys_", "compat_SYSC_", "compat_SyS_", "ksys_",
}

// plainName is a function's name as titles have it: without the longest prefix of a
// system call.
func plainName(function string) string {
	shortest := function
	for _, p := range syscallPrefixes {
		if rest, ok := strings.CutPrefix(function, p); ok && len(rest) < len(shortest) && rest != "" {
			shortest = rest
		}
	}
	return shortest
}
