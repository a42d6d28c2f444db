// SPDX-License-Identifier: GPL-2.0-only
/*
 * words.c - a session is told to look for tags at words of other processes' memory that are not tags: no word gets out
 */
#define _GNU_SOURCE
#include <linux/capability.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "tags.h"

enum { NOBODY = 65534, SECRETS = 8 };

/* The memory of the victim's thread: secrets, with pointers to all kinds of memory among them, and one tag. */
static __thread struct {
	uint64_t words[SECRETS];
	const void *tag;
} own;

static struct set victims_labels;
static struct profbuf_label_set only_magic = { .magic = PROFBUF_LABELS_MAGIC, .zero = 1 };
static char text[64] __attribute__((aligned(8))) = "hunter2 hunter2 hunter2 hunter2";

static void fill_words(void)
{
	const uint64_t words[SECRETS] = {
		0x31323334, 0x2121217265746e75 & ~(3ULL << 62), 0x00007fffdeadbee8, (uintptr_t)text,
		(uintptr_t)&only_magic, (uintptr_t)&victims_labels + 8, (uintptr_t)fill_words, 0xffffffff81000000,
	};

	memcpy(own.words, words, sizeof(words));
	victims_labels = labels("tenant", "acme");
	own.tag = &victims_labels;
}

static int64_t offset_of(const void *variable)
{
	return (int64_t)((uint64_t)variable - thread_pointer());
}

/* A running session of a process whose memory is looked at word by word. */
struct look {
	int fd;
	pid_t pid;
	struct kt_stream stream;
};

static void look_begin(struct look *l, pid_t pid)
{
	struct profbuf_config config = kt_config();
	struct profbuf_info info = { .size = sizeof(info) };

	*l = (struct look){ .fd = kt_open(), .pid = pid };
	NEED(!ioctl(l->fd, PROFBUF_IOC_INFO, &info));
	config.flags = PROFBUF_CONFIG_USER | PROFBUF_CONFIG_TAGS | PROFBUF_CONFIG_SIDEBAND;
	config.kernel_depth = 0;
	config.user_depth = 1;
	config.filter = PROFBUF_FILTER_PROCESS;
	config.filter_id = pid;
	kt_configure(l->fd, &config);
	kt_start(l->fd);
}

/* Sets the tag source, and waits until there are samples with it. */
static int look_at(struct look *l, enum profbuf_tag_kind kind, enum profbuf_tls tls, uint64_t module, int64_t offset)
{
	struct profbuf_tag_source source = {
		.size = sizeof(source), .pid = l->pid, .kind = kind, .tls = tls, .module = module, .offset = offset,
	};
	uint64_t until = kt_counters(l->fd, -1).delivered + 5;

	if (ioctl(l->fd, PROFBUF_IOC_TAG_SOURCE, &source))
		return errno;
	while (kt_counters(l->fd, -1).delivered < until)
		kt_sleep(2 * MSEC);
	return 0;
}

/* Ends the session. Return: the number of samples with this tag. No sample or definition may have another one. */
static unsigned int look_end(struct look *l, uint64_t allowed)
{
	const struct profbuf_record *r = NULL;
	unsigned int n = 0, leaked = 0;

	finish(l->fd, &l->stream);
	while ((r = kt_next(&l->stream, r))) {
		uint64_t tag = 0;

		if (r->type == PROFBUF_RECORD_SAMPLE)
			tag = ((const struct profbuf_sample *)r)->tag;
		if (r->type == PROFBUF_RECORD_TAG)
			tag = ((const struct profbuf_tag *)r)->tag;
		n += r->type == PROFBUF_RECORD_SAMPLE && tag && tag == allowed;
		leaked += tag && tag != allowed;
	}
	CHECK(!leaked, "%u words left the process", leaked);
	CHECK(!memmem(l->stream.words, l->stream.n * 8, "hunter2", 7));
	kt_free(&l->stream);
	close(l->fd);
	return n;
}

/* Gives up everything, except CAP_PERFMON if @perfmon. */
static void become_nobody(bool perfmon)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = { 0 };

	NEED(!prctl(PR_SET_KEEPCAPS, perfmon));
	kt_become(NOBODY);
	data[CAP_PERFMON / 32].permitted = perfmon ? 1U << CAP_PERFMON % 32 : 0;
	data[CAP_PERFMON / 32].effective = data[CAP_PERFMON / 32].permitted;
	NEED(!syscall(SYS_capset, &header, data));
}

static pid_t victim;

/*
 * Looks at each word in turn, by the thread pointer and by glibc's vector. The victim was forked from this process, so
 * its vector is the same.
 */
static void look_at_words(void)
{
	uint64_t *dtv = *(uint64_t **)(thread_pointer() + 8);
	int64_t block = (int64_t)((uint64_t)&own - dtv[2]);
	struct look l;

	look_begin(&l, victim);
	for (int i = 0; i < SECRETS; i++) {
		CHECK(!look_at(&l, PROFBUF_TAG_LABELS, PROFBUF_TLS_STATIC, 0, offset_of(&own.words[i])));
		CHECK(!look_at(&l, PROFBUF_TAG_LABELS, PROFBUF_TLS_GLIBC, 1, block + i * 8));
	}
	CHECK(!look_at(&l, PROFBUF_TAG_LABELS, PROFBUF_TLS_STATIC, 0, offset_of(&own.tag)));
	CHECK(look_end(&l, (uintptr_t)&victims_labels) >= 3);
}

static void look_at_words_of_the_same_user(void)
{
	become_nobody(false);
	victim = kt_busy(-1, fill_words, NULL);
	look_at_words();
	kt_kill(victim);
}

/* A process of the same user may be named by its number alone, also where Yama would refuse process_vm_readv(). */
TEST(a_tag_source_reads_no_other_word)
{
	kt_in_child(look_at_words_of_the_same_user);
}

static void undumpable(void)
{
	fill_words();
	NEED(!prctl(PR_SET_DUMPABLE, 0));
}

static void look_at_words_with_perfmon(void)
{
	become_nobody(true);
	look_at_words();
}

TEST(cap_perfmon_reads_no_other_word_of_root)
{
	victim = kt_busy(-1, undumpable, NULL);
	kt_in_child(look_at_words_with_perfmon);
	kt_kill(victim);
}

/*
 * Two processes have the same variable with the same content at the same address; only in one it points to a label set.
 */
static void spoil_labels(void)
{
	victims_labels.head.magic++;
}

TEST(a_tag_that_was_seen_in_one_process_is_none_in_another)
{
	struct profbuf_config config = kt_config();
	struct kt_stream s = { 0 };
	unsigned int right, wrong;
	pid_t one, other;
	int fd = kt_open();

	fill_words();
	one = kt_busy(0, fill_words, NULL);
	/* Both are on one CPU: what the CPU remembers about one process must not be used for the other. */
	other = kt_busy(0, spoil_labels, NULL);
	config.filter = PROFBUF_FILTER_PROCESS;
	config.filter_id = getpid();
	kt_configure(fd, &config);
	kt_start(fd);
	for (pid_t pid = one; pid; pid = pid == one ? other : 0) {
		struct profbuf_tag_source source = {
			.size = sizeof(source), .pid = pid, .offset = offset_of(&own.tag),
		};
		uint64_t until = kt_counters(fd, -1).delivered + 60;

		NEED(!ioctl(fd, PROFBUF_IOC_TAG_SOURCE, &source));
		while (kt_counters(fd, -1).delivered < until)
			kt_sleep(10 * MSEC);
	}
	finish(fd, &s);
	right = count(&s, one, (uintptr_t)&victims_labels, NULL);
	wrong = count(&s, other, (uintptr_t)&victims_labels, NULL);
	ENOUGH(right > 5, "%u right, %u wrong", right, wrong);
	CHECK(!wrong, "%u right, %u wrong", right, wrong);
	ENOUGH(failed(fd, PROFBUF_TAG_BAD) > 5);
	kt_kill(one);
	kt_kill(other);
	kt_free(&s);
	close(fd);
}

/* Thread contexts have no magic */

static __thread void *own_context;
static struct { uint8_t ids[24], valid, flags; uint16_t size; uint8_t attrs[8]; } context;

static void set_context(void)
{
	memset(context.ids, 5, sizeof(context.ids));
	context.valid = 1;
	context.size = 5;
	memcpy(context.attrs, "\0\3abc", 5);
	own_context = &context;
}

static volatile bool *hide;

static void hide_when_told(void)
{
	if (*hide)
		prctl(PR_SET_DUMPABLE, 0);
	for (volatile int i = 0; i < 100000; i++)
		;
}

/* The number of samples with a tag. */
static unsigned int tagged(const struct kt_stream *s, uint64_t after)
{
	unsigned int n = 0;

	EACH_SAMPLE(p, s)
		n += p->tag && p->time > after;
	return n;
}

static void become_nobody_with_context(void)
{
	become_nobody(false);
	set_context();
}

/* As with Yama: without CAP_SYS_PTRACE, an opener may read thread contexts only of itself and its descendants. */
static void look_at_contexts_of_a_stranger(void)
{
	struct look l;

	become_nobody(false);
	look_begin(&l, victim);
	CHECK(look_at(&l, PROFBUF_TAG_OTEL, PROFBUF_TLS_STATIC, 0, offset_of(&own_context)) == EPERM);
	CHECK(look_at(&l, PROFBUF_TAG_OTEL, PROFBUF_TLS_GLIBC, 1, 0) == EPERM);
	CHECK(look_at(&l, PROFBUF_TAG_LABELS, PROFBUF_TLS_STATIC, 0, offset_of(&own_context)) == 0);
	CHECK(!look_end(&l, 0));
}

TEST(thread_contexts_of_ones_own_are_of_what_one_has_started)
{
	victim = kt_busy(-1, become_nobody_with_context, NULL);
	kt_in_child(look_at_contexts_of_a_stranger);
	kt_kill(victim);
}

static void look_at_contexts_with_perfmon(void)
{
	struct look l;
	uint64_t hidden, until;
	pid_t roots = victim;

	become_nobody(true);
	hide = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	NEED(hide != MAP_FAILED);
	victim = kt_busy(-1, set_context, hide_when_told);
	look_begin(&l, victim);
	CHECK(!look_at(&l, PROFBUF_TAG_OTEL, PROFBUF_TLS_STATIC, 0, offset_of(&own_context)));
	NEED(kt_read(l.fd, &l.stream) > 0);
	/* From here on the process is not the opener's own any more, but it is still sampled. */
	*hide = true;
	kt_sleep(100 * MSEC);
	hidden = kt_now();
	until = kt_counters(l.fd, -1).delivered + 10;
	while (kt_counters(l.fd, -1).delivered < until)
		kt_sleep(2 * MSEC);
	l.pid = roots;
	CHECK(look_at(&l, PROFBUF_TAG_OTEL, PROFBUF_TLS_STATIC, 0, offset_of(&own_context)) == EPERM);
	CHECK(look_at(&l, PROFBUF_TAG_LABELS, PROFBUF_TLS_STATIC, 0, offset_of(&own_context)) == 0);
	finish(l.fd, &l.stream);
	CHECK(tagged(&l.stream, 0) >= 3 && !tagged(&l.stream, hidden), "%u, %u after", tagged(&l.stream, 0),
	      tagged(&l.stream, hidden));
	ENOUGH(failed(l.fd, PROFBUF_TAG_RIGHTS) >= 5);
	CHECK(kt_check(&l.stream).tags_lost >= failed(l.fd, PROFBUF_TAG_RIGHTS));
	kt_kill(victim);
	kt_free(&l.stream);
	close(l.fd);
}

TEST(thread_contexts_of_others_need_cap_sys_ptrace)
{
	struct look l;

	victim = kt_busy(-1, set_context, NULL);
	kt_in_child(look_at_contexts_with_perfmon);
	/* With CAP_SYS_PTRACE, the thread contexts are read. */
	look_begin(&l, victim);
	CHECK(!look_at(&l, PROFBUF_TAG_OTEL, PROFBUF_TLS_STATIC, 0, offset_of(&own_context)));
	finish(l.fd, &l.stream);
	CHECK(tagged(&l.stream, 0) >= 3);
	kt_kill(victim);
	kt_free(&l.stream);
	close(l.fd);
}

int main(void)
{
	NEED(!chmod(PROFBUF_DEVICE, 0666));
	return kt_main();
}
