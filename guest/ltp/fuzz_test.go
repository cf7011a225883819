package ltp

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"kmatrix/matrix"
)

// FuzzReader holds that what is printed may come in any pieces, and that what is kept
// is bounded and of the types that the exit code has.
func FuzzReader(f *testing.F) {
	f.Add("tst_device.c:299: TBROK: no room\n\nSummary:\nbroken   1\n", uint8(3), 2)
	f.Add("aio01       1  TCONF  :  aio01.c:421: no libaio\naio01 2 TCONF : aio01.c:421: Remaining cases not appropriate for configuration", uint8(0), 32)
	f.Add("a.c:5: \x1b[1;31mTFAIL: \x1b[0mEINVAL\r\na.c:6: CONF: b\x00", uint8(1), -1)
	f.Fuzz(func(t *testing.T, text string, size uint8, code int) {
		var whole, parts Reader
		_, _ = whole.Write([]byte(text))
		for rest := []byte(text); len(rest) > 0; {
			n := min(int(size)+1, len(rest))
			_, _ = parts.Write(rest[:n])
			rest = rest[n:]
		}
		list := Reasons(code, &whole)
		if diff := cmp.Diff(list, Reasons(code, &parts)); diff != "" {
			t.Errorf("in pieces of %d it is another: %s", int(size)+1, diff)
		}
		if len(list) > matrix.MaxNames || code == 0 && len(list) > 0 {
			t.Errorf("%d reasons of a test that ended with %d", len(list), code)
		}
		for _, line := range list {
			if len(line) > matrix.MaxText || IsSummary(line) {
				t.Errorf("%q is a reason", line)
			}
		}
	})
}
