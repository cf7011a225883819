package stability

import (
	"errors"
	"testing"

	"golang.org/x/sys/unix"

	"kmatrix/guest/probe/sys"
)

func TestAFailingCallIsAnObservation(t *testing.T) {
	r := &sys.Recorder{}
	_, err := r.Do("splice(file, pipe, 1)", func() (int64, error) { return 0, unix.EINVAL })
	found, err := failed(r, err)
	if err != nil || found.Observation.Class != "errno:EINVAL" || found.Observation.Calls[0].Errno != "EINVAL" {
		t.Errorf("found %+v, %v", found.Observation, err)
	}
	if _, err := failed(r, errors.New("no call")); err == nil {
		t.Error("another error became an observation")
	}
}
