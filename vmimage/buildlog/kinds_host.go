package buildlog

import "regexp"

// jobsHint is what to do about compilers that take too much together.
const jobsHint = "fewer compilers at once, jobs: of the build, need less"

// notFound is a program that a shell, make, env or xargs did not find.
var notFound = kind{
	rank: told,
	line: regexp.MustCompile(`^(?:\S+: )*?(?:line )?(?:\d+: )?(?:exec: )?['‘]?([\w.+/-]+)['’]?: (?:command )?not found$` +
		`|^(?:make(?:\[\d+\])?|xargs|nice|\S*env): ['‘]?([\w.+-]+)['’]?: (?:No such file or directory|[Cc]ommand not found)$` +
		`|(?:compiler|linker|assembler|Rust bindings generator) ['‘"]?([\w.+-]+)['’"]? (?:could )?not (?:be )?found`),
	more: func(r *Reason, m, _ []string) { lackProgram(r, m[1]+m[2]+m[3]) },
}

// kindsOfHost are failures for want of something that the machine gives.
var kindsOfHost = []kind{
	{rank: ofMachine, lack: Space, line: regexp.MustCompile(`No space left on device|[Dd]isk quota exceeded|Read-only file system`)},
	{
		rank: ofMachine, lack: Memory, hint: "as a rule for want of memory: " + jobsHint,
		line: regexp.MustCompile(`Killed signal terminated program|internal compiler error: Killed|terminated with signal 9|signal: 9, SIGKILL|: Killed$|^Killed$|: line \d+: +\d+ Killed\b`),
	},
	{
		rank: ofMachine, lack: Memory, hint: jobsHint,
		line: regexp.MustCompile(`(?i)cannot allocate memory|virtual memory exhausted|out of memory|memory exhausted|std::bad_alloc|^MemoryError|fork: (?:retry: )?resource temporarily unavailable|too many open files`),
	},
	{
		rank: cause, line: regexp.MustCompile(`fatal error: ['‘]?(` + oneOf(headers) + `[\w./+-]*)['’]?(?:: No such file or directory| file not found)`),
		more: func(r *Reason, m, _ []string) { lackHeader(r, m[1]) },
	},
	{
		rank: cause, line: regexp.MustCompile(`(?:cannot find|unable to find library) -l(` + oneOf(libraries) + `)\b`),
		more: func(r *Reason, m, _ []string) { lackHeader(r, libraries[m[1]]) },
	},
	{
		rank: cause, line: regexp.MustCompile(`lease install (libelf|libssl|openssl|ncurses)|(?i)no (libelf|openssl) found`),
		more: func(r *Reason, m, _ []string) {
			r.Header = map[string]string{"libelf": "libelf.h", "libssl": "openssl/bio.h", "openssl": "openssl/bio.h", "ncurses": "ncurses.h"}[m[1]+m[2]]
		},
	},
	{
		rank: cause, line: regexp.MustCompile(`necessary headers are missing|does not support plugins|incompatible gcc/plugin versions|cannot load plugin|fail(?:ed)? to initialize plugin`),
		hint: "plugins are made with the headers of this very gcc, on Debian the package gcc-N-plugin-dev with its number; a fragment with # CONFIG_GCC_PLUGINS is not set does without",
	},
	{rank: cause, line: regexp.MustCompile(`^Can't locate \S+ in @INC`), hint: "a module of perl is not installed: on Debian it may be in the package perl"},
	{rank: cause, line: regexp.MustCompile(`^(?:ModuleNotFoundError|ImportError): `), hint: "a module of python3 is not installed"},
	{rank: told, line: regexp.MustCompile(`bad interpreter: |\\r['’]?: No such file or directory|: Permission denied$`)},
	notFound,
}
