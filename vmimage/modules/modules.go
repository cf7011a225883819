// Package modules picks the modules that a guest needs out of a kernel's, with
// all they depend on, in the order in which they load.
//
// Debian's packages hold no modules.dep, which depmod makes on installation,
// so that dependencies come from each module's own .modinfo section: depends=,
// and softdep=pre: for what a module asks for by an alias, such as a checksum.
package modules

import (
	"bufio"
	"bytes"
	"context"
	"debug/elf"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"kmatrix/vmimage/unpack"
)

// Module is one module, uncompressed.
type Module struct {
	// Name has underscores, as in /proc/modules.
	Name string
	Data []byte
}

// Selection is what was picked.
type Selection struct {
	// Modules are in load order.
	Modules []Module
	// Missing are wanted modules that are neither there nor built in.
	Missing []string
}

// tree is a directory lib/modules/RELEASE.
type tree struct {
	files   map[string]string // path by name
	builtin map[string]bool
	// aliases are filled when first asked for: it takes opening many files.
	aliases map[string]string
	info    map[string]*info
}

// info is what a module says of itself.
type info struct {
	data             []byte
	depends, softPre []string
	aliases          []string
}

// maxModule is the largest module that is read, uncompressed.
const maxModule = 64 << 20

// Name returns a file's module name: xfs for xfs.ko.xz, with underscores for
// hyphens; "" when the file is no module.
func Name(file string) string {
	base, _, ok := strings.Cut(path.Base(file), ".ko")
	if !ok {
		return ""
	}
	return canonical(base)
}

func canonical(name string) string { return strings.ReplaceAll(name, "-", "_") }

// Select picks the wanted modules and what they depend on.
func Select(ctx context.Context, dir string, wanted []string) (Selection, error) {
	t := &tree{files: map[string]string{}, builtin: map[string]bool{}, info: map[string]*info{}}
	if err := t.scan(dir); err != nil {
		return Selection{}, fmt.Errorf("look for modules in %s: %w", dir, err)
	}
	var s Selection
	done := map[string]bool{}
	var add func(name string, chain []string) error
	add = func(name string, chain []string) error {
		name = canonical(name)
		if done[name] || t.builtin[name] {
			return nil
		}
		if slices.Contains(chain, name) {
			return fmt.Errorf("modules depend on each other in a circle: %s", strings.Join(append(chain, name), ", "))
		}
		if t.files[name] == "" {
			return &missingError{name}
		}
		i, err := t.read(ctx, name)
		if err != nil {
			return err
		}
		chain = append(chain, name)
		for _, d := range i.depends {
			if err := add(d, chain); err != nil {
				return err
			}
		}
		for _, d := range i.softPre {
			// A soft dependency that is not there is no error: the module
			// loads without it, or finds it built in.
			if real := t.resolve(ctx, d); real != "" {
				if err := add(real, chain); err != nil {
					return err
				}
			}
		}
		done[name] = true
		s.Modules = append(s.Modules, Module{Name: name, Data: i.data})
		return nil
	}
	for _, name := range wanted {
		err := add(name, nil)
		var missing *missingError
		if errors.As(err, &missing) {
			s.Missing = append(s.Missing, canonical(name))
		} else if err != nil {
			return Selection{}, fmt.Errorf("pick modules from %s: %w", dir, err)
		}
	}
	return s, nil
}

type missingError struct{ name string }

func (e *missingError) Error() string { return "there is no module " + e.name }

// scan lists the modules and what is built in.
func (t *tree) scan(dir string) error {
	err := filepath.WalkDir(dir, func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if name := Name(file); name != "" && d.Type().IsRegular() {
			t.files[name] = file
		}
		return nil
	})
	if err != nil {
		return err
	}
	f, err := os.Open(filepath.Join(dir, "modules.builtin"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer f.Close() //nolint:errcheck // it was only read
	s := bufio.NewScanner(f)
	for s.Scan() {
		if name := Name(strings.TrimSpace(s.Text())); name != "" {
			t.builtin[name] = true
		}
	}
	return s.Err()
}

// read reads a module, once.
func (t *tree) read(ctx context.Context, name string) (*info, error) {
	if i := t.info[name]; i != nil {
		return i, nil
	}
	file := t.files[name]
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close() //nolint:errcheck // it was only read
	r, err := unpack.Reader(ctx, unpack.ByName(path.Ext(file)), f)
	if err != nil {
		return nil, fmt.Errorf("unpack %s: %w", file, err)
	}
	data, err := io.ReadAll(io.LimitReader(r, maxModule))
	if err := errors.Join(err, r.Close()); err != nil {
		return nil, fmt.Errorf("unpack %s: %w", file, err)
	}
	i, err := parse(data)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", file, err)
	}
	t.info[name] = i
	return i, nil
}

// parse reads .modinfo: strings KEY=VALUE with a zero byte after each.
func parse(data []byte) (*info, error) {
	f, err := elf.NewFile(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	section := f.Section(".modinfo")
	if section == nil {
		return nil, errors.New("it has no .modinfo section: it is no module")
	}
	text, err := section.Data()
	if err != nil {
		return nil, err
	}
	i := &info{data: data}
	for _, one := range strings.Split(string(text), "\x00") {
		key, value, _ := strings.Cut(one, "=")
		switch key {
		case "depends":
			i.depends = append(i.depends, strings.FieldsFunc(value, func(r rune) bool { return r == ',' })...)
		case "softdep":
			i.softPre = append(i.softPre, softPre(value)...)
		case "alias":
			i.aliases = append(i.aliases, value)
		}
	}
	return i, nil
}

// softPre returns what stands behind "pre:" in "pre: a b post: c".
func softPre(value string) []string {
	var pre []string
	on := false
	for _, w := range strings.Fields(value) {
		switch w {
		case "pre:":
			on = true
		case "post:":
			on = false
		default:
			if on {
				pre = append(pre, w)
			}
		}
	}
	return pre
}

// resolve finds the module that goes by a name or an alias; "" when there is
// none, or it is built in. Aliases of soft dependencies are those of crypto:
// only its modules are opened.
func (t *tree) resolve(ctx context.Context, alias string) string {
	if name := canonical(alias); t.files[name] != "" || t.builtin[name] {
		return name
	}
	if t.aliases == nil {
		t.aliases = map[string]string{}
		for name, file := range t.files {
			if !strings.Contains(file, "/crypto/") {
				continue
			}
			// One that cannot be read serves no alias.
			if i, err := t.read(ctx, name); err == nil {
				for _, a := range i.aliases {
					// The generic one works on every CPU model.
					if old := t.aliases[canonical(a)]; old == "" || strings.HasSuffix(name, "_generic") {
						t.aliases[canonical(a)] = name
					}
				}
			}
		}
	}
	return t.aliases[canonical(alias)]
}
