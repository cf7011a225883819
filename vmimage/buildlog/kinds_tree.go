package buildlog

import "regexp"

// keysHint is how a tree does without a distribution's keys.
const keysHint = `a distribution's configuration names keys that are not in the source: a fragment with CONFIG_SYSTEM_TRUSTED_KEYS="", CONFIG_SYSTEM_REVOCATION_KEYS="" and CONFIG_MODULE_SIG_KEY="certs/signing_key.pem" does without`

// kindsOfTree are failures that the tree or its configuration is to blame for
// before anything is compiled.
var kindsOfTree = []kind{
	{rank: cause, line: regexp.MustCompile(`source tree is not clean|is not clean, please run`)},
	{rank: cause, line: regexp.MustCompile(`^\*\*\* .* (?:is|are) (?:too old|missing|not supported)|: Sorry, this (?:C )?(?:compiler|linker|assembler) is not supported`)},
	{rank: cause, line: regexp.MustCompile(`directory cannot contain spaces n?or colons`)},
	{rank: cause, line: regexp.MustCompile(`Kconfig\S*:\d+: ?(?:syntax error|unknown (?:option|statement)|invalid (?:option|statement)|missing end statement|unexpected |can't open file|unterminated|multi-line strings|error: )|^Recursive inclusion detected|recursive inclusion detected|error: recursive dependency detected`)},
	{rank: cause, line: regexp.MustCompile(`Can't find default configuration|Configuration file ".*" not found|^The base file '.*' does not exist`)},
	{rank: cause, line: regexp.MustCompile(`Kernel configuration is invalid|Cannot generate ORC metadata|Cannot use CONFIG_\w+|You are building kernel with non-retpoline compiler|GNU Make >= |You must use GNU Make`)},
	{rank: cause, line: regexp.MustCompile(`No rule to make target ['` + "`" + `‘]\S*(?:certs/|\.pem|\.x509)`), hint: keysHint},
	{rank: cause, line: regexp.MustCompile(`(?:extract-cert|sign-file)\b.*(?:\.pem|\.x509|SSL error)|SSL error.*(?:fopen|No such file)|(?:\.pem|\.x509)['’]?: No such file`), hint: keysHint},
	{rank: cause, line: regexp.MustCompile(`^Inconsistent kallsyms data|^kallsyms failure|Failed to sort kernel tables|^incomplete ORC unwind tables`)},
	{rank: told, line: regexp.MustCompile(`^\s*(?:ERROR|FATAL ERROR|FATAL|FAILED|Error|error|fatal)\b:? \S|^\w+(?:Error|Exception): |^Failed to |: [Ff]ailed to `)},
	{rank: told, line: regexp.MustCompile(`No such file or directory$|: Segmentation fault|: Aborted|: Bus error|: Illegal instruction|: Trace/breakpoint trap`)},
	{rank: told, line: regexp.MustCompile(`^\*\*\* \S`)},
}
