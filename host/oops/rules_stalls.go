package oops

import "kmatrix/matrix"

// stallRules are for what does not go on. The lines are those of
// kernel/{watchdog,hung_task,workqueue}.c, kernel/rcu/tree_stall.h and kernel/rcu/tasks.h.
var stallRules = []rule{
	{kind: matrix.KindSoftLockup, mark: "soft lockup", re: re(`BUG: soft lockup - CPU#\d+ stuck`), title: "BUG: soft lockup", in: true, pick: stalled},
	{kind: matrix.KindHardLockup, mark: "hard LOCKUP", re: re(`(?i)watchdog:? .*detected hard LOCKUP on cpu`), title: "BUG: hard lockup", in: true, pick: stalled},
	{kind: matrix.KindWorkqueueLockup, mark: "workqueue lockup", re: re(`BUG: workqueue lockup`), title: "BUG: workqueue lockup"},
	{kind: matrix.KindRCUStall, mark: "stall", re: re(`INFO: \w+ (?:self-)?detected (?:expedited )?stalls? on (?:CPU|tasks)`), title: "INFO: rcu detected stall", in: true, pick: stalled, skip: oneOf(`apic_timer_interrupt`, `rcu`, `^__switch_to$`)},
	{kind: matrix.KindHungTask, mark: "blocked ", re: re(`INFO: task .{1,40} blocked (?:in I/O wait |on an? [\w -]{1,40}? )?for more than \d+ seconds`), title: "INFO: task hung", in: true, pick: hung},
	{kind: matrix.KindHungTask, mark: "can't die", re: re(`INFO: task .{1,40} can't die for more than \d+ seconds`), title: "INFO: task can't die", in: true, skip: oneOf(`schedule`)},
}
