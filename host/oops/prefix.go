package oops

import (
	"regexp"
	"strings"
)

// prefix is what stands before the kernel's words in a line.
type prefix struct {
	caller  string
	stamped bool
}

// The prefixes, in the forms of those who print them. Several can stand one after the
// other, as a system's log has its own before printk's.
var (
	// A mail quotes with "> ", printk puts "<4>" before the time, and dmesg --decode
	// says it in words.
	quoteRE = regexp.MustCompile(`^(?:> ?)+`)
	levelRE = regexp.MustCompile(`^(?:<\d{1,3}>|(?:kern|user|daemon|syslog) *:(?:emerg|alert|crit|err|warn|notice|info|debug) *: )`)
	// printk, dmesg and dmesg --show-delta: seconds since the boot, or since the line
	// before; journalctl -o short-monotonic and short-delta.
	secondsRE = regexp.MustCompile(`^\[(?: *\+?\d{1,8}\.\d{1,9}(?: < *\d+\.\d+ *>)?|< *\d+\.\d+ *>)\] ?`)
	// dmesg --ctime and --reltime.
	ctimeRE = regexp.MustCompile(`^\[(?:[A-Z][a-z]{2} )?[A-Z][a-z]{2} *\d{1,2} \d\d:\d\d(?::\d\d)?(?: \d{4})?(?: < *\d+\.\d+ *>)?\] ?`)
	// dmesg --time-format iso, journalctl -o short-full, short-iso, short-iso-precise,
	// short, short-precise and short-unix, syslog's daemons.
	dateRE = regexp.MustCompile(`^(?:(?:[A-Z][a-z]{2} )?\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:Z| ?[+-]\d\d:?\d\d| [A-Z]{2,5}\b)?|[A-Z][a-z]{2} [ \d]\d (?:\d{4} )?\d\d:\d\d:\d\d(?:\.\d{1,9})?|\d{9,10}\.\d{6}) `)
	// The kernel is a program among others to those.
	kernelRE = regexp.MustCompile(`^(?:[\w.-]{1,64} | )?kernel: ?`)
	// The caller stands behind printk's time, and behind dmesg's, with or without a
	// blank.
	callerRE = regexp.MustCompile(`^\[ *([TC]\d{1,8})\] ?`)
	// innerRE is printk's time in the middle of a line.
	innerRE = regexp.MustCompile(`\[ *\d{1,8}\.\d{6}\](?:\[ *[TC]\d{1,8}\])? ?`)
)

// prefixOf takes the prefixes off a line.
func prefixOf(text string) (p prefix, rest string) {
	cut := func(re *regexp.Regexp) bool {
		m := re.FindStringSubmatchIndex(text)
		if m == nil {
			return false
		}
		if len(m) > 2 {
			p.caller = strings.Clone(text[m[2]:m[3]])
		}
		text = text[m[1]:]
		return true
	}
	if strings.HasPrefix(text, ">") {
		cut(quoteRE)
	}
	for range 4 {
		switch {
		case text == "":
			return p, ""
		case text[0] == '[' && (cut(secondsRE) || cut(ctimeRE)), text[0] != '[' && cut(dateRE):
			p.stamped = true
			cut(callerRE)
		case p.stamped && cut(kernelRE), strings.HasPrefix(text, "kernel: ") && cut(kernelRE):
			p.stamped = true
			cut(callerRE)
		case cut(levelRE):
		default:
			return p, text
		}
	}
	return p, text
}
