package main

import (
	"strings"
	"testing"
)

func TestProfileFlag(t *testing.T) {
	if _, errs, code := command(t, "run", "--profile=some"); code != 2 || !strings.Contains(errs, "--profile=all") {
		t.Errorf("exit code %d, it said %s", code, errs)
	}
}
