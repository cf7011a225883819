package spec

import (
	"encoding/json"
	"fmt"

	"kmatrix/matrix"
)

// titlePattern is what known: and ignore: take.
const titlePattern = `[!-~]|[!-~][ -~]*[!-~]`

// object is a part of the schema.
type object map[string]any

// Schema returns the JSON Schema (draft 2020-12) of kernels.yaml, for editors.
// What a schema cannot say, such as that the baseline is one of the kernels,
// only [Load] checks.
func Schema(known Known) ([]byte, error) {
	text := func(pattern, doc string) object {
		o := object{"type": "string", "description": doc}
		if pattern != "" {
			o["pattern"] = "^(?:" + pattern + ")$"
		}
		return o
	}
	oneLine := `[^\n\r]*`
	name := func(doc string) object {
		o := text(namePattern, doc)
		o["maxLength"] = nameLength
		return o
	}
	closed := func(properties object, required ...string) object {
		o := object{"type": "object", "additionalProperties": false, "properties": properties}
		if len(required) > 0 {
			o["required"] = required
		}
		return o
	}
	whole := func(most int, doc string) object {
		return object{"type": "integer", "minimum": 1, "maximum": most, "description": doc}
	}
	list := func(items object) object { return object{"type": "array", "minItems": 1, "items": items} }

	var sources []object
	for _, k := range known.Sources {
		properties, required := object{}, []string{}
		for _, f := range k.Fields {
			pattern := f.Pattern
			if pattern == "" {
				pattern = `[^\n\r]+`
			}
			properties[f.Name] = text(pattern, f.Doc)
			if f.Required {
				required = append(required, f.Name)
			}
		}
		one := closed(properties, required...)
		one["description"] = k.Doc
		sources = append(sources, one)
	}
	kernel := closed(object{
		"name":     name("the column's name; in quotes, or 5.10 is the number 5.1"),
		"contract": object{"enum": matrix.Contracts, "description": "what the kernel promises about data that a call has moved"},
		"source":   object{"oneOf": sources, "description": "where the kernel comes from"},
		"append":   text(oneLine, "more words for the kernel's command line"),
		"known":    list(text(titlePattern, "a title of a report of the kernel's own trouble that is known, with * for any text")),
		"ignore":   list(text(titlePattern, "a title of a report that is left out, with * for any text")),
		"build":    name("the build of a source that is built"),
		"base":     name("the kernel whose source and build it has"),
		"series":   list(text(`[^\n\r]+`, "the path or URL of an mbox, a mail, a patch or a saved thread, each maybe compressed, or a directory of these")),
	}, "name")
	kernel["oneOf"] = []object{{"required": []string{"source"}}, {"required": []string{"base", "series"}}}
	boots := func(doc string) object {
		return object{"oneOf": []object{{"const": AutoBoots}, {"type": "integer", "minimum": 1, "maximum": MaxBoots}}, "description": doc}
	}
	machine := closed(object{
		"name":    name("the machine's name"),
		"memory":  text(sizePattern, "for example 512M or 1G"),
		"cpus":    whole(maxCPUs, "how many CPUs"),
		"accel":   object{"enum": matrix.Accels, "description": "how QEMU runs the guest"},
		"clock":   object{"enum": matrix.Clocks, "description": "what cost is measured by: wall time, or instructions (icount), which needs TCG and one CPU"},
		"cpu":     text(`[^\n\r]+`, "QEMU's -cpu"),
		"isolate": object{"enum": matrix.Isolates, "description": "what a cell shares a guest with: nothing (cell), the other cells of its boot (batch; boot, without snapshots)"},
		"boots":   boots("how many fresh boots each cell gets (default: by the clock); auto: more for those whose verdict is inconclusive"),
		"probes":  list(text(oneLine, "a pattern of probes' names")),
	}, "name", "probes")
	machine["if"] = object{"properties": object{"clock": object{"const": matrix.ClockIcount}}, "required": []string{"clock"}}
	machine["then"] = object{"properties": object{"cpus": object{"const": 1}, "accel": object{"not": object{"const": matrix.AccelKVM}}}}
	url := func(doc string) object { return text(`https?://[^\n\r]*`, doc) }
	build := closed(object{
		"config":    text(`[^\n\r]+`, "tiny, defconfig, kernel:NAME for the one of a kernel that comes built, or the path of a configuration"),
		"fragments": object{"type": "array", "items": text(oneLine, "the path of a fragment, or kmatrix.config"), "description": "applied on top, in this order"},
		"jobs":      whole(maxJobs, "how many compilers run at once (default: as many as CPUs)"),
		"make":      object{"type": "object", "additionalProperties": text(wordsPattern, "words, options and paths"), "propertyNames": object{"not": object{"enum": reserved}, "pattern": "^" + variablePattern + "$"}, "description": "variables for make, such as CC"},
	})
	external := closed(object{
		"name":     object{"type": "string", "pattern": "^" + externalPattern + "$", "maxLength": nameLength, "description": "the probe is external/NAME"},
		"c":        text(`[^\n\r]*\.c`, "a file of C, compiled on this machine"),
		"exec":     text(`[^\n\r]+`, "a static executable, or a script for the guest's shell"),
		"tree":     text(selftestsPattern, "a directory of self-tests in the source of kernels that are built"),
		"args":     list(text(oneLine, "an argument")),
		"result":   object{"enum": matrix.ResultFormats, "description": "what tells how it did: its exit code, KTAP on its standard output, or its exit code as LTP has it"},
		"deadline": text(durationPattern, "how long it may take, for example 90s or 5m"),
		"scratch":  text(sizePattern, "how much room for files it has, for example 1G (default: what a tmpfs has, half of the guest's memory)"),
		"summary":  text(oneLine, "one sentence"),
	}, "name")
	external["oneOf"] = []object{{"required": []string{"c"}}, {"required": []string{"exec"}}, {"required": []string{"tree"}, "properties": object{"args": false, "result": object{"enum": []matrix.ResultFormat{matrix.FormatExit, matrix.FormatKTAP}}}}}
	root := closed(object{
		"external": list(external),
		"version":  object{"const": Version},
		"kernels":  list(kernel),
		"machines": list(machine),
		"builds":   object{"type": "object", "additionalProperties": build, "propertyNames": object{"pattern": "^" + namePattern + "$", "maxLength": nameLength}},
		"baseline": text(oneLine, "the kernel that the others are compared with"),
		"debian": closed(object{
			"mirror": url("Debian's archive"), "security": url("its security updates"), "keyring": text(`/[^\n\r]*`, "the keys that sign them"),
		}, "mirror"),
		"rewrite": object{"type": "object", "propertyNames": object{"pattern": "://"}, "additionalProperties": text(oneLine, "what stands in its place"), "description": "beginnings of URLs to replace"},
		"run":     closed(object{"boots": boots("for machines that say none"), "probes": list(text(oneLine, "a pattern of probes that are asked unless -p or --all-probes says otherwise"))}),
	}, "version", "kernels", "baseline")
	root["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	root["title"] = "kernels.yaml of kmatrix"
	b, err := json.MarshalIndent(root, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("encode the schema: %w", err)
	}
	return append(b, '\n'), nil
}
