package profile

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Symbols are the functions of a running kernel, by their addresses.
type Symbols struct{ list []symbol }

// symbol is where a function begins. One without a name is an end: of the
// kernel's text, or of what is known of it.
type symbol struct {
	address uint64
	name    symbolName
	global  bool
}

// symbolName is a function's name and its module's, "" for the kernel itself.
type symbolName struct{ function, module string }

// longest is how far from its symbol an address may be and still be the
// function's: behind a module's last function there is no other.
const longest = 64 << 10

// ReadSymbols reads the symbols of the running kernel. It sets kernel.kptr_restrict, which
// may hide the addresses from root, too, to 0.
func ReadSymbols() (*Symbols, error) {
	const restrict = "/proc/sys/kernel/kptr_restrict"
	if err := os.WriteFile(restrict, []byte("0"), 0); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("let the kernel show its addresses: %w", err)
	}
	f, err := os.Open("/proc/kallsyms")
	if err != nil {
		return nil, fmt.Errorf("read the kernel's symbols: %w", err)
	}
	defer f.Close() //nolint:errcheck // it was only read
	return parseSymbols(f)
}

// parseSymbols reads the text of /proc/kallsyms: "ADDRESS TYPE NAME\t[MODULE]" in
// each line. Types t and w are functions. What is no such line is an error, and so
// are symbols whose addresses are hidden.
func parseSymbols(r io.Reader) (*Symbols, error) {
	s := &Symbols{}
	known := map[string]symbolName{}
	hidden := true
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		address, rest, ok := strings.Cut(lines.Text(), " ")
		if !ok || len(rest) < 3 || rest[1] != ' ' {
			return nil, fmt.Errorf("read the kernel's symbols: what is %q?", lines.Text())
		}
		if !strings.ContainsRune("tTwW", rune(rest[0])) {
			continue
		}
		at, err := strconv.ParseUint(address, 16, 64)
		if err != nil {
			return nil, fmt.Errorf("read the kernel's symbols: %w", err)
		}
		hidden = hidden && at == 0
		name, ok := known[rest[2:]]
		if !ok {
			function, module, _ := strings.Cut(rest[2:], "\t")
			name = symbolName{Function(function), strings.Trim(module, "[]")}
			if function == "_etext" || function == "_einittext" {
				name = symbolName{}
			}
			known[rest[2:]] = name
		}
		s.list = append(s.list, symbol{at, name, rest[0] == 'T'})
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("read the kernel's symbols: %w", err)
	}
	if hidden {
		return nil, errors.New("the kernel shows no addresses of its functions (CONFIG_KALLSYMS, kernel.kptr_restrict)")
	}
	slices.SortStableFunc(s.list, func(a, b symbol) int {
		switch {
		case a.address != b.address:
			if a.address < b.address {
				return -1
			}
			return 1
		// Of several names the last one is found: a global one, then the shortest.
		case a.global != b.global:
			if b.global {
				return -1
			}
			return 1
		case len(a.name.function) != len(b.name.function):
			return len(b.name.function) - len(a.name.function)
		}
		return strings.Compare(b.name.function, a.name.function)
	})
	return s, nil
}

// find returns the function that an address is in.
func (s *Symbols) find(address uint64) (symbolName, bool) {
	i, _ := slices.BinarySearchFunc(s.list, address, func(s symbol, address uint64) int {
		if s.address <= address {
			return -1
		}
		return 1
	})
	if i == 0 {
		return symbolName{}, false
	}
	at := s.list[i-1]
	return at.name, at.name.function != "" && address-at.address < longest
}

// copies are what compilers add to the names of a function's parts and copies.
var copies = regexp.MustCompile(`(\.(isra|constprop|part|cold|llvm|lto_priv)(\.[0-9]+)?)+$`)

// Function returns a symbol's name without what a compiler has added, which differs between
// kernels whose functions do not.
func Function(symbol string) string { return copies.ReplaceAllString(symbol, "") }
