package oops

import (
	"regexp"
	"slices"
	"strings"

	"kmatrix/matrix"
)

// header is a line that begins a report, or that says more of one that has begun.
type header struct {
	*rule
	title string
	// function is the one that the line itself names, "" for none.
	function string
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

// rule recognises one kind of line. Titles are those of the dashboard of syzbot
// (pkg/report/linux.go of google/syzkaller has its rules), so that they can be searched
// for.
type rule struct {
	kind matrix.CrashKind
	// mark stands in every such line; it is looked for before re is tried.
	mark string
	re   *regexp.Regexp
	// title is the report's; $1, $2 are what re's groups matched.
	title string
	// in has the title end in " in FUNCTION", or in what suffix says instead.
	in     bool
	suffix string
	// function is the group of a function's name, 0 for none. It is what the title
	// names when no stack does, and, with named, before the stack.
	function int
	named    bool
	// skip are functions more that are nobody's fault where this is reported.
	skip *regexp.Regexp
	// site finds the frames that the title names the first of, where these are not
	// those of the stack.
	site func(*event) []matrix.Frame
	// pick chooses the frame that the title names; nil is the first.
	pick pick
	role role
}

const (
	// namePattern is a function's name.
	namePattern = `[A-Za-z_][\w.$]*`
	// funcPattern is one with its offset and size.
	funcPattern = `(` + namePattern + `)\+0x[0-9a-f]+/0x[0-9a-f]+`
)

func re(s string) *regexp.Regexp { return regexp.MustCompile(s) }

// rules are tried in this order.
var rules = slices.Concat(memoryRules, stallRules, lockRules, warningRules, faultRules, bugRules, filesystemRules, panicRules)

// cutRule is for the line that says that something follows.
var cutRule = rule{mark: "[ cut here ]", role: cut}

// marks stand in every header, so that few lines are looked at closely.
var marks = re(`BUG|WARNING|INFO|SAN: |LOCKUP|panic|ops|fault|error|rror:|opcode|nable to|list_|refcount_t|usercopy|oom-|ut of memory|cut here|stack segment|lock|KFENCE|int3|trap: |netdevice|VFS: |fuse: |orrupt|critical|Dentry|consisten|csum failed|verify failed`)

// quoted are lines that hold a header's words and are none: the end of a panic repeats
// it, a program's fault is told in the same words, and these are debugging messages.
var quoted = re(`---\[ end |general protection fault ip:|ODEBUG: .*WARNING|DEBUG: BUG|lockdep is turned off|XFS \(\w+\): WARNING`)

// headerOf returns what a line begins or adds to.
func headerOf(text string) (header, bool) {
	if !marks.MatchString(text) || quoted.MatchString(text) {
		return header{}, false
	}
	if strings.Contains(text, cutRule.mark) {
		return header{rule: &cutRule}, true
	}
	for i := range rules {
		r := &rules[i]
		if !strings.Contains(text, r.mark) {
			continue
		}
		m := r.re.FindStringSubmatchIndex(text)
		if m == nil {
			continue
		}
		h := header{rule: r, title: string(r.re.ExpandString(nil, r.title, text, m))}
		if r.function > 0 && m[2*r.function] >= 0 {
			h.function = symbol(text[m[2*r.function]:m[2*r.function+1]])
		}
		return h, true
	}
	return header{}, false
}
