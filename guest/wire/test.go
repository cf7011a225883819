package wire

import (
	"errors"
	"fmt"

	"kmatrix/matrix"
	"kmatrix/matrix/printable"
)

// maxTests is more tests than any report has lines for.
const maxTests = 1 << 24

// checkTest cleans what a guest says of an external probe's program.
func checkTest(t *matrix.Test) error {
	if t.ResultFormat != "" {
		return errors.New("it names the format of its result, which is the host's to say")
	}
	for _, n := range []int{t.Passed, t.Failed, t.Skipped, t.Expected} {
		if n < 0 || n > maxTests {
			return fmt.Errorf("it counts %d tests", n)
		}
	}
	if t.ExitCode < -1 || t.ExitCode > 255 {
		return fmt.Errorf("%d is no exit code", t.ExitCode)
	}
	CleanTest(t)
	return nil
}

// CleanTest cleans and caps the texts of a test, so that they fit an event.
func CleanTest(t *matrix.Test) {
	for _, list := range []*[]string{&t.Failing, &t.Skips, &t.Problems, &t.Warnings, &t.Diagnostics} {
		*list = (*list)[:min(len(*list), matrix.MaxNames)]
		for i := range *list {
			(*list)[i] = printable.Line((*list)[i], matrix.MaxText)
		}
	}
}
