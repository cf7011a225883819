package sys

import (
	"errors"
	"testing"

	"golang.org/x/sys/unix"
)

func TestAFailingCallIsAnObservation(t *testing.T) {
	r := &Recorder{}
	_, err := r.Do("splice(file, pipe, 1)", func() (int64, error) { return 0, unix.EINVAL })
	o, failure, err := r.Failed(err)
	if err != nil || o.Class != "errno:EINVAL" || o.Calls[0].Errno != "EINVAL" || failure != "splice(file, pipe, 1): EINVAL" {
		t.Errorf("%+v, %q, %v", o, failure, err)
	}
	if _, _, err := r.Failed(errors.New("no call")); err == nil {
		t.Error("another error became an observation")
	}
}
