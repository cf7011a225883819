package buildlog

import "regexp"

// btfHint is what a kernel does without BTF, or with it.
const btfHint = "BTF, type information that CONFIG_DEBUG_INFO_BTF asks for, is made by pahole, which is missing, too old or failed: on Debian it is in the package pahole; a fragment with # CONFIG_DEBUG_INFO_BTF is not set does without"

func lackPahole(r *Reason, _, _ []string) { r.Program = "pahole" }

// kindsOfBTF are failures to make a kernel's type information.
var kindsOfBTF = []kind{
	{rank: cause, line: regexp.MustCompile(`pahole \(\S*\) is not available|pahole: (?:command )?not found`), hint: btfHint, more: lackPahole},
	{rank: cause, line: regexp.MustCompile(`pahole version \S+ is too old|^FAILED[: ]|^Failed to generate BTF|^Encountered error while encoding BTF|^pahole: .*(?:[Ee]rror|[Ff]ail|[Ii]nvalid|[Uu]nsupported|[Uu]nrecogni[sz]ed)|Segmentation fault.*(?:pahole|PAHOLE)|^(?:btf_encoder\S*|resolve_btfids): .*(?:[Ee]rror|[Ff]ail)`), hint: btfHint},
	{rank: told, line: regexp.MustCompile(`failed to find '\.BTF'`), hint: btfHint},
}
