package main

import (
	"os"
	"strings"
)

// hostKernel is what uname -r says here; it is for readers only, so that a
// failure leaves it empty.
func hostKernel() string {
	text, err := os.ReadFile("/proc/sys/kernel/osrelease")
	if err != nil {
		return ""
	}
	return string(text[:len(text)-1])
}

// hostCPU is the model of this host's processors, "" where it is not told.
func hostCPU() string {
	text, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return ""
	}
	_, rest, _ := strings.Cut(string(text), "model name")
	line, _, _ := strings.Cut(rest, "\n")
	_, model, _ := strings.Cut(line, ":")
	return strings.TrimSpace(model)
}
