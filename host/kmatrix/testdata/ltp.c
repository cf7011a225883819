// Reports as tests of the Linux Test Project do: why, on standard error, as its
// library of today or the old one (on standard output) prints it; the summary on standard
// output; by exit code how it ended. Its first argument says how it is to end. Before, it
// writes as many MiB into TMPDIR as the second says, and reads them back; with a third it
// makes a disk of them, too.
#include <errno.h>
#include <fcntl.h>
#include <linux/loop.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/statfs.h>
#include <unistd.h>

enum { TFAIL = 1, TBROK = 2, TWARN = 4, TCONF = 32 };

static int summary(int code)
{
	printf("\nSummary:\npassed   %d\nfailed   %d\nbroken   %d\nskipped  %d\nwarnings 0\n",
	       code == 0, !!(code & TFAIL), !!(code & TBROK), !!(code & TCONF));
	return code;
}

/* Makes a MiB another than all others, in each of its pages. */
static void stamp(char *block, int mib)
{
	for (int at = 0; at < 1 << 20; at += 4096)
		*(int *)(block + at) = mib + 1;
}

static int fill(const char *dir, int mib)
{
	static char block[1 << 20], back[1 << 20];
	char name[4096];
	struct statfs fs;
	int fd, i;

	snprintf(name, sizeof(name), "%s/test_dev.img", dir);
	if (statfs(dir, &fs) != 0 || (fd = open(name, O_RDWR | O_CREAT | O_EXCL, 0600)) < 0) {
		fprintf(stderr, "tst_device.c:96: TBROK: open(%s): %s (%d)\n", name, strerror(errno), errno);
		return -1;
	}
	fprintf(stderr, "tst_device.c:97: TINFO: %s is on %lx, %llu MiB are free\n", dir, (long)fs.f_type,
		(unsigned long long)fs.f_bavail * fs.f_bsize >> 20);
	for (i = 0; i < mib; i++) {
		stamp(block, i);
		// A write that the room ends is short, and the next one says why.
		ssize_t n = write(fd, block, sizeof(block));

		if (n > 0 && n < (ssize_t)sizeof(block))
			n = write(fd, block + n, sizeof(block) - n);
		if (n <= 0) {
			fprintf(stderr, "tst_device.c:99: TBROK: Failed to write MiB %d of test_dev.img: %s (%d)\n", i, strerror(errno), errno);
			return -1;
		}
	}
	for (i = 0; i < mib; i++) {
		stamp(block, i);
		if (pread(fd, back, sizeof(back), (off_t)i << 20) != sizeof(back) || memcmp(block, back, sizeof(back)) != 0) {
			fprintf(stderr, "tst_device.c:105: TFAIL: MiB %d is not what was written\n", i);
			return -1;
		}
	}
	return fd;
}

/* Makes a disk of the file and reads its last MiB from that. */
static int attach(int file, int mib)
{
	static char block[1 << 20], back[1 << 20];
	int control = open("/dev/loop-control", O_RDWR), number, fd;
	char name[64];

	if (control < 0 || (number = ioctl(control, LOOP_CTL_GET_FREE)) < 0) {
		fprintf(stderr, "tst_device.c:354: TBROK: Failed to acquire device: %s (%d)\n", strerror(errno), errno);
		return -1;
	}
	snprintf(name, sizeof(name), "/dev/loop%d", number);
	stamp(block, mib - 1);
	if ((fd = open(name, O_RDWR)) < 0 || ioctl(fd, LOOP_SET_FD, file) != 0 ||
	    pread(fd, back, sizeof(back), (off_t)(mib - 1) << 20) != sizeof(back) || memcmp(block, back, sizeof(back)) != 0) {
		fprintf(stderr, "tst_device.c:180: TBROK: %s: %s (%d)\n", name, strerror(errno), errno);
		return -1;
	}
	fprintf(stderr, "tst_device.c:96: TINFO: Found free device %d '%s'\n", number, name);
	return ioctl(fd, LOOP_CLR_FD, 0);
}

int main(int argc, char **argv)
{
	const char *dir = getenv("TMPDIR");
	char here[4096];

	setvbuf(stdout, NULL, _IOFBF, 0);
	fprintf(stderr, "tst_test.c:1733: TINFO: LTP version: 20240524\n");
	if (argc > 2) {
		if (!dir || !getcwd(here, sizeof(here)) || strcmp(dir, here) != 0) {
			fprintf(stderr, "tst_tmpdir.c:40: TBROK: TMPDIR is %s, and this is %s\n", dir, here);
			return summary(TBROK);
		}
		int mib = atoi(argv[2]), file = fill(dir, mib);

		if (file < 0 || (argc > 3 && attach(file, mib) != 0))
			return summary(TBROK);
	}
	if (strcmp(argv[1], "conf") == 0) {
		fprintf(stderr, "splice07.c:54: TCONF: fsopen() not supported\n");
		return summary(TCONF);
	}
	if (strcmp(argv[1], "brok") == 0) {
		fprintf(stderr, "tst_device.c:354: TBROK: Failed to acquire device\n");
		fprintf(stderr, "tst_test.c:1900: TINFO: cleaning up\n");
		return summary(TBROK);
	}
	if (strcmp(argv[1], "old") == 0) {
		printf("tee01       1  TCONF  :  tee01.c:52: tee() not supported\n");
		printf("tee01       2  TCONF  :  tee01.c:52: Remaining cases not appropriate for configuration\n");
		return TCONF;
	}
	fprintf(stderr, "splice02.c:88: TPASS: splice() moved it\n");
	return summary(0);
}
