package printable

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// Copy returns a value whose texts are each one [Line], uncut, those in its structs,
// pointers, lists and maps included, keys as well. What it shares with the other has
// no text; what several pointers of the one share, those of the other share, too. Fields that are not exported stay as they are, and so do bytes, but for
// [json.RawMessage], of which the texts are those of its JSON.
//
// A text of many lines is a field with the tag `printable:"text"`, and becomes a [Text].
// Texts that differ in what does not print alone become the same: of keys of a map
// that do, the value of the last one in their order is left.
func Copy[T any](value T) T {
	v := reflect.ValueOf(&value).Elem()
	c := copier{has: map[reflect.Type]bool{}, copies: map[any]reflect.Value{}}
	v.Set(c.copy(v))
	return value
}

var rawMessage = reflect.TypeFor[json.RawMessage]()

type copier struct {
	// has tells of types whether their values can hold a text.
	has map[reflect.Type]bool
	// copies are what pointers lead to in the copy.
	copies map[any]reflect.Value
}

func (c copier) copy(v reflect.Value) reflect.Value {
	if v.Type() == rawMessage {
		return reflect.ValueOf(raw(v.Bytes()))
	}
	if !c.hasText(v.Type()) {
		return v
	}
	out := reflect.New(v.Type()).Elem()
	switch v.Kind() {
	case reflect.String:
		out.SetString(line(v.String()))
	case reflect.Struct:
		out.Set(v) // with what is not exported
		for i := range v.NumField() {
			switch f := v.Type().Field(i); {
			case !f.IsExported():
			case f.Type.Kind() == reflect.String && f.Tag.Get("printable") == "text":
				out.Field(i).SetString(Text([]byte(v.Field(i).String())))
			default:
				out.Field(i).Set(c.copy(v.Field(i)))
			}
		}
	case reflect.Pointer, reflect.Interface:
		if v.IsNil() {
			return v
		}
		if v.Kind() == reflect.Pointer {
			if known, ok := c.copies[v.Interface()]; ok {
				return known
			}
		}
		inner := c.copy(v.Elem())
		if v.Kind() == reflect.Interface {
			out.Set(inner)
			break
		}
		out.Set(reflect.New(v.Type().Elem()))
		out.Elem().Set(inner)
		c.copies[v.Interface()] = out
	case reflect.Slice:
		if v.IsNil() {
			return v
		}
		out.Set(reflect.MakeSlice(v.Type(), v.Len(), v.Len()))
		for i := range v.Len() {
			out.Index(i).Set(c.copy(v.Index(i)))
		}
	case reflect.Array:
		for i := range v.Len() {
			out.Index(i).Set(c.copy(v.Index(i)))
		}
	case reflect.Map:
		if v.IsNil() {
			return v
		}
		out.Set(reflect.MakeMapWithSize(v.Type(), v.Len()))
		keys := v.MapKeys()
		slices.SortFunc(keys, func(a, b reflect.Value) int { return strings.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
		for _, k := range keys {
			out.SetMapIndex(c.copy(k), c.copy(v.MapIndex(k)))
		}
	default:
		return v
	}
	return out
}

// hasText reports whether values of a type can hold a text.
func (c copier) hasText(t reflect.Type) bool {
	has, known := c.has[t]
	if !known {
		has = hasText(t, nil)
		c.has[t] = has
	}
	return has
}

// hasText looks through a type; within are those that it stands in.
func hasText(t reflect.Type, within []reflect.Type) bool {
	if slices.Contains(within, t) {
		return false // what else is in the outer one decides
	}
	within = append(within, t)
	switch t.Kind() {
	case reflect.String, reflect.Interface:
		return true
	case reflect.Pointer, reflect.Array:
		return hasText(t.Elem(), within)
	case reflect.Slice:
		return t == rawMessage || hasText(t.Elem(), within)
	case reflect.Map:
		return hasText(t.Key(), within) || hasText(t.Elem(), within)
	case reflect.Struct:
		for i := range t.NumField() {
			if f := t.Field(i); f.IsExported() && hasText(f.Type, within) {
				return true
			}
		}
	}
	return false
}

// raw cleans the texts of a JSON value. What is no JSON becomes a text of it.
func raw(text []byte) json.RawMessage {
	if text == nil {
		return nil
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var value any
	if err := d.Decode(&value); err != nil {
		value = string(text)
	}
	clean, err := json.Marshal(Copy(value))
	if err != nil {
		return json.RawMessage("null")
	}
	return clean
}
