package oops

import (
	"regexp"
	"strings"

	"kmatrix/matrix"
)

// header is a line that begins a report, or that says more of one that has begun.
type header struct {
	kind  matrix.ReportKind
	title string
	// in has the title end in " in FUNCTION".
	in bool
	// function is the one that the line itself names, "" for none.
	function string
	role     role
	naming
}

// naming is how the function is found that the title names.
type naming struct {
	// skip are functions that are nobody's fault in this kind of report, beside those
	// of the machinery; nil for none.
	skip *regexp.Regexp
	// pick chooses the function from a stack; nil means the innermost one.
	pick picker
	// locked says that lockdep names the function that takes the lock, "at: FUNCTION".
	locked bool
	// next says that the title is the line behind the header.
	next bool
	// suffix is what stands in the title behind the function.
	suffix string
}

// role is what a header does where a report has begun already.
type role int

const (
	// Without a role it always begins another.
	_ role = iota
	// detail belongs to what has no stack yet, and else begins another.
	detail
	// preface is followed by a line with the stack, a detail, and has the better
	// title.
	preface
	// cut is "cut here": what follows will say what it is.
	cut
	// ends is a panic; most are the end of what was reported before.
	ends
)

// rule recognises one kind of line.
type rule struct {
	// mark stands in every such line; it is looked for before re is tried.
	mark string
	re   *regexp.Regexp
	// title is the report's; $1, $2 are what re's groups matched.
	title string
	// function is the group of a function's name, 0 for none.
	function int
	in       bool
	kind     matrix.ReportKind
	role     role
	naming
}

// funcPattern is a function's name with its offset and size.
const funcPattern = `([A-Za-z_][\w.$]*)\+0x[0-9a-f]+/0x[0-9a-f]+`

func re(s string) *regexp.Regexp { return regexp.MustCompile(s) }

// marks stand in every header, so that few lines are looked at closely.
var marks = re(`BUG|WARNING|INFO|SAN: |LOCKUP|[Pp]anic|PANIC|ops|fault|error|opcode|nable to|list_|refcount_t|usercopy|oom-|ut of memory|cut here|stack segment|lock|KFENCE|int3|Busy inodes|unregister_netdevice|rust_kernel|BTRFS|EXT4-fs|XFS|weird page`)

// headerOf returns what a line begins or adds to.
func headerOf(text string) (header, bool) {
	// "---[ end Kernel panic" is the end of one, and no other.
	if !marks.MatchString(text) || strings.Contains(text, "---[ end ") {
		return header{}, false
	}
	for _, r := range rules {
		if !strings.Contains(text, r.mark) {
			continue
		}
		if r.re == nil {
			return header{role: r.role}, true
		}
		m := r.re.FindStringSubmatchIndex(text)
		if m == nil {
			continue
		}
		h := header{kind: r.kind, title: string(r.re.ExpandString(nil, r.title, text, m)), in: r.in, role: r.role, naming: r.naming}
		if r.function > 0 && m[2*r.function] >= 0 {
			h.function = text[m[2*r.function]:m[2*r.function+1]]
		}
		return h, true
	}
	return header{}, false
}
