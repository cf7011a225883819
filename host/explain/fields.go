package explain

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"kmatrix/matrix"
)

// shownField is one field of a value, for people.
type shownField struct {
	// name is that of its JSON, with blanks, and value what it holds.
	name, value string
	// items are the elements of a list or a map, a line each.
	items []string
}

// fieldsOf lists the fields of the struct that v points to, in their order, but
// for empty ones that JSON leaves out: whatever a later version adds to it is
// shown, too. Of nil it lists none.
func fieldsOf(v any) []shownField {
	at := reflect.ValueOf(v)
	if !at.IsValid() || at.Kind() == reflect.Pointer && at.IsNil() {
		return nil
	}
	at = reflect.Indirect(at)
	var list []shownField
	for i := range at.NumField() {
		tag, options, _ := strings.Cut(at.Type().Field(i).Tag.Get("json"), ",")
		value := at.Field(i)
		if tag == "" || tag == "-" || strings.Contains(options, "omitempty") && value.IsZero() {
			continue
		}
		f := shownField{name: strings.ReplaceAll(tag, "_", " ")}
		switch value.Kind() {
		case reflect.Slice:
			if names, ok := value.Interface().([]matrix.PageRange); ok {
				f.value = strings.Trim(strings.ReplaceAll(fmt.Sprint(names), " ", ", "), "[]")
				break
			}
			f.value = fmt.Sprint(value.Len())
			for j := range value.Len() {
				f.items = append(f.items, shown(value.Index(j)))
			}
		case reflect.Map:
			f.value = fmt.Sprint(value.Len())
			named := map[string]string{}
			for it := value.MapRange(); it.Next(); {
				named[fmt.Sprint(it.Key())] = shown(it.Value())
			}
			for _, name := range slices.Sorted(maps.Keys(named)) {
				f.items = append(f.items, name+": "+named[name])
			}
		default:
			f.value = shown(value)
		}
		list = append(list, f)
	}
	return list
}

// shown is one value in a line.
func shown(v reflect.Value) string {
	if c, ok := v.Interface().(matrix.Call); ok {
		return shownCall(c)
	}
	if k := reflect.Indirect(v).Kind(); k != reflect.Struct {
		return fmt.Sprint(reflect.Indirect(v).Interface())
	}
	var parts []string
	for _, f := range fieldsOf(reflect.Indirect(v).Interface()) {
		parts = append(parts, strings.TrimSpace(f.name+" "+strings.Join(append([]string{f.value}, f.items...), " ")))
	}
	return strings.Join(parts, ", ")
}

// shownCall is a system call as strace shows it.
func shownCall(c matrix.Call) string {
	text := fmt.Sprintf("%s = %d", c.Name, c.Return)
	if c.Errno != "" {
		text += " " + c.Errno
	}
	if c.Count > 1 {
		text += fmt.Sprintf(", %d times", c.Count)
	}
	return text
}
