package spec

import (
	"encoding/json"
	"fmt"
)

// Schema returns the JSON Schema (draft 2020-12) of kernels.yaml, for editors. It is
// made from the grammar that [Load] reads by. What a schema cannot say, such as that
// the baseline is one of the kernels, only Load checks.
func Schema(known Known) ([]byte, error) {
	root := newReader(known, &Spec{}).document().schema()
	root["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	root["title"] = "kernels.yaml of kmatrix"
	b, err := json.MarshalIndent(root, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("encode the schema: %w", err)
	}
	return append(b, '\n'), nil
}
