// SPDX-License-Identifier: GPL-2.0-only
/*
 * jit_map_test.c - maps of code made at run time: files that are not maps, and lines of every kind
 *
 * The maps are those of this process: /tmp/perf-PID.map. Tests about other users and other roots run only as root.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../tap.h"
#include "base/file.h"
#include "itself.h"
#include "symbols/jit_map.h"
#include "watch.h"

static char map_path[64], other_path[80];
static struct jit_process self;

static bool find_self(void)
{
	self = (struct jit_process){ .pid = getpid(), .uid = getuid(), .start_time = start_time_of(getpid()) };
	snprintf(map_path, sizeof(map_path), "/tmp/perf-%d.map", getpid());
	snprintf(other_path, sizeof(other_path), "%s.other", map_path);
	return self.start_time != 0;
}

static void remove_maps(void)
{
	unlink(map_path);
	unlink(other_path);
}

/* A bug once: the path was opened before it was known what it is, even if it was a device. */
TEST(a_map_that_is_no_file_is_not_opened, .teardown = remove_maps)
{
	int watch;

	assert_int_equal(mkfifo(other_path, 0600), 0);
	watch = watch_begin(other_path);
	assert_true(watch >= 0);
	assert_int_equal(symlink(other_path, map_path), 0);
	assert_int_equal(jit_map_open(&self), -1);
	assert_int_equal(jit_map_open_here(&self), -1);
	assert_int_equal(unlink(map_path), 0);
	assert_int_equal(rename(other_path, map_path), 0);
	assert_int_equal(jit_map_open(&self), -1);
	assert_int_equal(jit_map_open_here(&self), -1);
	assert_false(watch_end(watch));
}

static bool is_found(void)
{
	int fd = jit_map_open(&self), here = jit_map_open_here(&self);

	assert_int_equal(fd < 0, here < 0);
	if (fd < 0)
		return false;
	close(fd);
	close(here);
	return true;
}

static void make_map(const char *path, mode_t mode)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);

	assert_true(fd >= 0);
	assert_int_equal(fchmod(fd, mode), 0);
	close(fd);
}

TEST(a_map_is_found, .teardown = remove_maps)
{
	assert_false(is_found());
	make_map(map_path, 0600);
	assert_true(is_found());
}

/* A bug once: a link to a file of root's was followed, which the process could not read, and its lines became names. */
TEST(a_map_that_is_a_link_is_not_followed, .teardown = remove_maps)
{
	make_map(other_path, 0600);
	assert_int_equal(symlink(other_path, map_path), 0);
	assert_false(is_found());
	assert_int_equal(unlink(map_path), 0);
	assert_int_equal(symlink(strrchr(other_path, '/') + 1, map_path), 0);
	assert_false(is_found());
	/* A hard link is the other way to give somebody else's file a second name. */
	assert_int_equal(unlink(map_path), 0);
	assert_int_equal(link(other_path, map_path), 0);
	assert_false(is_found());
	assert_int_equal(unlink(other_path), 0);
	assert_true(is_found());
	assert_int_equal(unlink(map_path), 0);
	assert_int_equal(mkdir(map_path, 0700), 0);
	assert_false(is_found());
	assert_int_equal(rmdir(map_path), 0);
}

TEST(a_map_of_somebody_else_is_none, .teardown = remove_maps)
{
	const struct jit_process own = self;

	if (getuid())
		skip();
	make_map(map_path, 0600);
	/* After a rename or a mount, the file may be one that only root can read. */
	self.uid = 1000;
	assert_false(is_found());
	assert_int_equal(chmod(map_path, 0644), 0);
	assert_true(is_found());
	assert_int_equal(chown(map_path, 1001, 1001), 0);
	assert_false(is_found());
	assert_int_equal(chown(map_path, 1000, 1000) | chmod(map_path, 0600), 0);
	assert_true(is_found());
	self = own;
	assert_false(is_found());
}

static char jail[32];

static void in_jail(char path[80], const char *name)
{
	snprintf(path, 80, "%s/%s", jail, name);
}

/* Starts a process whose root directory is the jail; it ends when the pipe is closed. */
static pid_t start_prisoner(int *input)
{
	int in[2], out[2];
	pid_t pid;
	char byte;

	assert_int_equal(pipe2(in, O_CLOEXEC) | pipe2(out, O_CLOEXEC), 0);
	pid = fork();
	if (!pid) {
		close(in[1]);
		if (chroot(jail) || chdir("/") || write(out[1], "", 1) != 1 || read(in[0], &byte, 1) < 0)
			_exit(1);
		_exit(0);
	}
	assert_int_equal(read(out[0], &byte, 1), 1);
	close(in[0]);
	close(out[0]);
	close(out[1]);
	*input = in[1];
	return pid;
}

/*
 * The process's map is found in its root when /tmp is a link to a place in the jail, and not when it is a link out of
 * it.
 */
TEST(a_map_is_looked_for_in_the_root_of_its_process, .teardown = remove_maps)
{
	static const char *const links[] = { "inside", "/inside", "../../../../../inside", "outer/inside" };
	char path[80], name[80], outside[80];
	struct jit_process process;
	int input, fd;
	pid_t pid;

	if (getuid())
		skip();
	snprintf(jail, sizeof(jail), "/tmp/jail-%d", getpid());
	assert_int_equal(mkdir(jail, 0755), 0);
	pid = start_prisoner(&input);
	process = (struct jit_process){ .pid = pid, .start_time = start_time_of(pid) };
	in_jail(path, "inside");
	assert_int_equal(mkdir(path, 0755), 0);
	snprintf(name, sizeof(name), "inside/perf-%d.map", pid);
	in_jail(path, name);
	make_map(path, 0600);
	snprintf(outside, sizeof(outside), "/tmp/perf-%d.map", pid);
	in_jail(path, "outer");
	assert_int_equal(symlink("/", path), 0);
	in_jail(path, "tmp");
	for (size_t i = 0; i < sizeof(links) / sizeof(*links); i++) {
		assert_int_equal(symlink(links[i], path), 0);
		fd = jit_map_open(&process);
		assert_true(fd >= 0);
		close(fd);
		assert_int_equal(unlink(path), 0);
	}
	make_map(outside, 0600);
	assert_int_equal(symlink("/tmp", path), 0);
	assert_int_equal(jit_map_open(&process), -1);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(symlink("../tmp", path), 0);
	assert_int_equal(jit_map_open(&process), -1);
	assert_int_equal(unlink(path), 0);
	/* The same in a jail that has /proc. */
	in_jail(name, "proc");
	assert_int_equal(mkdir(name, 0755), 0);
	assert_int_equal(mount("/proc", name, NULL, MS_BIND, NULL), 0);
	snprintf(name, sizeof(name), "/proc/%d/root/tmp", getpid());
	assert_int_equal(symlink(name, path), 0);
	fd = jit_map_open(&process);
	in_jail(name, "proc");
	assert_int_equal(umount2(name, MNT_DETACH), 0);
	assert_int_equal(fd, -1);
	close(input);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_int_equal(unlink(path) | unlink(outside) | rmdir(name), 0);
	in_jail(path, "outer");
	assert_int_equal(unlink(path), 0);
	snprintf(name, sizeof(name), "inside/perf-%d.map", pid);
	in_jail(path, name);
	assert_int_equal(unlink(path), 0);
	in_jail(path, "inside");
	assert_int_equal(rmdir(path) | rmdir(jail), 0);
}

/* Returns the inode of what is opened for a path in the root of the process; 0: nothing is opened. */
static uint64_t file_of(pid_t pid, const char *path)
{
	char name[128];
	struct stat st;
	int fd;

	snprintf(name, sizeof(name), "/proc/%d/root/%s", pid, path);
	fd = file_open(name, 0);
	if (fd < 0)
		return 0;
	assert_int_equal(fstat(fd, &st), 0);
	close(fd);
	return st.st_ino;
}

/* A bug once: if a program or a library in a jail was a link, a file of the host was opened. */
TEST(a_file_below_the_root_of_a_process_is_in_that_root, .teardown = remove_maps)
{
	static const char *const inside[] = { "file", "/file", "../../file", "dir/file", "/dir/../dir/file", "same" };
	char path[80], link[80], up[96];
	const char *const outside[] = { other_path, up, "/proc/self/root/file", "fifo", "dir", "link" };
	struct stat st;
	int input;
	pid_t pid;

	if (getuid())
		skip();
	snprintf(jail, sizeof(jail), "/tmp/jail-%d", getpid());
	snprintf(up, sizeof(up), "../../..%s", other_path);
	make_map(other_path, 0600);
	assert_int_equal(mkdir(jail, 0755), 0);
	in_jail(path, "file");
	make_map(path, 0600);
	assert_int_equal(stat(path, &st), 0);
	in_jail(link, "same");
	assert_int_equal(symlink("/file", link), 0);
	in_jail(link, "dir");
	assert_int_equal(symlink("/", link), 0);
	in_jail(link, "fifo");
	assert_int_equal(mkfifo(link, 0600), 0);
	in_jail(link, "link");
	pid = start_prisoner(&input);
	for (size_t i = 0; i < sizeof(inside) / sizeof(*inside); i++) {
		assert_int_equal(symlink(inside[i], link), 0);
		assert_int_equal(file_of(pid, "link"), st.st_ino);
		assert_int_equal(unlink(link), 0);
	}
	for (size_t i = 0; i < sizeof(outside) / sizeof(*outside); i++) {
		assert_int_equal(symlink(outside[i], link), 0);
		assert_int_equal(file_of(pid, "link"), 0);
		assert_int_equal(unlink(link), 0);
	}
	assert_int_equal(file_of(pid, other_path), 0);
	close(input);
	waitpid(pid, NULL, 0);
	for (size_t i = 0; i < 4; i++) {
		static const char *const names[] = { "file", "same", "dir", "fifo" };

		in_jail(path, names[i]);
		assert_int_equal(unlink(path), 0);
	}
	assert_int_equal(rmdir(jail), 0);
}

/* The hole up to 1 TiB is one line. A bug once: that line was read completely. */
TEST(a_sparse_map_takes_no_memory, .teardown = remove_maps)
{
	static const struct {
		off_t at;
		const char *text;
	} parts[] = {
		{ 0, "1000 10 first\n2000 10 " }, { 3 << 20, " after nothing\n3000 10 third\n" },
		/* No more than this is read, and the line that is cut off there does not count. */
		{ (256L << 20) - 12, "\n4000 10 half of it\n5000 10 too far\n" },
	};
	struct strings strings = { 0 };
	struct jit_map map = { 0 };
	int fd = open(map_path, O_RDWR | O_CREAT, 0600);
	long before = peak_memory();

	assert_int_equal(ftruncate(fd, 1L << 40), 0);
	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++)
		assert_true(pwrite(fd, parts[i].text, strlen(parts[i].text), parts[i].at) > 0);
	assert_true(jit_map_read(&map, &strings, fd));
	assert_true(peak_memory() - before < 32);
	assert_int_equal(map.n, 2);
	assert_string_equal(map.all[0].name, "first");
	assert_string_equal(map.all[1].name, "third");
	jit_map_exit(&map);
	strings_exit(&strings);
}

TEST(long_lines_of_a_map_are_passed_over, .teardown = remove_maps)
{
	static const size_t lengths[] = { 12, 100, 32768, 65533, 65534, 65535, 65536, 65537, 131072, 300000 };
	static char line[300001];

	for (size_t i = 0; i < sizeof(lengths) / sizeof(*lengths) * 2; i++) {
		size_t n = lengths[i / 2];
		struct strings strings = { 0 };
		struct jit_map map = { 0 };
		int fd = open(map_path, O_RDWR | O_CREAT | O_TRUNC, 0600);

		/* Any part of this line would be a valid line by itself. */
		for (size_t k = 0; k < n; k++)
			line[k] = k % 2 ? ' ' : '1';
		line[n] = '\n';
		assert_int_equal(write(fd, "2000 10 before\n", 15), 15);
		assert_int_equal(write(fd, line, n + 1), n + 1);
		/* With and without a newline after the last line. */
		assert_int_equal(write(fd, "3000 10 after\n", 14 - i % 2), 14 - i % 2);
		assert_true(jit_map_read(&map, &strings, fd));
		assert_int_equal(map.n, n < 65535 ? 3 : 2);
		assert_string_equal(map.all[0].name, "before");
		assert_string_equal(map.all[map.n - 1].name, "after");
		if (n < 65535)
			assert_int_equal(strlen(map.all[1].name), n - 4);
		jit_map_exit(&map);
		strings_exit(&strings);
	}
}

TEST(a_map_has_no_more_entries_than_there_is_room_for, .teardown = remove_maps)
{
	struct strings strings = { 0 };
	struct jit_map map = { 0 };
	FILE *f = fopen(map_path, "w");

	for (int i = 0; i < (4 << 20) + 3; i++)
		fputs("1 1 a\n", f);
	fclose(f);
	assert_true(jit_map_read(&map, &strings, open(map_path, O_RDONLY)));
	assert_int_equal(map.n, 4 << 20);
	jit_map_exit(&map);
	strings_exit(&strings);
}

/* Checks what is found at each address against the entries, in their order. */
#define SPACE	64

static void check(const struct jit_entry *entries, size_t n)
{
	const char *names[SPACE] = { NULL };
	struct jit_map map = { 0 };

	for (size_t i = 0; i < n; i++) {
		assert_true(jit_map_add(&map, entries[i].start, entries[i].end, entries[i].name));
		for (uint64_t at = entries[i].start; at < entries[i].end; at++)
			names[at] = entries[i].name;
	}
	assert_true(jit_map_sort(&map));
	for (uint64_t at = 0; at < SPACE; at++) {
		const struct jit_entry *found = jit_map_find(&map, at);

		assert_ptr_equal(found ? found->name : NULL, names[at]);
	}
	/* The pieces are as large as possible. */
	for (size_t i = 1; i < map.n; i++)
		assert_true(map.all[i].start >= map.all[i - 1].end + (map.all[i].order == map.all[i - 1].order));
	jit_map_exit(&map);
}

/* A bug once: the later entry replaced the earlier one only if both began at the same address. */
TEST(a_later_entry_replaces_what_it_overlaps)
{
	static const struct jit_entry over[] = { { 20, 30, 0, "old" }, { 10, 40, 0, "new" } };
	static const struct jit_entry inside[] = { { 10, 40, 0, "old" }, { 20, 30, 0, "new" } };
	static const struct jit_entry same[] = { { 10, 40, 0, "old" }, { 10, 20, 0, "new" }, { 30, 40, 0, "newer" } };
	static const struct jit_entry chain[] = {
		{ 30, 50, 0, "c" }, { 0, 20, 0, "a" }, { 10, 40, 0, "b" }, { 35, 36, 0, "d" }, { 15, 60, 0, "e" },
		{ 55, 64, 0, "f" }, { 58, 59, 0, "g" }, { 0, 2, 0, "h" },
	};

	check(over, 2);
	check(inside, 2);
	check(same, 3);
	for (size_t n = 0; n <= sizeof(chain) / sizeof(*chain); n++)
		check(chain, n);
}

TEST(any_entries)
{
	static const char names[40];
	struct jit_entry entries[40];
	uint64_t seed = 1;

	for (int round = 0; round < 20000; round++) {
		size_t n = round % 40;

		for (size_t i = 0; i < n; i++) {
			seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
			entries[i].start = (seed >> 40) % SPACE;
			entries[i].end = entries[i].start + (seed >> 50) % (SPACE - entries[i].start + 1);
			entries[i].name = &names[i];
		}
		check(entries, n);
	}
}

/* Without a sweep over the sorted entries this would take hours. */
TEST(many_entries_over_one_another)
{
	const struct jit_entry *found;
	struct jit_map map = { 0 };
	uint64_t n = 300000;

	for (uint64_t i = 0; i < n; i++)
		assert_true(jit_map_add(&map, i, 2 * n - i, i % 2 ? "odd" : "even"));
	assert_true(jit_map_sort(&map));
	assert_int_equal(map.n, 2 * n - 1);
	for (uint64_t i = 0; i < n; i++) {
		found = jit_map_find(&map, i);
		assert_non_null(found);
		assert_int_equal(found->order, i);
		assert_ptr_equal(jit_map_find(&map, 2 * n - 1 - i)->name, found->name);
	}
	assert_null(jit_map_find(&map, 2 * n));
	jit_map_exit(&map);
}

int main(void)
{
	return find_self() ? tap_cmocka_main() : 1;
}
