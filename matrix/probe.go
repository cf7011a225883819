package matrix

import (
	"path"
	"strings"
	"time"
)

// ProbeKind says what a probe's answer is.
type ProbeKind string

const (
	// Stability probes answer with an [Observation].
	Stability ProbeKind = "stability"
	// Performance probes answer with a [Sample]; their names begin with
	// "cost/".
	Performance ProbeKind = "performance"
	// Stress probes answer by surviving, and with an [Observation] of what they
	// saw meanwhile; their names begin with "stress/".
	Stress ProbeKind = "stress"
	// External probes run a [Program] and answer with a [Test]; their names
	// begin with "external/".
	External ProbeKind = "external"
)

// ProbeKinds lists every kind.
var ProbeKinds = []ProbeKind{Stability, Performance, Stress, External}

// element returns the first element of the names of the kind's probes.
func (k ProbeKind) element() string {
	if k == Performance {
		return "cost"
	}
	return string(k)
}

// Name returns the name of the kind's probe whose other elements are rest.
func (k ProbeKind) Name(rest string) string { return k.element() + "/" + rest }

// SplitName returns the kind that a probe's name tells, and the elements of the name
// behind it. Of a name that begins with no kind's element it returns "" and the whole
// name.
func SplitName(name string) (kind ProbeKind, rest string) {
	first, rest, _ := strings.Cut(name, "/")
	for _, k := range ProbeKinds {
		if k.element() == first {
			return k, rest
		}
	}
	return "", name
}

// Probe describes one question to a kernel. How it is asked lives in
// guest/probe.
type Probe struct {
	// Name is the stable identifier, for example
	// "stability/splice/punch/xfs/readahead".
	Name string    `json:"name"`
	Kind ProbeKind `json:"kind"`
	// Summary is one sentence that says what is asked.
	Summary string `json:"summary"`
	// Steps say what the probe does, call by call.
	Steps []string `json:"steps,omitempty"`
	// Needs names the file system that the probe works on ("tmpfs", "xfs", …),
	// "" for none.
	Needs string `json:"needs,omitempty"`
	// Features name what else must be in the kernel, and need not: "fuse",
	// "tls".
	Features []string `json:"features,omitempty"`
	// Per is what a performance probe gives the cost of: "B", a byte that was moved,
	// or "op", a call.
	Per string `json:"per,omitempty"`
	// Since is the first kernel version on which the probe must work, for
	// example "5.10": from there on "unsupported" is a failure. Empty means
	// that no kernel must.
	Since string `json:"since,omitempty"`
	// Budget is how long the probe works unless the user says otherwise; its
	// deadline comes on top. 0 is for a probe that ends when it is done.
	Budget time.Duration `json:"budget_ns,omitempty"`
	// Program is what an external probe runs; nil for every other.
	Program *Program `json:"program,omitempty"`
}

// Match reports whether the probe's name matches the pattern. "..." as the
// last element matches any number of elements; "*", "?" and "[…]" match within
// one element as in [path.Match]; a pattern without any of these is a name or
// a leading part of one, at a slash.
func Match(pattern, name string) bool {
	if !strings.ContainsAny(pattern, `*?[\`) && !strings.HasSuffix(pattern, "...") {
		return name == pattern || strings.HasPrefix(name, strings.TrimSuffix(pattern, "/")+"/")
	}
	want, rest := strings.Split(pattern, "/"), false
	if want[len(want)-1] == "..." {
		want, rest = want[:len(want)-1], true
	}
	have := strings.Split(name, "/")
	if len(have) < len(want) || (!rest && len(have) != len(want)) {
		return false
	}
	for i, w := range want {
		if ok, err := path.Match(w, have[i]); err != nil || !ok {
			return false
		}
	}
	return true
}
