package oops

import "kmatrix/matrix"

// rulesOfStalls are of what does not go on.
var rulesOfStalls = []rule{
	{mark: "soft lockup", re: re(`BUG: soft lockup - CPU#\d+ stuck`), title: "BUG: soft lockup", in: true, kind: matrix.KindSoftLockup, naming: naming{pick: pickStalled}},
	{mark: "hard LOCKUP", re: re(`(?i)watchdog:? .*detected hard LOCKUP on cpu`), title: "BUG: hard lockup", in: true, kind: matrix.KindHardLockup},
	{mark: "workqueue lockup", re: re(`BUG: workqueue lockup - pool`), title: "BUG: workqueue lockup", kind: matrix.KindWorkqueueLockup},
	{mark: "stall", re: re(`INFO: rcu_tasks\w* detected stalls? on tasks`), title: "INFO: rcu detected stall", in: true, kind: matrix.KindRCUStall},
	{mark: "stall", re: re(`INFO: \w+ (?:self-)?detected (?:expedited )?stalls? on CPU`), title: "INFO: rcu detected stall", in: true, kind: matrix.KindRCUStall, naming: naming{pick: pickStalled}},
	{mark: "blocked ", re: re(`INFO: task .{1,40} blocked (?:in I/O wait )?for more than \d+ seconds`), title: "INFO: task hung", in: true, kind: matrix.KindHungTask, naming: naming{pick: pickHung}},
	{mark: "can't die", re: re(`INFO: task .{1,40} can't die for more than \d+ seconds`), title: "INFO: task can't die", in: true, kind: matrix.KindHungTask},
}
