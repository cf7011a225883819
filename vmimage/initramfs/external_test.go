package initramfs

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/u-root/u-root/pkg/cpio"

	"kmatrix/matrix"
	"kmatrix/vmimage/external"
)

func TestExternalProgramsAndTheirList(t *testing.T) {
	file := filepath.Join(t.TempDir(), "program")
	if err := os.WriteFile(file, []byte("what runs"), 0o644); err != nil {
		t.Fatal(err)
	}
	list := []external.Ready{
		{Installed: matrix.Installed{Probe: "external/own"}, Files: []external.File{{Name: "/external/own/own", Path: file}, {Name: "/external/own/more/data", Path: file}}},
		{Installed: matrix.Installed{Probe: "external/none", Unsupported: "why"}},
	}
	var b bytes.Buffer
	if err := WriteExternal(&b, list); err != nil {
		t.Fatal(err)
	}
	records, err := cpio.ReadAllRecords(cpio.Newc.Reader(bytes.NewReader(b.Bytes())))
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]uint64{}
	for _, r := range records {
		if dir := filepath.Dir(r.Name); dir != "." && dir != "etc" && seen[dir] == 0 {
			t.Errorf("%s comes before its directory", r.Name)
		}
		seen[r.Name] = r.Mode
		if r.Name != ExternalList {
			continue
		}
		text := make([]byte, r.FileSize)
		if _, err := r.ReadAt(text, 0); err != nil {
			t.Fatal(err)
		}
		var installed []matrix.Installed
		if err := json.Unmarshal(text, &installed); err != nil || len(installed) != 2 || installed[1].Unsupported != "why" {
			t.Errorf("the list is %s (%v)", text, err)
		}
	}
	if seen["external/own/own"]&0o111 == 0 || seen["external/own/more/data"] == 0 || seen[ExternalList] == 0 {
		t.Errorf("the archive holds %v", seen)
	}
}
