package buildlog

import (
	"regexp"
	"strings"
)

const (
	// q are the quotes that compilers print, by locale.
	q = "['‘’`\"]"
	// c23Hint mends what gcc 15 and newer make of old code.
	c23Hint = `gcc 15 and newer read C by its standard of 2023, which old trees are not written for: make: {CC: "gcc -std=gnu11"} in the build, or an older compiler, takes them as they are`
	// werrorHint turns errors back into warnings.
	werrorHint = `the compiler takes warnings for errors: make: {WERROR: "0"} in the build, or a fragment with # CONFIG_WERROR is not set, does not`
)

// kindsOfTools are what compilers, assemblers, linkers and the programs that
// look at their output refuse.
var kindsOfTools = []kind{
	{rank: cause, line: regexp.MustCompile(`internal compiler error|error in backend: |unable to execute command: |PLEASE submit a bug report`), hint: "the compiler itself failed: another version of it may not"},

	// What C23 makes of bool, true, false and of declarations without arguments.
	{rank: ofTool, line: regexp.MustCompile(`error: cannot use keyword ` + q + `(?:false|true|bool|nullptr|constexpr|static_assert|thread_local|alignas|alignof|typeof)` + q), hint: c23Hint},
	{rank: ofTool, line: regexp.MustCompile(`error: ` + q + `(?:bool|true|false)` + q + ` cannot be |error: expected (?:identifier|` + q + `[{;(]` + q + `).* before ` + q + `(?:bool|true|false|nullptr)` + q), hint: c23Hint},
	{rank: ofTool, line: regexp.MustCompile(`error: `), with: regexp.MustCompile(`is a keyword with ` + q + `-std=c23` + q + ` onwards`), hint: c23Hint},
	{rank: ofTool, line: regexp.MustCompile(`error: too many arguments to function .*; expected 0, have \d`), hint: c23Hint},
	{rank: ofTool, line: regexp.MustCompile(`error: .*\[-Werror(?:=[^\]]*)?\]|error: .*\[-Werror,-W[^\]]*\]`), with: regexp.MustCompile(`all warnings being treated as errors|\[-Werror,-W`), hint: werrorHint},
	{rank: ofTool, ofWarnings: true, line: regexp.MustCompile(`^\S+:\d+: warning: `), with: regexp.MustCompile(`(?m)^cc1: warnings being treated as errors`), hint: werrorHint},

	// rustc says where behind what.
	{rank: ofTool, line: regexp.MustCompile(`^error(?:\[E\d+\])?: (.*)`), more: func(r *Reason, _, lines []string) {
		for _, line := range lines[1:min(len(lines), 4)] {
			if at, ok := strings.CutPrefix(strings.TrimSpace(line), "--> "); ok {
				r.Line = short(at + ": " + r.Line)
				return
			}
		}
	}},

	{rank: ofTool, line: regexp.MustCompile(`error: (?:objtool|modpost): `)},
	{rank: ofTool, line: regexp.MustCompile(`^(?:ERROR|FATAL|Error): (?:modpost: )?` + q + `?[\w.]+` + q + ` \[\S+\] undefined!|^(?:ERROR|FATAL|Error): modpost: `)},
	{rank: ofTool, line: regexp.MustCompile(`^WARNING: .*[Ss]ection mismatch`), with: regexp.MustCompile(`Section mismatches detected|section mismatches? detected.*error`)},
	{rank: ofTool, line: regexp.MustCompile(`undefined reference to|multiple definition of|relocation truncated to fit|undefined symbol: |overflowed by \d+ bytes|defined in discarded section|can not be used when making|: dangerous relocation|duplicate symbol: `)},
	{rank: ofTool, line: regexp.MustCompile(`(?:^|/|-)ld(?:\.\w+)?: (?:error: )?(?:\S+:? )?(?:section \S+ (?:VMA|LMA|will not fit)|unplaced orphan|cannot find |unrecognized |region |final link failed|kernel image bigger|Unexpected |The |.*file (?:format )?not recognized|.*: (?:error|syntax error))`)},
	{rank: ofTool, line: regexp.MustCompile(`^Invalid (?:absolute|relative)|^Absolute relocations|^Unsupported relocation type|Setup too big|^Setup too large`)},
	{rank: ofTool, line: regexp.MustCompile(`\b(?:fatal error|error|Error|ERROR)(?:\[E\d+\])?: `)},
}
