package oops

import "kmatrix/matrix"

// rulesOfFileSystems are of file systems that find their data corrupt: fs/xfs/xfs_error.c,
// fs/ext4/super.c, fs/btrfs/messages.c, fs/fuse/dev.c.
var rulesOfFileSystems = []rule{
	{mark: "XFS", re: re(`^XFS \([^)]{1,64}\): Internal error (?:.{1,64} in (\w+)|(\w+)) at line `), title: "XFS: Internal error in $1$2", kind: matrix.KindFileSystem},
	{mark: "XFS", re: re(`^XFS \([^)]{1,64}\): (Metadata (?:corruption|CRC error)) detected at ` + funcPattern), title: "XFS: $1 detected in $2", kind: matrix.KindFileSystem},
	{mark: "XFS", re: re(`^XFS \([^)]{1,64}\): (Corruption (?:of in-memory data|warning))`), title: "XFS: $1", kind: matrix.KindFileSystem},
	{mark: "EXT4-fs error", re: re(`^EXT4-fs error \(device [^)]{1,64}\)(?: in|:) (\w+)`), title: "EXT4-fs error in $1", kind: matrix.KindFileSystem},
	{mark: "BTRFS", re: re(`^BTRFS critical \([^)]{1,128}\): ([a-zA-Z][a-zA-Z ]*[a-zA-Z])`), title: "BTRFS critical: $1", kind: matrix.KindFileSystem},
	{mark: "BTRFS", re: re(`^BTRFS (?:error|warning) \([^)]{1,128}\): (corrupt \w+|bad (?:tree block|fsid)\w*|checksum verify failed|checksum error|csum failed|parent transid verify failed)`), title: "BTRFS error: $1", kind: matrix.KindFileSystem},
	{mark: "BTRFS", re: re(`^BTRFS:? error \(device [^)]{1,128}\) in (\w+):\d+`), title: "BTRFS error in $1", kind: matrix.KindFileSystem},
	{mark: "weird page", re: re(`trying to steal weird page`), title: "fuse: trying to steal weird page", kind: matrix.KindFileSystem},
}
