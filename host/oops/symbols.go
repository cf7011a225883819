package oops

import (
	"debug/dwarf"
	"debug/elf"
	"path"
	"strconv"
	"strings"

	"kmatrix/matrix"
)

// Locate finds the files and lines of a report's frames in a vmlinux that has debug
// information. Frames of modules, and those whose function the file does not have with
// that size, keep none: no line is better than a wrong one. Where the file cannot be
// read, or has no debug information, nothing changes.
func Locate(r *matrix.CrashReport, vmlinux string) {
	f, err := elf.Open(vmlinux)
	if err != nil {
		return
	}
	defer f.Close() //nolint:errcheck // it was only read
	symbols, err := f.Symbols()
	if err != nil {
		return
	}
	data, err := f.DWARF()
	if err != nil {
		return
	}
	root := sourceRoot(data)
	for i := range r.Frames {
		frame := &r.Frames[i]
		if frame.At != "" || frame.Module != "" || frame.Size == 0 || frame.Offset >= frame.Size {
			continue
		}
		if pc, ok := address(symbols, *frame); ok {
			// All but the first, which is where the CPU was, are where a call
			// returns to: the call is before it.
			if i > 0 || !atRIP(*r, *frame) {
				pc--
			}
			frame.At = at(data, root, pc)
		}
	}
}

// address is where a frame is in the file: the function is there once with that size.
func address(symbols []elf.Symbol, frame matrix.Frame) (uint64, bool) {
	var found []uint64
	for _, s := range symbols {
		if elf.ST_TYPE(s.Info) == elf.STT_FUNC && symbol(s.Name) == frame.Function && fits(s.Size, frame.Size) {
			found = append(found, s.Value+frame.Offset)
		}
	}
	if len(found) != 1 {
		return 0, false
	}
	return found[0], true
}

// maxPadding is how much longer the console has a function than the file: up to the
// next one.
const maxPadding = 64

func fits(size, said uint64) bool { return size <= said && said-size < maxPadding }

// atRIP reports whether the frame is where the CPU was, by the report's registers.
func atRIP(r matrix.CrashReport, f matrix.Frame) bool {
	for _, text := range r.Registers {
		if m := ripRE.FindStringSubmatch(text); m != nil {
			return frame(m[1], m[2], m[3], m[4], m[5]).Function == f.Function
		}
	}
	return false
}

// mainFile is in every kernel, and tells where its source began.
const mainFile = "/init/main.c"

// sourceRoot is the directory of the source that was built, "" when it is not known.
func sourceRoot(data *dwarf.Data) string {
	for r := data.Reader(); ; {
		unit, err := r.Next()
		if err != nil || unit == nil {
			return ""
		}
		name, _ := unit.Val(dwarf.AttrName).(string)
		if dir, _ := unit.Val(dwarf.AttrCompDir).(string); !path.IsAbs(name) {
			name = path.Join(dir, name)
		}
		if root, ok := strings.CutSuffix(name, mainFile); ok && unit.Tag == dwarf.TagCompileUnit {
			return root + "/"
		}
		r.SkipChildren()
	}
}

// at is the file and line of an address, "" when it has none.
func at(data *dwarf.Data, root string, pc uint64) string {
	unit, err := data.Reader().SeekPC(pc)
	if err != nil {
		return ""
	}
	lines, err := data.LineReader(unit)
	if err != nil || lines == nil {
		return ""
	}
	var entry dwarf.LineEntry
	if err := lines.SeekPC(pc, &entry); err != nil || entry.File == nil || entry.Line == 0 {
		return ""
	}
	dir, _ := unit.Val(dwarf.AttrCompDir).(string)
	name := path.Clean(entry.File.Name)
	for _, prefix := range []string{root, dir + "/"} {
		if rest, ok := strings.CutPrefix(name, prefix); ok && prefix != "/" && prefix != "" {
			name = rest
			break
		}
	}
	return clean(name + ":" + strconv.Itoa(entry.Line))
}
