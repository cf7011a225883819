package stability

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"kmatrix/guest/probe"
	"kmatrix/guest/probe/fuse"
	"kmatrix/guest/probe/source"
	"kmatrix/guest/probe/sys"
	"kmatrix/matrix"
)

// place is a file system and the states that make sense on it: the data of a
// tmpfs live in the page cache, so that there is nothing to write back or to
// read ahead.
type place struct {
	fs     string
	states []source.State
}

var places = []place{
	{"tmpfs", []source.State{source.OnePage, source.Dirty, source.DirtyLarge, source.Mapped}},
	{"tmpfs-huge", []source.State{source.DirtyHuge}},
	{"xfs", []source.State{source.OnePage, source.Dirty, source.DirtyLarge, source.Clean, source.Mapped, source.Readahead}},
	{"ext4", []source.State{source.OnePage, source.Dirty, source.DirtyLarge, source.Clean, source.Mapped, source.Readahead}},
	{"btrfs", []source.State{source.OnePage, source.Dirty, source.DirtyLarge, source.Clean, source.Mapped, source.Readahead}},
	{"overlay", []source.State{source.Dirty, source.Readahead}},
	{fuse.FileSystem, []source.State{source.Dirty}},
}

// question is one combination.
type question struct {
	call     call
	mutation mutation
	fs       string
	state    source.State
}

// rule leaves questions out whose answer another question gives.
type rule struct {
	// why says which, and why.
	why string
	out func(q question) bool
}

// rules prune the product of calls, mutations and places to what can differ.
var rules = []rule{
	{"a mutation is asked where the file system has it", func(q question) bool {
		return !q.mutation.has(q.fs)
	}},
	{"a file of one page has no inside", func(q question) bool {
		return q.state.Name == source.OnePage.Name && !q.mutation.whole
	}},
	{"who else maps or has written back a page, and how large a folio it is in, matters to who takes it, which every call that takes pages does alike", func(q question) bool {
		return q.call.kind != refers && q.call.kind != seals && q.call.kind != steals && slices.Contains([]string{source.Clean.Name, source.Mapped.Name, source.OnePage.Name, source.DirtyLarge.Name}, q.state.Name)
	}},
	{"records of 16 KiB are encrypted: one page may be in an open record, 64 KiB fill some", func(q question) bool {
		return q.call.kind == seals && q.state != source.OnePage && q.state != source.Dirty
	}},
	{"only what does not fill a record can wait in an open one", func(q question) bool {
		return q.call.waits && q.state != source.OnePage
	}},
	{"that another process maps a page, or that many were written at once, matters to the mutations that every call is asked with", func(q question) bool {
		return slices.Contains([]string{source.Mapped.Name, source.DirtyLarge.Name}, q.state.Name) && !q.mutation.basic
	}},
	{"an overlay hands mutations to the file system below it, FUSE to its server", func(q question) bool {
		return (q.fs == "overlay" || q.fs == fuse.FileSystem) && !q.mutation.basic
	}},
	{"whose file system it is that a FUSE server makes matters to who takes its pages", func(q question) bool {
		return q.fs == fuse.FileSystem && q.call.kind != refers
	}},
	{"whether pages can be taken away from a file depends on who else refers to them, and on the disk's file system: two disks show it, one of them read ahead", func(q question) bool {
		return q.call.kind == steals && (q.fs == "btrfs" || q.fs == "overlay" || q.state == source.OnePage || q.state == source.DirtyLarge || q.state.Cold && q.fs != "xfs")
	}},
	{"a virtio port is asked with what it may take away and keeps waiting: 64 KiB, of which the host's buffer holds one page", func(q question) bool {
		return q.call.feature == sys.PortFeature && (q.fs == "ext4" || q.state.Window > source.Dirty.Window)
	}},
	{"what is written to a FUSE file is copied, from whichever file", func(q question) bool {
		return q.call.kind == copies && q.call.feature == fuse.FileSystem && q.state.Cold
	}},
	{"what the rarer mutations do to the cache is seen through splice", func(q question) bool {
		return q.call.kind != refers && !q.mutation.basic
	}},
	{"a call that passes pages on, or copies, does so alike from every disk", func(q question) bool {
		return (q.call.kind == relays || q.call.kind == seals || q.call.kind == copies) && slices.Contains([]string{"ext4", "btrfs", "overlay"}, q.fs)
	}},
	{"a copy by way of a mapping, or of a socket, is taken from one file in memory and one read ahead", func(q question) bool {
		return q.call.kind == copies && q.call.name != "read-write" && q.state.Name == source.Dirty.Name && q.fs != "tmpfs"
	}},
}

// asked tells whether no rule leaves the question out.
func (q question) asked() bool {
	return !slices.ContainsFunc(rules, func(r rule) bool { return r.out(q) })
}

// calls are all that are registered.
var calls []call

// register adds a call with every question that the rules leave.
func register(c call) {
	calls = append(calls, c)
	if c.since == "" {
		c.since = "5.10"
	}
	var all []probe.Probe
	for _, m := range mutations {
		for _, pl := range places {
			for _, s := range pl.states {
				if q := (question{c, m, pl.fs, s}); q.asked() {
					all = append(all, q.probe())
				}
			}
		}
	}
	probe.Register(family(c.name, c.doc, c.origin), all...)
}

// probe makes the question one.
func (q question) probe() probe.Probe {
	c, m, s := q.call, q.mutation, q.state
	var features []string
	if c.feature != "" {
		features = []string{c.feature}
	}
	return probe.Probe{
		Probe: matrix.Probe{
			Name: strings.Join([]string{"stability", c.name, m.name, q.fs, s.Name}, "/"),
			Kind: matrix.Stability, Needs: q.fs, Features: features, Since: c.since,
			Summary: fmt.Sprintf("%s of %s on %s, then %s: what arrives?", c.doc, s.Doc, q.fs, m.doc),
			Steps:   q.steps(),
		},
		Run: func(_ context.Context, env *probe.Env) (probe.Finding, error) { return ask(env, q.fs, s, c, m) },
	}
}

// steps say what the question does, call by call.
func (q question) steps() []string {
	s := q.state
	steps := s.Steps(q.fs)
	if q.fs == "tmpfs-huge" {
		steps = append(steps, "makes sure that its pages are huge ones (ShmemHugePages of /proc/meminfo)")
	}
	if s.Cold {
		steps = append(steps, fmt.Sprintf("moves all but the last %d bytes in the same way, so that readahead grows, and checks what arrives", s.Window))
	}
	return append(steps,
		fmt.Sprintf("moves the last %d bytes: %s", s.Window, q.call.doc),
		fmt.Sprintf("once the call has returned: %s (the page at offset %d)", q.mutation.calls, s.Target()),
		"reads the destination and counts old, new, zero and other bytes",
	)
}

// family describes a call.
func family(name, doc, origin string) probe.Family {
	return probe.Family{
		Name: "stability/" + name, Summary: "can data still change that were moved by " + doc + "?", Origin: origin,
		Answers: []probe.Answer{
			{Word: string(matrix.Stable), Meaning: "every byte is as it was when the call returned; all that the contract snapshot allows"},
			{Word: string(matrix.Changed), Meaning: "bytes written after the call returned have arrived: the destination refers to the source's pages"},
			{Word: string(matrix.Zeroed), Meaning: "zeros have arrived: pages were cleared while the destination refers to them, the corruption that the thread reports"},
			{Word: string(matrix.Mixed), Meaning: "bytes written later and zeros have both arrived"},
			{Word: string(matrix.Torn), Meaning: "bytes that nobody wrote there have arrived, or not as many as were moved: a bug, whatever the contract"},
			{Word: "errno:…", Meaning: "the call failed with this error"},
		},
	}
}
