package buildlog

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"kmatrix/matrix"
)

func TestWarnings(t *testing.T) {
	log := `  CC      fs/splice.o
/src/fs/splice.c:172:49: warning: 'user_page_pipe_buf_ops' defined but not used [-Wunused-const-variable=]
/src/fs/splice.c:180:49: warning: 'user_page_pipe_buf_ops' defined but not used [-Wunused-const-variable=]
../mm/filemap.c:12: warning: something else
make[1]: warning: jobserver unavailable
`
	want := []matrix.Warning{
		{File: "fs/splice.c", Kind: "-Wunused-const-variable=", Text: "'user_page_pipe_buf_ops' defined but not used"},
		{File: "mm/filemap.c", Text: "something else"},
	}
	if diff := cmp.Diff(want, Warnings([]byte(log), "/src")); diff != "" {
		t.Error(diff)
	}
}

// TestWarningsOfAnIncrementalBuild has those of the base that still hold stay.
func TestWarningsOfAnIncrementalBuild(t *testing.T) {
	before := []matrix.Warning{{File: "fs/splice.c", Text: "was mended"}, {File: "mm/shmem.c", Text: "stays"}, {File: "include/linux/mm.h", Text: "stays"}}
	log := []byte("  CC      fs/splice.o\nfs/splice.c:3:4: warning: new\n  LD      mm/shmem.o\n")
	want := []matrix.Warning{{File: "fs/splice.c", Text: "new"}, {File: "include/linux/mm.h", Text: "stays"}, {File: "mm/shmem.c", Text: "stays"}}
	if diff := cmp.Diff(want, Merge(Remaining(before, log), Warnings(log, "/src"))); diff != "" {
		t.Error(diff)
	}
}

func TestObjectsAreCounted(t *testing.T) {
	var got []int
	c := &Counter{Report: func(n int) { got = append(got, n) }}
	for _, part := range []string{"  CC      fs/sp", "lice.o\n  LD      vmlinux\n  AS", "      a.o\n"} {
		if _, err := c.Write([]byte(part)); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff([]int{1, 2}, got); diff != "" {
		t.Error(diff)
	}
}
