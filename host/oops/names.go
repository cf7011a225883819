package oops

import (
	"regexp"

	"github.com/ianlancetaylor/demangle"
)

// compiled is what compilers put behind the names of parts and copies of functions.
var compiled = regexp.MustCompile(`(?:\.(?:isra|constprop|part|cold|llvm|lto_priv|localalias|cfi|cfi_jt)(?:\.\d+)*)+$`)

// entries are what the macros that define system calls put before their names
// (include/linux/syscalls.h, arch/*/include/asm/syscall_wrapper.h).
var entries = regexp.MustCompile(`^(?:(?:compat_)?(?:SYSC|SyS)_|__(?:se|do)_(?:compat_)?sys_|__(?:x64|ia32|arm64|riscv|s390x?|powerpc)_)(\w)`)

// symbol returns a function's name as the source has it: without what a compiler
// appended, and readable where Rust or C++ encoded it.
func symbol(name string) string {
	name = compiled.ReplaceAllString(name, "")
	return demangle.Filter(name, demangle.NoParams, demangle.NoClones)
}

// called returns the name under which a function stands in a title.
func called(function string) string { return entries.ReplaceAllString(function, "$1") }
