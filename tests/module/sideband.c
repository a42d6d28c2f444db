// SPDX-License-Identifier: GPL-2.0-only
/*
 * sideband.c - what explains samples: processes, mappings, markers
 */
#define _GNU_SOURCE
#include <elf.h>
#include <link.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "kt.h"

static const struct profbuf_process *find_process(const struct kt_stream *s, uint32_t pid)
{
	const struct profbuf_process *found = NULL;
	const struct profbuf_record *r = NULL;

	while ((r = kt_next(s, r))) {
		const struct profbuf_process *p = (const struct profbuf_process *)r;

		if (r->type == PROFBUF_RECORD_PROCESS && p->pid == pid)
			found = p;	/* the last one counts */
	}
	return found;
}

/* Returns the mapping that an address lies in, from the last description of a process. */
static const struct profbuf_mapping *find_mapping(const struct kt_stream *s, uint32_t pid, uint64_t address)
{
	const struct profbuf_mapping *found = NULL;
	const struct profbuf_record *r = NULL;

	while ((r = kt_next(s, r))) {
		const struct profbuf_mapping *m = (const struct profbuf_mapping *)r;

		if (r->type == PROFBUF_RECORD_MAPPING && m->pid == pid && m->start <= address && address < m->end)
			found = m;
	}
	return found;
}

/* Gets the build id of this program, as its own program headers have it. */
static int own_build_id(struct dl_phdr_info *info, size_t size, void *to)
{
	(void)size;
	for (int i = 0; i < info->dlpi_phnum; i++) {
		const Elf64_Phdr *p = &info->dlpi_phdr[i];
		const Elf64_Nhdr *n = (const void *)(info->dlpi_addr + p->p_vaddr);

		if (p->p_type == PT_NOTE && n->n_type == NT_GNU_BUILD_ID && n->n_namesz == 4) {
			memcpy(to, (const char *)(n + 1) + 4, 20);
			return 20;
		}
	}
	return -1;	/* stop after the first object: the program */
}

TEST(own_process_and_executable)
{
	struct profbuf_config config = kt_config();
	const struct profbuf_mapping *m;
	const struct profbuf_process *p;
	struct kt_stream s = { 0 };
	unsigned char build_id[20];
	char path[4096];
	struct stat st;
	int fd = kt_open();

	kt_configure(fd, &config);
	kt_run_session(fd, 200 * MSEC, &s);
	p = find_process(&s, getpid());
	CHECK(p, "no process");
	if (!p)
		return;
	CHECK(!strcmp(p->comm, "sideband") && p->ppid == (uint32_t)getppid() && p->ns_pid == (uint32_t)getpid());
	CHECK(p->uid == getuid() && p->start_time && p->nr_mappings >= 3 && !p->misc);
	m = find_mapping(&s, getpid(), (uintptr_t)&test_own_process_and_executable);
	CHECK(m && m->start_time == p->start_time, "no mapping");
	if (!m)
		return;
	NEED(readlink("/proc/self/exe", path, sizeof(path)) > 0);
	path[readlink("/proc/self/exe", path, sizeof(path))] = 0;
	CHECK(!strcmp(m->path, path), "%s, not %s", m->path, path);
	NEED(!stat(path, &st));
	CHECK(m->inode == st.st_ino, "%llu, not %llu", (unsigned long long)m->inode, (unsigned long long)st.st_ino);
	NEED(dl_iterate_phdr(own_build_id, build_id) == 20);
	CHECK(m->build_id_len == 20 && !memcmp(m->build_id, build_id, 20));
	CHECK(find_mapping(&s, getpid(), p->exe_start) == m);
	kt_free(&s);
	close(fd);
}

/*
 * A thousand programs live for 5 ms each, and are gone before anyone could look at them. Each one that was sampled is
 * described, with the mapping that its interrupted instruction lies in.
 */
TEST(short_lived_processes_have_mappings)
{
	enum { N = 1000, PIDS = 1 << 16 };
	static struct { bool ours, sampled, described, mapped; uint64_t ip; } p[PIDS];
	struct profbuf_counters_get get;
	unsigned int sampled = 0, undescribed = 0, unmapped = 0;
	struct profbuf_config config = kt_config();
	const struct profbuf_record *r = NULL;
	struct kt_stream s = { 0 };
	int fd = kt_open();

	config.ring_bytes = 8 << 20;
	kt_configure(fd, &config);
	kt_start(fd);
	for (int i = 0; i < N; i++) {
		pid_t pid = fork();

		NEED(pid >= 0);
		if (!pid) {
			execl("/proc/self/exe", "short", NULL);
			_exit(127);
		}
		waitpid(pid, NULL, 0);
		p[pid % PIDS].ours = true;
	}
	kt_stop(fd);
	get = kt_all_counters(fd);
	kt_drain(fd, &s);
	kt_check(&s);
	while ((r = kt_next(&s, r))) {
		const struct profbuf_sample *sample = (const struct profbuf_sample *)r;

		/* The last sample of user code is in the new program. */
		if (r->type != PROFBUF_RECORD_SAMPLE || (sample->mode & PROFBUF_MODE_MASK) != PROFBUF_MODE_USER)
			continue;
		p[sample->pid % PIDS].sampled = true;
		p[sample->pid % PIDS].ip = sample->frames[sample->nr_kernel];
	}
	while ((r = kt_next(&s, r))) {
		const struct profbuf_process *process = (const struct profbuf_process *)r;
		const struct profbuf_mapping *m = (const struct profbuf_mapping *)r;

		if (r->type == PROFBUF_RECORD_PROCESS)
			p[process->pid % PIDS].described = true;
		else if (r->type == PROFBUF_RECORD_MAPPING)
			p[m->pid % PIDS].mapped |= m->start <= p[m->pid % PIDS].ip && p[m->pid % PIDS].ip < m->end;
	}
	for (int i = 0; i < PIDS; i++) {
		sampled += p[i].ours && p[i].sampled;
		undescribed += p[i].ours && p[i].sampled && !p[i].described;
		unmapped += p[i].ours && p[i].sampled && !p[i].mapped;
	}
	printf("# %u of %d sampled, %u not described, %u without the mapping, lost %llu\n", sampled, N, undescribed,
	       unmapped, (unsigned long long)kt_undescribed(&get));
	CHECK(sampled > N / 10 && !undescribed && !unmapped);
	/*
	 * If the start of a program takes many periods, a CPU may keep a change waiting that the other CPU requests,
	 * too.
	 */
	CHECK(kt_undescribed(&get) <= (sampled > N / 2 ? N / 10 : N / 20));
	CHECK(get.sideband_processes >= sampled);
	kt_free(&s);
	close(fd);
}

/* Code that is mapped later is described when a sample comes after it. */
TEST(new_mapping_is_described)
{
	struct profbuf_config config = kt_config();
	struct kt_stream s = { 0 };
	int fd = kt_open();
	char *code;

	kt_configure(fd, &config);
	kt_start(fd);
	kt_spin(100 * MSEC);
	code = mmap(NULL, 8192, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	NEED(code != MAP_FAILED);
	kt_spin(100 * MSEC);
	kt_stop(fd);
	kt_drain(fd, &s);
	kt_check(&s);
	{
		const struct profbuf_mapping *m = find_mapping(&s, getpid(), (uintptr_t)code);

		CHECK(m && m->misc == PROFBUF_MAPPING_ANON && !m->build_id_len, "not described");
	}
	munmap(code, 8192);
	kt_free(&s);
	close(fd);
}

/* A new name and a new program each bring a new description. */
TEST(new_name_is_described)
{
	struct profbuf_config config = kt_config();
	const struct profbuf_record *r = NULL;
	struct kt_stream s = { 0 };
	bool old_name = false, new_name = false;
	int fd = kt_open();
	pid_t pid;

	kt_configure(fd, &config);
	kt_start(fd);
	pid = fork();
	if (!pid) {
		kt_spin(100 * MSEC);
		execl("/bin/bash", "bash", "-c", "i=0; while [ $i -lt 3000 ]; do i=$((i+1)); done", NULL);
		_exit(1);
	}
	waitpid(pid, NULL, 0);
	kt_stop(fd);
	kt_drain(fd, &s);
	kt_check(&s);
	while ((r = kt_next(&s, r))) {
		const struct profbuf_process *p = (const struct profbuf_process *)r;

		if (r->type != PROFBUF_RECORD_PROCESS || p->pid != (uint32_t)pid)
			continue;
		old_name |= !strcmp(p->comm, "sideband");
		new_name |= !strcmp(p->comm, "bash");
	}
	CHECK(old_name && new_name);
	kt_free(&s);
	close(fd);
}

TEST(marker_is_in_the_stream)
{
	struct profbuf_config config = kt_config();
	static char longest[PROFBUF_MARKER_MAX + 1];
	char *volatile nowhere = NULL;
	const struct profbuf_record *r = NULL;
	struct kt_stream s = { 0 };
	unsigned int found = 0;
	int fd = kt_open();
	uint64_t before;

	memset(longest, 'x', sizeof(longest));
	kt_configure(fd, &config);
	kt_start(fd);
	before = kt_now();
	CHECK(write(fd, "phase two", 9) == 9);
	CHECK(write(fd, longest, PROFBUF_MARKER_MAX) == PROFBUF_MARKER_MAX);
	CHECK(write(fd, longest, PROFBUF_MARKER_MAX + 1) == -1 && errno == EINVAL);
	CHECK(write(fd, nowhere, 8) == -1 && errno == EFAULT);
	CHECK(write(fd, "", 0) == 0);
	kt_stop(fd);
	kt_drain(fd, &s);
	kt_check(&s);
	while ((r = kt_next(&s, r))) {
		const struct profbuf_marker *m = (const struct profbuf_marker *)r;

		if (r->type != PROFBUF_RECORD_MARKER)
			continue;
		CHECK(m->pid == (uint32_t)getpid() && m->tid == (uint32_t)getpid());
		CHECK(m->time >= before && m->time <= kt_now());
		if (!found)
			CHECK(m->misc == 9 && !strcmp(m->text, "phase two"));
		else
			CHECK(m->misc == PROFBUF_MARKER_MAX && !memcmp(m->text, longest, PROFBUF_MARKER_MAX));
		found++;
	}
	CHECK(found == 2, "%u", found);
	kt_free(&s);
	close(fd);
}

/* Markers that nobody reads fill the queue. The writer gets an error, and the samples are still accounted for. */
TEST(full_sideband_is_said_and_harmless)
{
	struct profbuf_config config = kt_config();
	static char text[PROFBUF_MARKER_MAX];
	struct kt_stream s = { 0 };
	struct kt_sums sums;
	unsigned int n = 0;
	int fd = kt_open();

	memset(text, 'y', sizeof(text));
	kt_configure(fd, &config);
	kt_start(fd);
	while (write(fd, text, sizeof(text)) == sizeof(text) && n < 100000)
		n++;
	ENOUGH(n > 100, "%u", n);
	CHECK(errno == EAGAIN && n < 4000, "%u", n);
	kt_spin(100 * MSEC);
	kt_stop(fd);
	kt_drain(fd, &s);
	sums = kt_check(&s);
	ENOUGH(sums.all_samples > 50);
	CHECK(sums.markers == n);
	for (int cpu = 0; cpu < (int)sums.info->nr_cpus; cpu++)
		CHECK(sums.final[cpu].ticks == kt_accounted(&sums.final[cpu]));
	kt_free(&s);
	close(fd);
}

static uint64_t not_taken(int fd)
{
	return kt_all_counters(fd).sideband_lost[PROFBUF_SIDEBAND_LIMIT];
}

/*
 * While there is no room for a description, it is requested once and not with every tick; when there is room, it is
 * requested once more.
 */
TEST(what_did_not_fit_is_described_when_there_is_room)
{
	struct profbuf_config config = kt_config();
	static char text[PROFBUF_MARKER_MAX];
	const struct profbuf_record *r = NULL;
	struct kt_stream s = { 0 };
	bool described = false;
	int fd = kt_open();
	uint64_t lost;
	pid_t pid;

	memset(text, 'y', sizeof(text));
	kt_configure(fd, &config);
	kt_start(fd);
	while (write(fd, text, sizeof(text)) == sizeof(text))
		;
	while (write(fd, text, 1) == 1)
		;
	lost = not_taken(fd);
	pid = kt_spinner(1);
	kt_spin(SEC);
	lost = not_taken(fd) - lost;
	printf("# %llu descriptions were not taken\n", (unsigned long long)lost);
	CHECK(lost > 0 && lost < 100);
	while (s.n * sizeof(*s.words) < 6 << 20)
		NEED(kt_read(fd, &s) > 0);
	kt_spin(SEC);
	kt_end_session(fd, &s);
	while ((r = kt_next(&s, r)))
		described |= r->type == PROFBUF_RECORD_PROCESS &&
			     ((const struct profbuf_process *)r)->pid == (__u32)pid;
	CHECK(described);
	kt_kill(pid);
	kt_free(&s);
	close(fd);
}

/* The MODULE records are exactly the modules in /proc/modules, with their addresses. This module is one of them. */
TEST(modules_are_those_of_proc)
{
	const struct profbuf_record *r = NULL;
	unsigned int listed = 0, found = 0;
	struct kt_stream s = { 0 };
	char line[512], name[64];
	unsigned long long start;
	int fd = kt_open();
	FILE *f;

	kt_start(fd);
	kt_read(fd, &s);
	f = fopen("/proc/modules", "r");
	NEED(f);
	while (fgets(line, sizeof(line), f)) {
		NEED(sscanf(line, "%63s %*s %*s %*s %*s %llx", name, &start) == 2);
		listed++;
		for (r = NULL; (r = kt_next(&s, r));) {
			const struct profbuf_module *m = (const void *)r;

			if (r->type != PROFBUF_RECORD_MODULE || strcmp(m->name, name))
				continue;
			found++;
			CHECK(m->start == start && m->end > start, "%s: %llx", name, (unsigned long long)m->start);
			if (!strcmp(name, "profbuf"))
				CHECK(kt_symbol("profbuf_poll") >= m->start && kt_symbol("profbuf_poll") < m->end);
		}
	}
	fclose(f);
	kt_stop(fd);
	kt_drain(fd, &s);
	CHECK(listed && found == listed && kt_check(&s).modules == listed, "%u of %u", found, listed);
	kt_free(&s);
	close(fd);
}

TEST(none_when_not_asked_for)
{
	struct profbuf_config config = kt_config();
	struct kt_stream s = { 0 };
	struct kt_sums sums;
	int fd = kt_open();

	config.flags &= ~PROFBUF_CONFIG_SIDEBAND;
	kt_configure(fd, &config);
	sums = kt_run_session(fd, 100 * MSEC, &s);
	CHECK(!sums.processes && !sums.mappings && !sums.threads && !sums.modules && sums.all_samples);
	kt_free(&s);
	close(fd);
}

int main(int argc, char **argv)
{
	(void)argc;
	if (!strcmp(argv[0], "short")) {
		kt_spin(5 * MSEC);
		return 0;
	}
	return kt_main();
}
