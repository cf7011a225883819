package series

import (
	"regexp"
	"strconv"
	"strings"
)

// subject is what a mail's subject says of a patch.
type subject struct {
	// title is what remains without tags, as git mailinfo leaves it.
	title string
	// tagged tells that a tag in brackets says that it is a patch.
	tagged bool
	// patch tells that the tag says so in that word, and not by RFC alone, which a
	// discussion has as well.
	patch bool
	// number and total are n/m; total is 0 where that is not said. A cover letter is
	// number 0.
	number, total int
	// revision is 1 where none is said.
	revision int
	// resend tells that it was sent before.
	resend bool
	// reply tells that it answers a mail.
	reply bool
}

var (
	// leading are the tags and words before a title, each of which may stand before
	// the others: [linux-mm] Re: [PATCH v2 1/2] title.
	leading  = regexp.MustCompile(`^\[([^\]]*)\]`)
	answered = regexp.MustCompile(`(?i)^(?:re|aw|antw|antwort|sv|vs|odp|回复|答复)(?:\[\d+\])?\s*[:：]`)
	passedOn = regexp.MustCompile(`(?i)^(?:fwd?|wg|tr|i|转发)\s*[:：]`)

	numberRE = regexp.MustCompile(`(?i)^(?:patch)?(\d{1,4})/(\d{1,4})$`)
	// ofRE is how Mercurial's patchbomb numbers.
	ofRE       = regexp.MustCompile(`(?i)(?:^|\s)(\d{1,4})\s+of\s+(\d{1,4})(?:\s|$)`)
	revisionRE = regexp.MustCompile(`(?i)^(?:[a-z/]*(?:patch|patches|patchset|rfc|resend|repost|series))?[-_]?v\.?(\d{1,3})$`)
	takeRE     = regexp.MustCompile(`(?i)(?:^|\s)(?:take|try|version|ver|rev)\.?\s*(\d{1,3})(?:\s|$)`)
)

// readSubject takes a subject such as "[RFC PATCH v2 3/4] splice: x" apart.
func readSubject(s string) subject {
	sub := subject{revision: 1}
	rest := s
	for {
		rest = strings.TrimLeft(rest, " \t:")
		if m := leading.FindStringSubmatch(rest); m != nil {
			sub.tag(m[1])
			rest = rest[len(m[0]):]
		} else if m := answered.FindString(rest); m != "" {
			sub.reply = true
			rest = rest[len(m):]
		} else if m := passedOn.FindString(rest); m != "" {
			rest = rest[len(m):]
		} else {
			break
		}
	}
	sub.title = strings.TrimSpace(rest)
	return sub
}

// tag reads what stands in a pair of brackets: words that are separated by spaces,
// or by commas where patchwork wrote them.
func (sub *subject) tag(text string) {
	said := sub.revision
	words := strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(" \t,;:#()", r) })
	for _, w := range words {
		lower := strings.ToLower(w)
		if strings.Contains(lower, "patch") {
			sub.tagged, sub.patch = true, true
		}
		if strings.Contains(lower, "rfc") {
			sub.tagged = true
		}
		if strings.Contains(lower, "resend") || strings.Contains(lower, "repost") {
			sub.tagged, sub.resend = true, true
		}
		if m := numberRE.FindStringSubmatch(w); m != nil {
			sub.count(m)
		}
		if m := revisionRE.FindStringSubmatch(w); m != nil && said == 1 {
			sub.revise(m)
		}
	}
	plain := strings.Join(words, " ")
	if m := ofRE.FindStringSubmatch(plain); m != nil {
		sub.count(m)
	}
	if m := takeRE.FindStringSubmatch(plain); m != nil && said == 1 {
		sub.revise(m)
	}
}

// count takes n/m from a match, unless it was said before.
func (sub *subject) count(m []string) {
	// The expressions have let nothing but a few digits through.
	number, _ := strconv.Atoi(m[1])
	total, _ := strconv.Atoi(m[2])
	if sub.total == 0 && total > 0 {
		sub.number, sub.total, sub.tagged, sub.patch = number, total, true, true
	}
}

// revise takes a revision from a match.
func (sub *subject) revise(m []string) {
	if n, _ := strconv.Atoi(m[1]); n > 0 {
		sub.revision, sub.tagged = n, true
	}
}
