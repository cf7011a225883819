package oops

import "kmatrix/matrix"

// filesystemRules are for file systems that find their data corrupt: on the disk, or in
// memory. That they cannot read or write a disk, or that it is full, is none. The lines
// are those of fs/xfs/xfs_{error,message,fsops}.c, fs/ext4/super.c, fs/btrfs, fs/fuse/dev.c
// and the others' own messages.
var filesystemRules = []rule{
	{kind: matrix.KindFileSystem, mark: "XFS ", re: re(`^XFS \([^)]+\): Internal error .*Caller ` + funcPattern), title: "XFS: Internal error in $1", skip: xfsReports},
	{kind: matrix.KindFileSystem, mark: "XFS ", re: re(`^XFS \([^)]+\): Internal error`), title: "XFS: Internal error", in: true, skip: xfsReports},
	{kind: matrix.KindFileSystem, mark: "XFS ", re: re(`^XFS \([^)]+\): Metadata (corruption|CRC error) detected at (` + namePattern + `)`), title: "XFS: Metadata $1 detected in $2"},
	{kind: matrix.KindFileSystem, mark: "XFS ", re: re(`^XFS \([^)]+\): Corruption of ([a-z-]+ (?:data|metadata))`), title: "XFS: Corruption of $1", role: detail},
	{kind: matrix.KindFileSystem, mark: "XFS ", re: re(`^XFS \([^)]+\): [cC]orrupt(?:ion|ed)?\b(?: detected)?`), title: "XFS: Corruption detected", role: detail},
	{kind: matrix.KindFileSystem, mark: "EXT", re: re(`^(EXT[234])-fs error \(device [^)]*\): (` + namePattern + `):`), title: "$1-fs error in $2"},
	{kind: matrix.KindFileSystem, mark: "EXT", re: re(`^(EXT[234])-fs error \(device [^)]*\) in (` + namePattern + `):`), title: "$1-fs error in $2", role: detail},
	{kind: matrix.KindFileSystem, mark: "EXT", re: re(`^(EXT[234])-fs error `), title: "$1-fs error"},
	{kind: matrix.KindFileSystem, mark: "BTRFS", re: re(`^BTRFS critical \(device [^)]*\): ([A-Za-z][a-z' -]*[a-z])`), title: "BTRFS critical: $1"},
	{kind: matrix.KindFileSystem, mark: "BTRFS", re: re(`^BTRFS (?:error|warning|info) \(device [^)]*\): .*?(csum failed|checksum verify failed|parent transid verify failed|bad tree block|corrupt (?:leaf|node))`), title: "BTRFS error: $1"},
	// It follows what is critical.
	{kind: matrix.KindFileSystem, mark: "BTRFS", re: re(`^BTRFS error \(device [^)]*\): .*?(tree block corruption)`), title: "BTRFS error: $1", role: detail},
	{kind: matrix.KindFileSystem, mark: "BTRFS", re: re(`^BTRFS:? (?:error|critical|warning) \(device [^)]*\)(?::| in) (` + namePattern + `):\d+: errno=-(?:117|74) `), title: "BTRFS error in $1"},
	{kind: matrix.KindFileSystem, mark: "trying to steal weird", re: re(`(?:fuse: )?trying to steal weird (page|folio)`), title: "fuse: trying to steal weird $1"},
	{kind: matrix.KindFileSystem, mark: "F2FS-fs", re: re(`^F2FS-fs \([^)]+\): .*?([cC]orrupt\w*|[iI]nconsisten\w*)`), title: "F2FS-fs: $1"},
	{kind: matrix.KindFileSystem, mark: "FAT-fs", re: re(`^FAT-fs \([^)]+\): error, (` + namePattern + `): `), title: "FAT-fs error in $1"},
	{kind: matrix.KindFileSystem, mark: "SQUASHFS error", re: re(`^SQUASHFS error: .*data probably corrupt`), title: "SQUASHFS error: data probably corrupt"},
	{kind: matrix.KindFileSystem, mark: "erofs", re: re(`^erofs: .*(?:\bcorrupt|EFSCORRUPTED)`), title: "erofs: corrupted"},
	{kind: matrix.KindFileSystem, mark: "GFS2", re: re(`^GFS2: fsid=\S+: fatal: filesystem consistency error`), title: "GFS2: filesystem consistency error"},
	{kind: matrix.KindFileSystem, mark: "OCFS2", re: re(`^OCFS2: ERROR \(device [^)]*\): (` + namePattern + `): `), title: "OCFS2 error in $1"},
	{kind: matrix.KindFileSystem, mark: "REISERFS", re: re(`^REISERFS error \(device [^)]*\): (?:[\w-]+ )?(` + namePattern + `): `), title: "REISERFS error in $1"},
	{kind: matrix.KindFileSystem, mark: "NILFS", re: re(`^NILFS error \(device [^)]*\): (` + namePattern + `): `), title: "NILFS error in $1"},
}

// fileSystemRE is which file system a line is of, "XFS (vda)", in the ways to write it.
var fileSystemRE = re(`^([A-Za-z0-9-]+)[^(]{0,20}(\([^)]*\))`)

// fileSystem returns that, "" for none.
func fileSystem(text string) string {
	m := fileSystemRE.FindStringSubmatch(text)
	if m == nil {
		return ""
	}
	return m[1] + " " + m[2]
}

var xfsReports = oneOf(`^xfs_(?:corruption_error|error_report|stack_trace)$`)
