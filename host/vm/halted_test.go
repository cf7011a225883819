package vm

import "testing"

func TestAGuestIsHaltedWhenNoCPUTakesInterrupts(t *testing.T) {
	cpu := func(flags, halted string) string {
		return "CPU#0\r\nRAX=0000000000000000 RBX=0\r\nRIP=ffffffff81a17a1a RFL=" + flags + " [-------] CPL=0 II=0 A20=1 SMM=0 HLT=" + halted + "\r\nES =0000\r\n"
	}
	for name, test := range map[string]struct {
		registers string
		want      bool
	}{
		"halted for good": {cpu("00000002", "1"), true},
		"idle":            {cpu("00000246", "1"), false},
		"spins":           {cpu("00000002", "0"), false},
		"one of two":      {cpu("00000002", "1") + cpu("00000246", "1"), false},
		"both":            {cpu("00000002", "1") + cpu("00000006", "1"), true},
		"nothing":         {"", false},
	} {
		if got := allHalted(test.registers); got != test.want {
			t.Errorf("%s: %v, want %v", name, got, test.want)
		}
	}
}
