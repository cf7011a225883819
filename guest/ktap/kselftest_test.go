package ktap

import (
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kmatrix/matrix"
)

// TestFiles reads whole reports.
func TestFiles(t *testing.T) {
	const (
		single  = "selftests: membarrier: membarrier_test_single_thread"
		harness = "selftests: core: unshare_test"
	)
	for file, want := range map[string]matrix.Test{
		"unnumbered-fail": {Passed: 1, Failed: 1, Failing: []string{"b"}},
		"skipword":        {Passed: 1, Failed: 1, Failing: []string{"y"}},
		"kselftest-comments": {
			Passed: 3, Failed: 1, Failing: []string{single + "/sys membarrier invalid command test"},
		},
		"kselftest-harness": {
			Passed: 9, Failed: 1, Failing: []string{harness + "/global.unshare_EMFILE"},
			Diagnostics: []string{
				harness + "/global.unshare_EMFILE: Starting 1 tests from 1 test cases.",
				harness + "/global.unshare_EMFILE: RUN           global.unshare_EMFILE ...",
				harness + "/global.unshare_EMFILE: unshare_test.c:61:unshare_EMFILE:Expected 0 (0) == setrlimit(RLIMIT_NOFILE, &rlimit) (-1)",
				harness + "/global.unshare_EMFILE: unshare_EMFILE: Test failed",
				harness + "/global.unshare_EMFILE: FAIL  global.unshare_EMFILE",
			},
		},
	} {
		text, err := os.ReadFile("testdata/" + file + ".txt")
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, parse(string(text))); diff != "" {
			t.Errorf("%s: %s", file, diff)
		}
	}
}

// TestKselftestsRunner reads what tools/testing/selftests/kselftest/runner.sh
// prints: a test's output has "# " before each line.
func TestKselftestsRunner(t *testing.T) {
	const head = "TAP version 13\n1..1\n# timeout set to 45\n# selftests: net: x.sh\n"
	for name, test := range map[string]struct {
		text string
		want matrix.Test
	}{
		"a script that runs others": {
			head + "# TAP version 13\n# 1..2\n# # running ./mkdirty\n# # TAP version 13\n# # 1..2\n# # # [INFO] write access\n# # ok 1 page\n# # not ok 2 THP\n# # Bail out! 1 out of 2 tests failed\n# # [FAIL]\n# not ok 1 mkdirty # exit=1\n# ok 2 mincore # SKIP\nnot ok 1 selftests: net: x.sh # exit=1\n",
			matrix.Test{
				Passed: 1, Failed: 1, Skipped: 1, Failing: []string{"selftests: net: x.sh/mkdirty/THP"}, Skips: []string{"selftests: net: x.sh/mincore"},
				Problems: []string{"selftests: net: x.sh/mkdirty/Bail out! 1 out of 2 tests failed"},
			},
		},
		"it skips itself behind its plan": {
			head + "# TAP version 13\n# 1..5\n# ok 1 # SKIP need root\n# # Planned tests != run tests (5 != 1)\nok 1 selftests: net: x.sh # SKIP\n",
			matrix.Test{Skipped: 1, Skips: []string{"selftests: net: x.sh/need root"}, Warnings: []string{"selftests: net: x.sh/1 of 5 planned tests ran"}},
		},
		"it has no plan": {
			head + "# 1..0 # SKIP need root\nok 1 selftests: net: x.sh # SKIP\n",
			matrix.Test{Skipped: 1, Skips: []string{"selftests: net: x.sh: need root"}},
		},
		"it prints no TAP": {
			head + "# SKIP: Could not run test without ip tool\nok 1 selftests: net: x.sh # SKIP\n",
			matrix.Test{Skipped: 1, Skips: []string{"selftests: net: x.sh: Could not run test without ip tool"}},
		},
		"the runner does not say why it is skipped": {
			head + "# splice()\n# FAIL: something else went wrong\nok 1 selftests: net: x.sh # SKIP\n",
			matrix.Test{Skipped: 1, Skips: []string{"selftests: net: x.sh"}},
		},
		"it prints its head alone": {
			head + "# TAP version 13\n# # Totals: pass:0 fail:0 xfail:0 xpass:0 skip:0 error:0\nok 1 selftests: net: x.sh\n",
			matrix.Test{Passed: 1},
		},
		"it fails beside its tests": {
			head + "# TAP version 13\n# 1..2\n# ok 1 a\n# ok 2 b\n# device is gone\nnot ok 1 selftests: net: x.sh # exit=3\n",
			matrix.Test{Passed: 2, Failed: 1, Failing: []string{"selftests: net: x.sh"}, Diagnostics: []string{"selftests: net: x.sh: device is gone"}},
		},
		"its time is up": {
			head + "# TAP version 13\n# 1..3\n# ok 1 a\n#\nnot ok 1 selftests: net: x.sh # TIMEOUT 45 seconds\n",
			matrix.Test{Passed: 1, Failed: 1, Failing: []string{"selftests: net: x.sh"}, Problems: []string{"selftests: net: x.sh/1 of 3 planned tests ran"}},
		},
		"the program's exit code is 0": {
			head + "# TAP version 13\n# 1..2\n# ok 1 a\n# not ok 2 b\nok 1 selftests: net: x.sh\n",
			matrix.Test{Passed: 1, Failed: 1, Failing: []string{"selftests: net: x.sh/b"}},
		},
		"one program after the other": {
			head + "# TAP version 13\n# 1..2\n# ok 1 a\n# ok 2 b\n# TAP version 13\n# 1..1\n# ok 1 a\nok 1 selftests: net: x.sh\n",
			matrix.Test{Passed: 3},
		},
		"the same with plans alone": {
			head + "# 1..1\n# ok 1 a\n# 1..2\n# ok 1 b\n# ok 2 c\nok 1 selftests: net: x.sh\n",
			matrix.Test{Passed: 3},
		},
		"numbers without a head": {
			head + "# ok 1 a\n# not ok 2 b\n# ok now\n# ok, 2 done\nnot ok 1 selftests: net: x.sh # exit=1\n",
			matrix.Test{Passed: 1, Failed: 1, Failing: []string{"selftests: net: x.sh/b"}},
		},
		"output from a buffer that a child inherited": {
			head + "# TAP version 13\n# 1..2\n# ok 1 a\n# TAP version 13\n# 1..2\n# ok 1 a\n# ok 2 b\nok 1 selftests: net: x.sh\n",
			matrix.Test{Passed: 3, Warnings: []string{"selftests: net: x.sh/1 of 2 planned tests ran"}},
		},
		"KTAP of its own": {
			head + "# KTAP version 1\n# 1..1\n#   KTAP version 1\n#   1..2\n#   ok 1 x\n#   not ok 2 y\n# not ok 1 suite\nnot ok 1 selftests: net: x.sh # exit=1\n",
			matrix.Test{Passed: 1, Failed: 1, Failing: []string{"selftests: net: x.sh/suite/y"}},
		},
		"it dies with the runner": {
			head + "# TAP version 13\n# 1..2\n# ok 1 a\n",
			matrix.Test{Passed: 1, Problems: []string{"1 of 2 planned tests ran", "the test that has these subtests has no result", "0 of 1 planned tests ran"}},
		},
		"tests at the same time": { // RUN_IN_NETNS
			"TAP version 13\n1..3\nok 2 b\nok 3 c\nok 1 a\n",
			matrix.Test{Passed: 3, Warnings: []string{"the number 1 is out of order, behind 3"}},
		},
		"diagnostics are none of it": {
			"TAP version 13\n1..1\n# ok 5 of them\n# 1..9 are tried\n# not ok 7\n# Bail out! says nobody\nok 1 a\n",
			matrix.Test{Passed: 1},
		},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, parse(test.text)); diff != "" {
				t.Error(diff)
			}
		})
	}
}
