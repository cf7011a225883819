package stability

import (
	"fmt"

	"kmatrix/guest/probe"
	"kmatrix/matrix"
)

// steps returns what the question does, call by call.
func (q question) steps() []string {
	s := q.state
	steps := s.Steps(q.place.fs)
	if q.place.fs == "tmpfs-huge" {
		steps = append(steps, "makes sure that its pages are huge ones (ShmemHugePages of /proc/meminfo)")
	}
	if s.Cold {
		steps = append(steps, fmt.Sprintf("moves all but the last %d bytes in the same way, so that readahead grows, and checks what arrives", s.Window))
	}
	return append(steps,
		fmt.Sprintf("moves the last %d bytes: %s", s.Window, q.call.doc),
		fmt.Sprintf("reads the order of the folio with the page at offset %d (/proc/self/pagemap, /proc/kpageflags)", s.Target()),
		fmt.Sprintf("once the call has returned: %s (the page at offset %d). %s", q.mutation.calls, s.Target(), q.holds()),
		"reads the destination, and the file again, and counts of what arrived old bytes, new and zero ones that the file holds now, clobbered ones that it held neither before nor after, and other ones",
		q.rereads(),
	)
}

// holds returns a sentence of what the mutation is made to and what that holds then.
func (q question) holds() string {
	what := "The file"
	if q.call.elsewhere != "" {
		what = q.call.elsewhere
	}
	return what + " then holds " + q.mutation.edit(q.state).Describe(q.state.Size)
}

// rereads returns a sentence of how the source is checked.
func (q question) rereads() string {
	how := "through the page cache"
	if q.place.disk {
		how += ", and once more after dropping it"
	}
	want := "that"
	if q.call.elsewhere != "" {
		want = "the old bytes, which nobody has changed"
	}
	return fmt.Sprintf("holds the last %d bytes of the source against %s, as they are read %s: intact, stale (the old bytes stand where others must), lost; what is not intact fails", q.state.Window, want, how)
}

// family returns the family of a call's probes.
func family(name, doc, origin string) probe.Family {
	return probe.Family{
		Name: "stability/" + name, Summary: "can data still change that were moved by " + doc + "?", Origin: origin,
		Answers: []probe.Answer{
			{Word: string(matrix.Stable), Meaning: "every byte is as it was when the call returned; all that the contract snapshot allows"},
			{Word: string(matrix.Changed), Meaning: "bytes have arrived that the source holds since the call returned: the destination refers to its pages"},
			{Word: string(matrix.Zeroed), Meaning: "zeros have arrived that the source holds since then: pages were cleared while the destination refers to them, the corruption that the thread reports; the contract reference allows it"},
			{Word: string(matrix.Mixed), Meaning: "both of these have arrived"},
			{Word: string(matrix.Clobbered), Meaning: "zeros, or bytes of the mutation, have arrived where the source held them neither before nor after it: more was cleared than what was asked for. No contract allows it: neither splice(2) nor a reference to the source lets one expect it"},
			{Word: string(matrix.Torn), Meaning: "bytes that nobody wrote there have arrived, or not as many as were moved: a bug, whatever the contract"},
			{Word: "source: stale, lost", Meaning: "the source itself does not hold what it must, in its page cache or on its disk: a failure, whatever arrived"},
			{Word: "unsupported", Meaning: "the kernel lacks what the probe needs, or what the probe rests on did not come about, such as a large folio around the page where its neighbours are in such"},
			{Word: "errno:…", Meaning: "the call failed with this error"},
		},
	}
}
