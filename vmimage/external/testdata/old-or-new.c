/*
 * Says what a pipe delivers of a page that was spliced into it and then
 * overwritten: standard output must be a pipe.
 */
#define _GNU_SOURCE
#include <err.h>
#include <fcntl.h>
#include <unistd.h>

int main(int argc, char *argv[])
{
	static const char before[] = "before", after[] = "after.";
	int fd;

	if (argc != 2)
		errx(2, "want the name of a file");
	fd = open(argv[1], O_CREAT | O_TRUNC | O_RDWR, 0600);
	if (fd < 0)
		err(1, "open %s", argv[1]);
	if (pwrite(fd, before, 6, 0) != 6)
		err(1, "write %s", argv[1]);
	if (splice(fd, NULL, STDOUT_FILENO, NULL, 6, 0) != 6)
		err(1, "splice to standard output");
	if (pwrite(fd, after, 6, 0) != 6)
		err(1, "write %s again", argv[1]);
	return 0;
}
