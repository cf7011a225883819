package sys

import "testing"

func TestTheMaskOfTheMultiGenLRU(t *testing.T) {
	for mask, want := range map[string]bool{"0x0007\n": true, "0x0001\n": true, "0x0000\n": false, "0x0006\n": false} {
		if got, err := mglruOn(mask); err != nil || got != want {
			t.Errorf("%q: on is %v, %v", mask, got, err)
		}
	}
	if _, err := mglruOn("odd"); err == nil {
		t.Error("a mask that is no number is one")
	}
}
