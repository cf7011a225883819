package load

import (
	"errors"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"kmatrix/guest/probe/source"
	"kmatrix/matrix"
)

func TestTheTallyAddsUp(t *testing.T) {
	var c Tally
	if _, err := c.Finding(); err == nil || !strings.Contains(err.Error(), "nothing has left a pipe") {
		t.Errorf("of nothing it finds %v", err)
	}
	if err := c.Fail("splice(file, pipe)", unix.EINVAL); err != nil {
		t.Error(err)
	}
	if found, err := c.Finding(); err != nil || found.Observation.Class != "errno:EINVAL" || found.Observation.FirstOffset != -1 {
		t.Errorf("of a call that always fails it finds %+v, %v", found.Observation, err)
	}
	c.Exact(source.Old()[:4096], 0, 4096)
	late := append([]byte(nil), source.Old()[8192:16384]...)
	late[10] |= 0x80
	c.Twice(source.Old()[8192:16384], late, 8192, 8192, false)
	for range 2 {
		if err := c.Fail("fsync", unix.EIO); err != nil {
			t.Error(err)
		}
	}
	found, err := c.Finding()
	o := found.Observation
	if err != nil || o.Class != matrix.Changed || o.New != 1 || o.Old != 4096+8191 || o.FirstOffset != 8202 || o.Bytes != 3*4096 {
		t.Errorf("%+v, %v", o, err)
	}
	if len(o.Calls) != 2 || o.Calls[0].Name != "fsync" || o.Calls[0].Count != 2 || o.Calls[1].Errno != "EINVAL" {
		t.Errorf("calls %+v", o.Calls)
	}
	if !strings.Contains(found.Detail, "12 KiB checked") || !strings.Contains(found.Detail, "fsync: 2× EIO") {
		t.Errorf("detail %q", found.Detail)
	}
	c.Exact(source.Old()[:100], 0, 4096) // the pipe held fewer bytes than went in
	found, _ = c.Finding()
	if found.Observation.Class != matrix.Torn || !strings.Contains(found.Detail, "3996 bytes never came") {
		t.Errorf("of too few bytes it finds %s, %q", found.Observation.Class, found.Detail)
	}
	if err := c.Fail("x", errors.New("no call")); err == nil {
		t.Error("an error that is no call's became an observation")
	}
}
