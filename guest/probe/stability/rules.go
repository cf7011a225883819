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
	// disk reports whether what is not cached is read from a disk.
	disk bool
	// large is the first kernel whose file system keeps large folios, as far as that is
	// known; "" where it is not.
	large string
}

// xfsLarge is the first kernel whose xfs has large folios (mapping_set_large_folios in
// fs/xfs/xfs_iops.c); the overlay's layers lie on xfs.
const xfsLarge = "5.18"

var places = []place{
	{fs: "tmpfs", states: []source.State{source.OnePage, source.Dirty, source.DirtyLarge, source.Mapped}},
	{fs: "tmpfs-huge", states: []source.State{source.DirtyHuge}},
	{fs: "xfs", states: []source.State{source.OnePage, source.Dirty, source.DirtyLarge, source.Clean, source.Mapped, source.Readahead}, disk: true, large: xfsLarge},
	{fs: "ext4", states: []source.State{source.OnePage, source.Dirty, source.DirtyLarge, source.Clean, source.Mapped, source.Readahead}, disk: true},
	{fs: "btrfs", states: []source.State{source.OnePage, source.Dirty, source.DirtyLarge, source.Clean, source.Mapped, source.Readahead}, disk: true},
	{fs: "overlay", states: []source.State{source.Dirty, source.Readahead}, disk: true, large: xfsLarge},
	{fs: fuse.FileSystem, states: []source.State{source.Dirty}},
}

// question is one combination.
type question struct {
	call     call
	mutation mutation
	place    place
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
		return !q.mutation.has(q.place.fs)
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
		return (q.place.fs == "overlay" || q.place.fs == fuse.FileSystem) && !q.mutation.basic
	}},
	{"whose file system it is that a FUSE server makes matters to who takes its pages", func(q question) bool {
		return q.place.fs == fuse.FileSystem && q.call.kind != refers
	}},
	{"whether pages can be taken away from a file depends on who else refers to them, and on the disk's file system: two disks show it, one of them read ahead", func(q question) bool {
		return q.call.kind == steals && (q.place.fs == "btrfs" || q.place.fs == "overlay" || q.state == source.OnePage || q.state == source.DirtyLarge || q.state.Cold && q.place.fs != "xfs")
	}},
	{"a virtio port is asked with what it may take away and keeps waiting: 64 KiB, of which the host's buffer holds one page", func(q question) bool {
		return q.call.feature == sys.PortFeature && (q.place.fs == "ext4" || q.state.Window > source.Dirty.Window)
	}},
	{"what is written to a FUSE file is copied, from whichever file", func(q question) bool {
		return q.call.kind == copies && q.call.feature == fuse.FileSystem && q.state.Cold
	}},
	{"what the rarer mutations do to the cache is seen through splice; whoever copies claims to be stable after every mutation, which is asked of a file in memory and one on a disk", func(q question) bool {
		return !q.mutation.basic && q.call.kind != refers && !q.provesAll()
	}},
	{"a call that passes pages on, or copies, does so alike from every disk", func(q question) bool {
		return (q.call.kind == relays || q.call.kind == seals || q.call.kind == copies) && slices.Contains([]string{"ext4", "btrfs", "overlay"}, q.place.fs)
	}},
	{"a copy by way of a mapping, or of a socket, is taken from one file in memory and one read ahead", func(q question) bool {
		return q.call.kind == copies && q.call.name != "read-write" && q.state.Name == source.Dirty.Name && q.place.fs != "tmpfs"
	}},
}

// provesAll reports whether it is one of the questions with which a call that copies is
// asked after every mutation: a file system's own copy on each of them, and what goes
// through user space from memory and read ahead from a disk.
func (q question) provesAll() bool {
	switch {
	case q.call.kind == clones:
		return q.state == source.Dirty
	case q.call.kind == copies && q.call.feature == "":
		return q.place.fs == "tmpfs" || q.place.fs == "xfs" && q.state.Cold
	}
	return false
}

// asked reports whether no rule leaves the question out.
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
				if q := (question{c, m, pl, s}); q.asked() {
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
			Name: strings.Join([]string{"stability", c.name, m.name, q.place.fs, s.Name}, "/"),
			Kind: matrix.Stability, Needs: q.place.fs, Features: features, Since: c.since,
			Summary: fmt.Sprintf("%s of %s on %s, then %s: what arrives?", c.doc, s.Doc, q.place.fs, m.doc),
			Steps:   q.steps(),
		},
		Run: func(_ context.Context, env *probe.Env) (probe.Finding, error) { return q.ask(env) },
	}
}
