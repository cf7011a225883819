package buildlog

import (
	"maps"
	"regexp"
	"slices"
	"strings"
)

// packages are the Debian packages of programs that builds of kernels run, where
// they are not called as the program is.
var packages = map[string]string{
	"lz4c": "lz4", "zstd22": "zstd", "xz": "xz-utils", "lzma": "xz-utils", "python": "python3", "depmod": "kmod", "modprobe": "kmod",
	"gcc": "gcc", "cc": "gcc", "cpp": "cpp", "ld": "binutils", "as": "binutils", "ar": "binutils", "nm": "binutils", "strip": "binutils",
	"objcopy": "binutils", "objdump": "binutils", "readelf": "binutils", "ld.lld": "lld", "llvm-ar": "llvm", "llvm-nm": "llvm",
	"llvm-objcopy": "llvm", "awk": "gawk", "dtc": "device-tree-compiler", "yacc": "bison", "lex": "flex", "ssh-keygen": "openssh-client",
	"hostname": "hostname", "find": "findutils", "xargs": "findutils", "which": "debianutils", "getconf": "libc-bin",
}

// headers are those of the host's libraries that builds of kernels include, by
// how their names begin, with the Debian packages that hold them.
var headers = map[string]string{
	"openssl/": "libssl-dev", "libelf.h": "libelf-dev", "gelf.h": "libelf-dev", "elfutils/": "libdw-dev", "dwarf.h": "libdw-dev",
	"gcc-plugin.h": "gcc-N-plugin-dev, with the number of the gcc", "plugin-version.h": "gcc-N-plugin-dev, with the number of the gcc", "bversion.h": "gcc-N-plugin-dev, with the number of the gcc",
	"gmp.h": "libgmp-dev", "mpc.h": "libmpc-dev", "mpfr.h": "libmpfr-dev", "zlib.h": "zlib1g-dev", "zstd.h": "libzstd-dev", "curses.h": "libncurses-dev",
	"ncurses.h": "libncurses-dev", "yaml.h": "libyaml-dev", "stdio.h": "libc6-dev", "stdlib.h": "libc6-dev", "unistd.h": "libc6-dev",
	"sys/types.h": "libc6-dev", "features.h": "libc6-dev", "bits/": "libc6-dev",
}

// libraries are those that programs of a build are linked with, each with a
// header of the same Debian package.
var libraries = map[string]string{
	"elf": "libelf.h", "dw": "dwarf.h", "crypto": "openssl/bio.h", "ssl": "openssl/bio.h", "z": "zlib.h", "zstd": "zstd.h", "ncurses": "ncurses.h",
	"ncursesw": "ncurses.h", "yaml": "yaml.h", "c": "stdio.h",
}

// ofDebian says which package is missing.
func ofDebian(name, pkg string) string {
	return name + " is not installed: on Debian it is in the package " + pkg
}

// packageOf returns the Debian package of a program; most are called as their
// programs are.
func packageOf(program string) string {
	if p, ok := packages[program]; ok {
		return p
	}
	if version := strings.TrimPrefix(program, "clang-"); version != program {
		return program
	}
	return program
}

// lackProgram makes a missing program the reason.
func lackProgram(r *Reason, name string) {
	if name == "" || strings.Contains(name, "/") {
		return // a script of the tree's own, or one that is named by its place
	}
	r.Program, r.Hint = name, ofDebian(name, packageOf(name))
}

// lackHeader makes a missing header of the host the reason.
func lackHeader(r *Reason, name string) {
	for begin, pkg := range headers {
		if strings.HasPrefix(name, begin) {
			r.Header, r.Hint = name, ofDebian(name, pkg)
		}
	}
}

// oneOf returns an expression for the keys of a map.
func oneOf(m map[string]string) string {
	var list []string
	for _, name := range slices.Sorted(maps.Keys(m)) {
		list = append(list, regexp.QuoteMeta(name))
	}
	return "(?:" + strings.Join(list, "|") + ")"
}
