// SPDX-License-Identifier: GPL-2.0-only
/*
 * sideband.c - what samples mean: processes, mappings, markers
 */
#define _GNU_SOURCE
#include <elf.h>
#include <link.h>
#include <pthread.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>

#include "kt.h"

static const struct profbuf_process *find_process(const struct kt_stream *s, uint32_t pid)
{
	const struct profbuf_process *found = NULL;
	const struct profbuf_record *r = NULL;

	while ((r = kt_next(s, r))) {
		const struct profbuf_process *p = (const struct profbuf_process *)r;

		if (r->type == PROFBUF_RECORD_PROCESS && p->pid == pid)
			found = p;	/* the last one */
	}
	return found;
}

/* The mapping of a process that an address lies in, of its last description. */
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

/* The build id of this program, as its own program headers have it. */
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
	return -1;	/* only the first object: the program */
}

static void own_process_and_executable(void)
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
	m = find_mapping(&s, getpid(), (uintptr_t)&own_process_and_executable);
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
 * A thousand programs that live for 5 ms, gone before anyone could look at them: each that was sampled is described,
 * with the mapping that its interrupted instruction lies in.
 */
static void short_lived_processes_have_mappings(void)
{
	enum { N = 1000, PIDS = 1 << 16 };
	static struct { bool ours, sampled, described, mapped; uint64_t ip; } p[PIDS];
	struct profbuf_counters_get get = { .size = sizeof(get), .cpu = PROFBUF_CPU_NONE };
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
	NEED(!ioctl(fd, PROFBUF_IOC_COUNTERS, &get));
	kt_drain(fd, &s);
	kt_check(&s);
	while ((r = kt_next(&s, r))) {
		const struct profbuf_sample *sample = (const struct profbuf_sample *)r;

		/* The last sample of user code: in the new program. */
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
	printf("# %u of %d sampled, %u not described, %u without the mapping, lost %llu %llu %llu\n", sampled, N,
	       undescribed, unmapped, (unsigned long long)get.sideband_lost[0],
	       (unsigned long long)get.sideband_lost[1], (unsigned long long)get.sideband_lost[2]);
	CHECK(sampled > N / 4 && !undescribed && !unmapped);
	CHECK(!get.sideband_lost[0] && !get.sideband_lost[1] && !get.sideband_lost[2]);
	CHECK(get.sideband_processes >= sampled);
	kt_free(&s);
	close(fd);
}

/* Code that appears later is described when a sample comes after it. */
static void new_mapping_is_described(void)
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

/* Does the last description that is not younger have a mapping there? */
static bool is_mapped_at(const struct kt_stream *s, uint32_t pid, uint64_t time, uint64_t address)
{
	const struct profbuf_record *r = NULL;
	uint64_t latest = 0;
	bool found = false;

	while ((r = kt_next(s, r))) {
		const struct profbuf_process *p = (const struct profbuf_process *)r;
		const struct profbuf_mapping *m = (const struct profbuf_mapping *)r;

		if (r->type == PROFBUF_RECORD_PROCESS && p->pid == pid && r->time <= time && r->time >= latest) {
			latest = r->time;
			found = false;
		} else if (r->type == PROFBUF_RECORD_MAPPING && m->pid == pid && r->time == latest) {
			found |= m->start <= address && address < m->end;
		}
	}
	return found;
}

/* A process on CPU 1 that is described again and again; its fork() has its mappings locked for most of the time. */
static pid_t start_forker(void)
{
	enum { BYTES = 128 << 20 };
	pid_t pid = fork();
	char *memory;

	NEED(pid >= 0);
	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	kt_pin(1);
	memory = mmap(NULL, BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	NEED(memory != MAP_FAILED);
	/* Many pages to copy. EINVAL: a kernel without huge ones. */
	NEED(!madvise(memory, BYTES, MADV_NOHUGEPAGE) || errno == EINVAL);
	memset(memory, 1, BYTES);
	for (;;) {
		char *code = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		NEED(code != MAP_FAILED);
		for (volatile int i = 0; i < 10000; i++)
			;
		pid = fork();
		if (!pid)
			_exit(0);
		waitpid(pid, NULL, 0);
		munmap(code, 4096);
	}
}

/*
 * Code is new on one CPU, and runs on another one at once: its description is as old as its first sample (a bug
 * once: the worker took what the other CPU had asked for later, and then had nothing to add for the first one).
 */
static void descriptions_are_as_old_as_the_code(void)
{
	enum { ROUNDS = 200, DISTANCE = 1 << 16 };
	const uint64_t first = 0x100000000000, last = first + ROUNDS * DISTANCE;
	/* dec %rdi; jnz; ret */
	static const uint8_t text[] = { 0x48, 0xff, 0xcf, 0x75, 0xfb, 0xc3 };
	struct profbuf_counters_get get = { .size = sizeof(get), .cpu = PROFBUF_CPU_NONE };
	struct profbuf_config config = kt_config();
	unsigned int all = 0, unmapped = 0;
	struct kt_reader reader;
	cpu_set_t cpus;
	pid_t forker;

	config.period = 50000;
	config.ring_bytes = 2 << 20;
	config.flags &= ~PROFBUF_CONFIG_IDLE;
	forker = start_forker();
	NEED(!sched_getaffinity(0, sizeof(cpus), &cpus));
	kt_sleep(SEC);
	kt_reader_start(&reader, &config);
	for (int i = 0; i < ROUNDS; i++) {
		char *code = mmap((void *)(first + i * DISTANCE), 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
				  MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);

		NEED(code != MAP_FAILED);
		memcpy(code, text, sizeof(text));
		for (int k = 0; k < 2; k++) {
			kt_pin((i + k) % 2);
			((void (*)(uint64_t))code)(100000);
		}
	}
	NEED(!sched_setaffinity(0, sizeof(cpus), &cpus));
	kt_kill(forker);
	kt_reader_stop(&reader);
	NEED(!ioctl(reader.fd, PROFBUF_IOC_COUNTERS, &get));
	EACH_SAMPLE(p, &reader.stream) {
		uint64_t ip = p->nr_user ? p->frames[p->nr_kernel] : 0;

		if (p->pid == (uint32_t)getpid() && ip >= first && ip < last) {
			all++;
			unmapped += !is_mapped_at(&reader.stream, getpid(), p->time, ip);
		}
	}
	printf("# %u samples, %u without a mapping; %llu processes described, lost %llu %llu %llu\n", all, unmapped,
	       (unsigned long long)get.sideband_processes, (unsigned long long)get.sideband_lost[0],
	       (unsigned long long)get.sideband_lost[1], (unsigned long long)get.sideband_lost[2]);
	CHECK(all > 20 && unmapped <= get.sideband_lost[0] + get.sideband_lost[1] + get.sideband_lost[2]);
	for (int i = 0; i < ROUNDS; i++)
		munmap((void *)(first + i * DISTANCE), 4096);
	kt_free(&reader.stream);
	close(reader.fd);
}

/* A new name is a new description; so is a new program. */
static void new_name_is_described(void)
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

static void *named_thread(void *name)
{
	prctl(PR_SET_NAME, "second name");
	kt_spin(100 * MSEC);
	prctl(PR_SET_NAME, name);
	kt_spin(100 * MSEC);
	return (void *)(intptr_t)syscall(SYS_gettid);
}

/* A thread's own name, and the one it takes later: once each, and again for an older sample on another CPU. */
static void threads_have_their_names(void)
{
	struct profbuf_config config = kt_config();
	const struct profbuf_record *r = NULL;
	unsigned int second = 0, third = 0;
	struct kt_stream s = { 0 };
	int fd = kt_open();
	pthread_t thread;
	void *tid;

	kt_configure(fd, &config);
	kt_start(fd);
	NEED(!pthread_create(&thread, NULL, named_thread, "a third name"));
	NEED(!pthread_join(thread, &tid));
	kt_stop(fd);
	kt_drain(fd, &s);
	kt_check(&s);
	while ((r = kt_next(&s, r))) {
		const struct profbuf_thread *t = (const struct profbuf_thread *)r;

		if (r->type != PROFBUF_RECORD_THREAD || t->tid != (uint32_t)(intptr_t)tid)
			continue;
		CHECK(t->pid == (uint32_t)getpid() && t->start_time);
		second += !strcmp(t->comm, "second name");
		third += !strcmp(t->comm, "a third name");
	}
	CHECK(second && second < 4 && third && third < 4, "%u %u", second, third);
	kt_free(&s);
	close(fd);
}

static void *short_thread(void *arg)
{
	kt_spin(200000);
	return arg;
}

/*
 * A thread that exits has let go of the memory before its last sample: that says nothing of the process, whose mappings
 * stay what they were (a bug once: an empty description replaced them).
 */
static void exiting_threads_leave_the_mappings(void)
{
	struct profbuf_config config = kt_config();
	unsigned int descriptions = 0, empty = 0;
	const struct profbuf_record *r = NULL;
	struct kt_stream s = { 0 };
	pthread_t threads[8];
	int fd = kt_open();
	uint64_t end;

	config.period = 50000;
	config.ring_bytes = 8 << 20;
	kt_configure(fd, &config);
	kt_start(fd);
	for (end = kt_now() + 2000 * MSEC; kt_now() < end;) {
		for (int i = 0; i < 8; i++)
			NEED(!pthread_create(&threads[i], NULL, short_thread, NULL));
		for (int i = 0; i < 8; i++)
			pthread_join(threads[i], NULL);
	}
	kt_stop(fd);
	kt_drain(fd, &s);
	kt_check(&s);
	while ((r = kt_next(&s, r))) {
		const struct profbuf_process *p = (const struct profbuf_process *)r;

		if (r->type != PROFBUF_RECORD_PROCESS || p->pid != (uint32_t)getpid())
			continue;
		descriptions++;
		empty += !p->nr_mappings;
	}
	CHECK(descriptions && !empty, "%u descriptions, %u of them empty", descriptions, empty);
	kt_free(&s);
	close(fd);
}

/* Is what is sampled of @n processes described? Counts samples without user code into @late. */
static unsigned int undescribed(const struct kt_stream *s, const pid_t *pids, int n, unsigned int *late)
{
	const struct profbuf_record *r = NULL;
	unsigned int missing = 0;

	for (int i = 0; i < n; i++) {
		bool sampled = false, in_user = false, described = false, mapped = false;

		while ((r = kt_next(s, r))) {
			const struct profbuf_process *p = (const struct profbuf_process *)r;
			const struct profbuf_sample *sample = (const struct profbuf_sample *)r;

			if (r->type == PROFBUF_RECORD_SAMPLE && sample->pid == (uint32_t)pids[i]) {
				sampled = true;
				in_user |= sample->nr_user;
				*late += !sample->nr_user;
			} else if (r->type == PROFBUF_RECORD_PROCESS && p->pid == (uint32_t)pids[i]) {
				described = true;
				mapped |= p->nr_mappings;
				/* Nothing is left to be said of it only when it exits. */
				CHECK(p->nr_mappings || p->misc & PROFBUF_PROCESS_EXITING);
			}
		}
		missing += (sampled && !described) || (in_user && !mapped);
	}
	return missing;
}

/*
 * The first thread ends before the others, and who waits for the process takes it away while the last one is still on
 * its way out: no sample of that one may look at it (a bug once, seen by KASAN).
 */
static void threads_that_outlive_their_first(void)
{
	enum { N = 200 };
	struct profbuf_config config = kt_config();
	struct kt_stream s = { 0 };
	unsigned int late = 0, missing;
	static pid_t pids[N];
	int fd = kt_open();

	config.period = 50000;
	config.ring_bytes = 8 << 20;
	kt_configure(fd, &config);
	kt_start(fd);
	for (int i = 0; i < N; i++) {
		pids[i] = fork();
		NEED(pids[i] >= 0);
		if (!pids[i]) {
			pthread_t thread;

			for (int k = 0; k < 3; k++)
				pthread_create(&thread, NULL, short_thread, NULL);
			pthread_exit(NULL);
		}
		waitpid(pids[i], NULL, 0);
	}
	kt_stop(fd);
	kt_drain(fd, &s);
	kt_check(&s);
	missing = undescribed(&s, pids, N, &late);
	printf("# %u samples without user code, %u processes not described\n", late, missing);
	CHECK(late && !missing);
	kt_free(&s);
	close(fd);
}

/*
 * What the first process of a pid namespace sees of itself, of its child and of the others. A thread that has been
 * reaped has no number in the namespace any more while it runs its last; it was once taken for a process without code.
 */
static void look_from_inside(void)
{
	unsigned int own = 0, of_child = 0, outside = 0, described = 0, reaped = 0;
	struct profbuf_config config = kt_config();
	const struct profbuf_record *r = NULL;
	struct kt_stream s = { 0 };
	int fd = kt_open();
	pthread_t thread;
	uint64_t end;
	pid_t child;

	config.period = 50000;
	config.ring_bytes = 16 << 20;
	kt_configure(fd, &config);
	kt_start(fd);
	child = fork();
	kt_spin(300 * MSEC);
	if (!child)
		_exit(0);
	CHECK(getpid() == 1 && child == 2);
	waitpid(child, NULL, 0);
	for (end = kt_now() + SEC; kt_now() < end;) {
		NEED(!pthread_create(&thread, NULL, short_thread, NULL));
		pthread_join(thread, NULL);
	}
	kt_stop(fd);
	kt_drain(fd, &s);
	kt_check(&s);
	while ((r = kt_next(&s, r))) {
		const struct profbuf_sample *sample = (const struct profbuf_sample *)r;
		const struct profbuf_process *p = (const struct profbuf_process *)r;

		if (r->type == PROFBUF_RECORD_PROCESS) {
			CHECK(p->pid == 1 || p->pid == 2, "%u", p->pid);
			CHECK(p->ns_pid == p->pid && p->nr_mappings, "%u, in its namespace %u, %u mappings", p->pid,
			      p->ns_pid, p->nr_mappings);
			described |= p->pid;
		}
		if (r->type != PROFBUF_RECORD_SAMPLE)
			continue;
		CHECK(sample->pid <= 2, "%u", sample->pid);
		CHECK(!sample->tid || sample->pid == 1 || sample->tid == sample->pid, "%u %u", sample->pid,
		      sample->tid);
		reaped += sample->pid && !sample->tid;
		own += sample->pid == 1;
		of_child += sample->pid == 2;
		outside += !sample->pid;
	}
	printf("# %u samples of threads that had been reaped\n", reaped);
	CHECK(own > 50 && of_child > 50 && outside && described == 3, "%u %u %u %u", own, of_child, outside, described);
	kt_free(&s);
	close(fd);
}

/* The numbers of processes are those that the one who opened the device knows them by; others have none. */
static void pids_are_those_of_the_openers_namespace(void)
{
	pid_t pid, noise = fork();
	int status;

	NEED(noise >= 0);
	if (!noise) {
		kt_spin(10 * SEC);
		_exit(0);
	}
	fflush(stdout);
	pid = fork();
	NEED(pid >= 0);
	if (!pid) {
		NEED(!unshare(CLONE_NEWPID));
		pid = fork();
		NEED(pid >= 0);
		if (!pid) {
			look_from_inside();
			fflush(stdout);
			_exit(kt_failed);
		}
		NEED(waitpid(pid, &status, 0) == pid);
		_exit(status ? 1 : 0);
	}
	NEED(waitpid(pid, &status, 0) == pid);
	CHECK(!status);
	kill(noise, SIGKILL);
	waitpid(noise, NULL, 0);
}

static void marker_is_in_the_stream(void)
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

/* A writer without a reader fills the queue, is told so, and the samples' arithmetic does not care. */
static void full_sideband_is_said_and_harmless(void)
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
	CHECK(errno == EAGAIN && n > 100 && n < 4000, "%u", n);
	kt_spin(100 * MSEC);
	kt_stop(fd);
	kt_drain(fd, &s);
	sums = kt_check(&s);
	CHECK(sums.markers == n && sums.all_samples > 50);
	for (int cpu = 0; cpu < (int)sums.info->nr_cpus; cpu++)
		CHECK(sums.final[cpu].ticks == kt_accounted(&sums.final[cpu]));
	kt_free(&s);
	close(fd);
}

/* All that /proc/modules has, which says where each begins, and no other; this module is one of them. */
static void modules_are_those_of_proc(void)
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

static void none_when_not_asked_for(void)
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
	RUN(own_process_and_executable);
	RUN(short_lived_processes_have_mappings);
	RUN(new_mapping_is_described);
	RUN(descriptions_are_as_old_as_the_code);
	RUN(new_name_is_described);
	RUN(threads_have_their_names);
	RUN(exiting_threads_leave_the_mappings);
	RUN(threads_that_outlive_their_first);
	RUN(pids_are_those_of_the_openers_namespace);
	RUN(marker_is_in_the_stream);
	RUN(full_sideband_is_said_and_harmless);
	RUN(modules_are_those_of_proc);
	RUN(none_when_not_asked_for);
	return kt_done();
}
