package ltp

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kmatrix/matrix"
)

func TestReasons(t *testing.T) {
	for name, test := range map[string]struct {
		code     int
		out, err string
		want     []string
	}{
		"today's library, on standard error": {
			32, "\nSummary:\npassed   0\nfailed   0\nbroken   0\nskipped  1\nwarnings 0\n",
			"tst_test.c:1733: TINFO: LTP version: 20240524\nsplice07.c:54: TCONF: fsopen() not supported\n",
			[]string{"splice07.c:54: TCONF: fsopen() not supported"},
		},
		"it breaks": {
			2, "Summary:\nbroken   1\n", "tst_device.c:96: TINFO: Found free device 0 '/dev/loop0'\ntst_device.c:299: TBROK: Failed to create test_dev.img: ENOSPC (28)",
			[]string{"tst_device.c:299: TBROK: Failed to create test_dev.img: ENOSPC (28)"},
		},
		"the library of 2019": {
			32, "tst_test.c:1108: INFO: Timeout per run is 0h 05m 00s\ntst_test.c:1036: CONF: loop driver not available\n", "",
			[]string{"tst_test.c:1036: CONF: loop driver not available"},
		},
		"the old library": {
			32, "aio01       0  TINFO  :  begins\naio01       1  TCONF  :  aio01.c:421: test requires libaio\naio01       2  TCONF  :  aio01.c:421: Remaining cases not appropriate for configuration\n", "",
			[]string{"aio01 1 TCONF : aio01.c:421: test requires libaio"},
		},
		"the old library breaks": {
			2, "tee01       1  TBROK  :  tee01.c:52: open failed: errno=EACCES(13): Permission denied\ntee01       2  TBROK  :  tee01.c:52: Remaining cases broken\n", "",
			[]string{"tee01 1 TBROK : tee01.c:52: open failed: errno=EACCES(13): Permission denied"},
		},
		"a script": {
			32, "df01 1 TINFO: timeout per run is 0h 5m 0s\ndf01 1 TCONF: 'mkfs.xfs' not found\n", "",
			[]string{"df01 1 TCONF: 'mkfs.xfs' not found"},
		},
		"colours": {
			1, "", "a.c:5: \x1b[1;31mTFAIL: \x1b[0msplice() failed: EINVAL (22)\n", []string{"a.c:5: TFAIL: splice() failed: EINVAL (22)"},
		},
		"several, the failures first": {
			7, "", "a.c:1: TCONF: no b\na.c:2: TBROK: c\na.c:3: TFAIL: d\na.c:3: TFAIL: d\na.c:4: TPASS: e\na.c:5: TWARN: f\n",
			[]string{"a.c:3: TFAIL: d", "a.c:2: TBROK: c", "a.c:5: TWARN: f"},
		},
		"it was killed":                     {-1, "a.c:1: TCONF: no b\n", "a.c:2: TBROK: Test killed!\n", []string{"a.c:2: TBROK: Test killed!"}},
		"it passes, but for a part":         {0, "a.c:1: TCONF: no b\na.c:2: TPASS: c\n", "", nil},
		"words that are no lines of it":     {32, "TCONF\nno TCONF: here\na.c:1: TCONFIG: x\nthe 5 TCONF lines\n", "", nil},
		"a path, and a line in both places": {32, "/usr/src/ltp/utils/compat_16.h:99: TCONF: 16-bit\n", "/usr/src/ltp/utils/compat_16.h:107: TCONF: 16-bit\n", []string{"/usr/src/ltp/utils/compat_16.h:99: TCONF: 16-bit", "/usr/src/ltp/utils/compat_16.h:107: TCONF: 16-bit"}},
	} {
		t.Run(name, func(t *testing.T) {
			var out, err Reader
			for _, b := range []byte(test.out) {
				_, _ = out.Write([]byte{b})
			}
			_, _ = err.Write([]byte(test.err))
			if diff := cmp.Diff(test.want, Reasons(test.code, &out, &err)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestWhatIsKeptIsBounded(t *testing.T) {
	var r Reader
	for i := range 1000 {
		_, _ = r.Write([]byte(strings.Repeat("x", i) + ".c:1: TFAIL: " + strings.Repeat("y", 10<<10) + "\n"))
	}
	list := Reasons(1, &r)
	if len(list) != matrix.MaxNames || len(list[0]) > matrix.MaxText || len(r.line) != 0 {
		t.Errorf("%d lines are kept, %d bytes of the first", len(list), len(list[0]))
	}
}

func TestSummary(t *testing.T) {
	for line, want := range map[string]bool{"Summary:": true, "passed   3": true, "warnings 0": true, "warnings: 0 of 3": false, "passed": false, "it passed 3": false} {
		if IsSummary(line) != want {
			t.Errorf("%q: %v", line, !want)
		}
	}
}
