package oops

import "kmatrix/matrix"

// rulesOfSanitizers are of KASAN and its kin, of kmemleak, and of the line before a report.
var rulesOfSanitizers = []rule{
	{mark: "[ cut here ]", role: cut},
	{mark: "KASAN: ", re: re(`BUG: KASAN: double-free or invalid-free in (?:` + funcPattern + `|(\w[\w.]*))?`), title: "KASAN: invalid-free", in: true, function: 1, kind: matrix.KindKASAN, naming: naming{skip: skipFreeing}},
	{mark: "KASAN: ", re: re(`BUG: KASAN: (double-free|invalid-free) in (?:` + funcPattern + `|(\w[\w.]*))?`), title: "KASAN: $1", in: true, function: 2, kind: matrix.KindKASAN, naming: naming{skip: skipFreeing}},
	{mark: "KASAN: ", re: re(`BUG: KASAN: ([\w -]+?) in (?:` + funcPattern + `|(\w[\w.]*))?`), title: "KASAN: $1", in: true, function: 2, kind: matrix.KindKASAN},
	{mark: "KFENCE: ", re: re(`BUG: KFENCE: ([\w -]+?) in (\w[\w.]*)`), title: "KFENCE: $1", in: true, function: 2, kind: matrix.KindKFENCE, naming: naming{skip: skipAllocation}},
	{mark: "KFENCE: ", re: re(`BUG: KFENCE: ([\w -]+)`), title: "KFENCE: $1", in: true, kind: matrix.KindKFENCE},
	{mark: "KMSAN: ", re: re(`BUG: KMSAN: (kernel-usb-infoleak) in (?:` + funcPattern + `|(\w[\w.]*))`), title: "KMSAN: $1", in: true, function: 2, kind: matrix.KindKMSAN, naming: naming{skip: skipUSB}},
	{mark: "KMSAN: ", re: re(`BUG: KMSAN: ([\w -]+?) in (?:` + funcPattern + `|(\w[\w.]*))`), title: "KMSAN: $1", in: true, function: 2, kind: matrix.KindKMSAN},
	{mark: "KCSAN: ", re: re(`BUG: KCSAN: ([\w -]+?) in (\w[\w.]*)(?:\+0x[0-9a-f]+/0x[0-9a-f]+)?(?: \[[\w-]+\])? / (\w[\w.]*)`), title: "KCSAN: $1 in $2 / $3", kind: matrix.KindKCSAN},
	{mark: "KCSAN: ", re: re(`BUG: KCSAN: ([\w: -]+?) in (\w[\w.]*)`), title: "KCSAN: $1", in: true, function: 2, kind: matrix.KindKCSAN},
	{mark: "UBSAN: ", re: re(`UBSAN: Undefined behaviour in `), title: "UBSAN: undefined-behaviour", in: true, kind: matrix.KindUBSAN, naming: naming{skip: re(`ubsan|overflow`)}},
	{mark: "UBSAN: ", re: re(`UBSAN: ([a-zA-Z][\w -]*?) in `), title: "UBSAN: $1", in: true, kind: matrix.KindUBSAN, naming: naming{skip: re(`ubsan|overflow`)}},
	{mark: "memory leak", re: re(`BUG: memory leak`), title: "memory leak", in: true, kind: matrix.KindSanityBug, naming: naming{skip: skipLeaks}},
}
