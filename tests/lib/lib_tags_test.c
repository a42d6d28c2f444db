// SPDX-License-Identifier: GPL-2.0-only
/*
 * lib_tags_test.c - libprofbuf: tags, label sets, threads, process contexts
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <linux/prctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib_test.h"
#include "record/otel_context.h"
#include "record/recorder.h"
#include "record/tag_recorder.h"

/* Returns the labels of event @i as text. */
static const char *labels_of(const struct profbuf_profile *p, size_t i)
{
	static char text[1024];
	const struct profbuf_labels *const *all, *set;
	const struct profbuf_event *events;
	size_t at = 0, n = profbuf_profile_labels(p, &all);

	profbuf_profile_events(p, &events);
	assert_true(events[i].labels < n);
	set = all[events[i].labels];
	assert_int_equal(set->id, events[i].labels);
	if (set->cause)
		return profbuf_tag_cause_name(set->cause);
	*text = 0;
	for (uint32_t k = 0; k < set->n; k++)
		at += snprintf(text + at, sizeof(text) - at, "%s%s=%s", k ? " " : "", set->all[k].key,
			       set->all[k].value);
	return text;
}

/* A stream has one sample of pid 7 at time 5, and what @make adds: checks the sample's labels. */
#define MEANS(make, wanted) do { \
	struct generated g = { 0 }; \
	struct profbuf_profile *p; \
	generate_info(&g, 1); \
	generate_process(&g, 1, 7, 3, "a", 0); \
	generate_tagged(&g, 5, 7, 7, 0x10); \
	make; \
	p = profile_of(&g); \
	assert_string_equal(labels_of(p, 0), wanted); \
	profbuf_profile_free(p); \
	generate_free(&g); \
} while (0)

#define TEXT(text)	generate_tag(&g, 1, 7, 0x10, PROFBUF_TAG_LABELS, text, sizeof(text))
/* Without the zero byte that C adds. */
#define BYTES(text)	generate_tag(&g, 1, 7, 0x10, PROFBUF_TAG_LABELS, text, sizeof(text) - 1)

TEST(label_sets)
{
	char many[4 * PROFBUF_LABELS_MAX + 4], longest[PROFBUF_LABELS_BYTES + 1];

	MEANS(TEXT("b\0002\0a\0001"), "a=1 b=2");
	MEANS(BYTES(""), "");
	MEANS(TEXT("a\0"), "a=");
	MEANS(TEXT("a\0001\0a\0002"), "a=1");
	MEANS(TEXT("\xff\0\n\x1b"), "\xff=\n\x1b");
	/* No zero byte at the end; a key without a value; no key; no meaning. */
	MEANS(BYTES("a\0001"), "bad");
	MEANS(TEXT("a"), "bad");
	MEANS(TEXT("a\0001\0b"), "bad");
	MEANS(TEXT("\0001"), "bad");
	MEANS(TEXT(""), "bad");
	MEANS((void)0, "undefined");
	MEANS(TEXT("a\0001")->cause = PROFBUF_TAG_FAULT, "fault");
	MEANS(TEXT("a\0001")->cause = PROFBUF_TAG_BAD, "bad");
	MEANS(TEXT("a\0001")->cause = 77, "bad");
	MEANS(TEXT("a\0001")->misc = 77, "undefined");
	for (unsigned int i = 0; i <= PROFBUF_LABELS_MAX; i++)
		memcpy(many + 4 * i, (char[]){ 'a' + i, 0, '1', 0 }, 4);
	MEANS(generate_tag(&g, 1, 7, 0x10, PROFBUF_TAG_LABELS, many, 4 * PROFBUF_LABELS_MAX),
	      "a=1 b=1 c=1 d=1 e=1 f=1 g=1 h=1 i=1 j=1 k=1 l=1 m=1 n=1 o=1 p=1");
	MEANS(generate_tag(&g, 1, 7, 0x10, PROFBUF_TAG_LABELS, many, sizeof(many)), "bad");
	memset(longest, 'x', sizeof(longest));
	longest[1] = longest[PROFBUF_LABELS_BYTES] = 0;
	MEANS(generate_tag(&g, 1, 7, 0x10, PROFBUF_TAG_LABELS, longest, sizeof(longest)), "bad");
}

/*
 * A tag means what its last definition up to that time says; before the first definition, what that one says. A tag
 * belongs to a process.
 */
TEST(tags_have_their_times)
{
	static const char *const expected[] = { "v=old", "v=old", "v=new", "v=new", "undefined", "v=out", "v=out", "" };
	struct generated g = { 0 };
	struct profbuf_profile *p;

	generate_info(&g, 1);
	generate_tag(&g, 20, 7, 0x10, PROFBUF_TAG_LABELS, "v\0new", 6);
	generate_tag(&g, 10, 7, 0x10, PROFBUF_TAG_LABELS, "v\0old", 6);
	generate_tag(&g, 10, 0, PROFBUF_TAG_OUTSIDE | 5, PROFBUF_TAG_LABELS, "v\0out", 6);
	generate_tag(&g, 10, 7, 0x11, PROFBUF_TAG_LABELS, "v\0eleven", 9);
	generate_tagged(&g, 5, 7, 7, 0x10);
	generate_tagged(&g, 19, 7, 8, 0x10);
	generate_tagged(&g, 20, 7, 7, 0x10);
	generate_tagged(&g, 99, 7, 7, 0x10);
	generate_tagged(&g, 15, 9, 9, 0x10);
	generate_tagged(&g, 15, 9, 9, PROFBUF_TAG_OUTSIDE | 5);
	generate_tagged(&g, 15, 7, 7, PROFBUF_TAG_OUTSIDE | 5);
	generate_tagged(&g, 15, 7, 7, 0);
	p = profile_of(&g);
	for (size_t i = 0; i < 8; i++)
		assert_string_equal(labels_of(p, i), expected[i]);
	profbuf_profile_free(p);
	generate_free(&g);
}

#define IDS	"\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f\x10\xa1\xa2\xa3\xa4\xa5\xa6\xa7\xa8"
#define NO_IDS	"\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
#define OTEL(text)	generate_tag(&g, 1, 7, 0x10, PROFBUF_TAG_OTEL, text, sizeof(text) - 1)
#define KEYS(start_time, text, n)	generate_otel_keys(&g, 7, start_time, text, n, sizeof(text))

TEST(thread_contexts)
{
	MEANS(OTEL(IDS "\1\0\0\0"), "span_id=a1a2a3a4a5a6a7a8 trace_id=0102030405060708090a0b0c0d0e0f10");
	MEANS(OTEL(NO_IDS "\1\0\0\0"), "");
	MEANS(OTEL(NO_IDS "\0\0\0\0"), "bad");
	MEANS(OTEL(NO_IDS "\2\0\0\0"), "bad");
	MEANS(OTEL(NO_IDS "\1\0\0"), "bad");
	MEANS(OTEL(""), "bad");
	MEANS(OTEL(NO_IDS "\1\0\3\0\4\1x"), "attr4=x");
	/*
	 * Attributes that are cut off, by the context's own size and by the record's; a key that comes twice has its
	 * last value.
	 */
	MEANS(OTEL(NO_IDS "\1\0\6\0\4\1x\5\2y"), "attr4=x");
	MEANS(OTEL(NO_IDS "\1\0\xff\xff\4\1x\5"), "attr4=x");
	MEANS(OTEL(NO_IDS "\1\0\3\0\4\1x\5\1y"), "attr4=x");
	MEANS(OTEL(NO_IDS "\1\0\6\0\4\1x\4\1y"), "attr4=y");
	MEANS(OTEL(NO_IDS "\1\0\5\0\4\3x\0y"), "attr4=x");
	/*
	 * Names of keys come from the last record of the process, or of its pid without a start time, but not of
	 * another process. An empty name is no name.
	 */
	MEANS({ OTEL(NO_IDS "\1\0\6\0\0\1x\1\1y"); KEYS(3, "k", 1); }, "attr1=y k=x");
	MEANS({ OTEL(NO_IDS "\1\0\6\0\0\1x\1\1y"); KEYS(3, "k", 1); KEYS(3, "k\0l", 2); }, "k=x l=y");
	MEANS({ OTEL(NO_IDS "\1\0\3\0\0\1x"); KEYS(4, "k", 1); }, "attr0=x");
	MEANS({ OTEL(NO_IDS "\1\0\3\0\0\1x"); KEYS(0, "k", 1); }, "k=x");
	MEANS({ OTEL(NO_IDS "\1\0\3\0\0\1x"); KEYS(3, "right", 1); KEYS(0, "k", 1); }, "right=x");
	MEANS({ OTEL(NO_IDS "\1\0\6\0\0\1x\1\1y"); KEYS(3, "\0l", 2); }, "attr0=x l=y");
	MEANS({ OTEL(NO_IDS "\1\0\6\0\0\1x\1\1y"); KEYS(3, "k\0k", 2); }, "k=x");
}

TEST(equal_label_sets_are_one)
{
	const struct profbuf_labels *const *all;
	const struct profbuf_event *events;
	struct profbuf_profile *p;
	struct generated g;
	int end;

	generate_tags(&g);
	p = profile_of(&g);
	assert_int_equal(profbuf_profile_events(p, &events), 100);
	assert_int_equal(events[0].labels, events[30].labels);
	assert_int_not_equal(events[0].labels, events[20].labels);
	assert_int_equal(events[45].labels, 0);
	assert_string_equal(labels_of(p, 60), "attr5=x http.route=/b span_id=a1a2a3a4a5a6a7a8 tenant=acme "
					      "trace_id=0102030405060708090a0b0c0d0e0f10");
	assert_int_equal(profbuf_profile_labels(p, &all), 8);
	profbuf_profile_free(p);
	/* The compact form keeps all of these records. */
	convert(&g, false, 10);
	assert_int_equal(check_begin(&g, &end), 121);
	assert_int_equal(end, 0);
	generate_free(&g);
}

static bool is_of_thread(const struct profbuf_event *e, const void *context)
{
	return e->tid == *(const uint32_t *)context;
}

TEST(threads_have_names_and_events_are_kept)
{
	const struct profbuf_thread_name *threads;
	const struct profbuf_event *events;
	const uint32_t tid = 101;
	struct profbuf_profile *p;
	struct generated g;

	generate_tags(&g);
	p = profile_of(&g);
	profbuf_profile_events(p, &events);
	assert_int_equal(profbuf_profile_threads(p, &threads), 2);
	assert_string_equal(profbuf_profile_thread_name(p, &events[0]), "web");
	assert_int_equal(profbuf_profile_thread(p, &events[0]), PROFBUF_NO_THREAD);
	assert_string_equal(profbuf_profile_thread_name(p, &events[30]), "worker");
	assert_string_equal(profbuf_profile_thread_name(p, &events[54]), "worker");
	assert_string_equal(profbuf_profile_thread_name(p, &events[55]), "idler");
	assert_int_equal(threads[profbuf_profile_thread(p, &events[55])].tid, 101);
	profbuf_profile_keep(p, is_of_thread, &tid);
	assert_int_equal(profbuf_profile_events(p, &events), 30);
	for (size_t i = 0; i < 30; i++)
		assert_int_equal(events[i].tid, 101);
	assert_int_equal(profbuf_profile_resolve(p), 0);
	assert_int_equal(profbuf_profile_events(p, &events), 30);
	profbuf_profile_free(p);
	generate_free(&g);
}

/* If a thread gets its old name again, it is the same thread, whatever name it had in between. */
TEST(a_thread_gets_its_name_back)
{
	const struct profbuf_event *events;
	struct generated g = { 0 };
	struct profbuf_profile *p;

	generate_info(&g, 1);
	generate_thread(&g, 10, 7, 8, "a");
	generate_thread(&g, 20, 7, 8, "b");
	generate_thread(&g, 30, 7, 8, "a");
	generate_thread(&g, 10, 9, 8, "other");
	for (int time = 5; time < 40; time += 10)
		generate_tagged(&g, time, 7, 8, 0);
	generate_tagged(&g, 35, 9, 8, 0);
	generate_tagged(&g, 5, 9, 8, 0);
	p = profile_of(&g);
	profbuf_profile_events(p, &events);
	assert_int_equal(profbuf_profile_thread(p, &events[0]), profbuf_profile_thread(p, &events[1]));
	assert_int_equal(profbuf_profile_thread(p, &events[1]), profbuf_profile_thread(p, &events[3]));
	assert_string_equal(profbuf_profile_thread_name(p, &events[2]), "b");
	assert_string_equal(profbuf_profile_thread_name(p, &events[4]), "other");
	assert_string_equal(profbuf_profile_thread_name(p, &events[5]), "other");
	profbuf_profile_free(p);
	generate_free(&g);
}

/* Process contexts */

/* attributes: threadlocal.schema_version = tls_v1; threadlocal.attribute_key_map = [http.route, tenant] */
static const char process_context[] =
	"\x12\x26\x0a\x1a" "threadlocal.schema_version" "\x12\x08\x0a\x06" "tls_v1"
	"\x12\x3b\x0a\x1d" "threadlocal.attribute_key_map" "\x12\x1a\x2a\x18"
	"\x0a\x0c\x0a\x0a" "http.route" "\x0a\x08\x0a\x06" "tenant";

static int parse(const char *payload, size_t bytes, char *text)
{
	struct profbuf_otel_keys_record *r = NULL;
	int err = profbuf_otel_keys_parse(payload, bytes, &r);
	const char *at = err ? NULL : r->text;

	*text = 0;
	for (uint32_t i = 0; !err && i < r->misc; i++, at += strlen(at) + 1)
		strcat(strcat(text, at), ";");
	free(r);
	return err;
}

TEST(process_contexts_are_parsed)
{
	char payload[sizeof(process_context)], text[256];
	size_t n = sizeof(process_context) - 1;

	assert_int_equal(parse(process_context, n, text), 0);
	assert_string_equal(text, "http.route;tenant;");
	assert_int_equal(parse("", 0, text), -ENOENT);
	memcpy(payload, process_context, sizeof(payload));
	memcpy(strstr(payload, "tls_v1"), "tls_v9", 6);
	assert_int_equal(parse(payload, n, text), -EPROTO);
	memcpy(strstr(payload, "tls_v9"), "tls_v1", 6);
	/* Cut at each byte, or with each bit flipped: the parser may return anything, but must do no harm. */
	for (size_t i = 0; i < n; i++) {
		char *cut = malloc(i + 1);

		memcpy(cut, payload, i);
		parse(cut, i, text);
		free(cut);
		for (int bit = 0; bit < 8; bit++) {
			payload[i] ^= 1 << bit;
			parse(payload, n, text);
			payload[i] ^= 1 << bit;
		}
	}
	assert_int_equal(parse("\x12\x28\x0a", 3, text), -EBADMSG);
}

struct context_header {
	char signature[8];
	uint32_t version, bytes;
	uint64_t published_at, payload;
};

enum publish { PUBLISH_MEMFD, PUBLISH_ANON, PUBLISH_WRONG, PUBLISH_NEVER, PUBLISH_NOWHERE };

/* Starts a process that publishes its context in the way @how, until its standard input ends. Return: its pid. */
static pid_t publisher(enum publish how, int *pipe_fd)
{
	struct context_header *h = MAP_FAILED;
	int fds[2], ready[2], fd;
	char byte = 'x';
	pid_t pid;

	assert_int_equal(pipe(fds), 0);
	assert_int_equal(pipe(ready), 0);
	pid = fork();
	if (!pid) {
		close(fds[1]);
		fd = how == PUBLISH_ANON ? -1 : memfd_create("OTEL_CTX", MFD_CLOEXEC);
		if (fd >= 0 && ftruncate(fd, 4096))
			_exit(1);
		h = mmap(NULL, 4096, PROT_READ | PROT_WRITE, fd < 0 ? MAP_PRIVATE | MAP_ANONYMOUS : MAP_PRIVATE, fd, 0);
		*h = (struct context_header){
			.version = 2, .bytes = sizeof(process_context) - 1, .published_at = how != PUBLISH_NEVER,
			.payload = how == PUBLISH_NOWHERE ? 8 : (uintptr_t)process_context,
		};
		memcpy(h->signature, how == PUBLISH_WRONG ? "OTEL_CTY" : "OTEL_CTX", 8);
		if (how == PUBLISH_ANON && prctl(PR_SET_VMA, PR_SET_VMA_ANON_NAME, h, 4096, "OTEL_CTX"))
			byte = '-';
		if (write(ready[1], &byte, 1) != 1)
			_exit(1);
		_exit(read(fds[0], &byte, 1) != 0);
	}
	close(fds[0]);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	close(ready[1]);
	*pipe_fd = fds[1];
	if (byte == 'x')
		return pid;
	/* This kernel has no names for anonymous memory. */
	close(fds[1]);
	waitpid(pid, NULL, 0);
	return 0;
}

TEST(process_contexts_of_processes)
{
	static const int expected[] = { 0, 0, -EBADMSG, -EAGAIN, -EBADMSG };
	struct profbuf_otel_keys_record *r;
	int fd;

	for (int how = PUBLISH_MEMFD; how <= PUBLISH_NOWHERE; how++) {
		pid_t pid = publisher(how, &fd);

		if (!pid)
			continue;
		assert_int_equal(profbuf_otel_keys_read(pid, &r), expected[how]);
		if (!expected[how]) {
			assert_int_equal(r->pid, pid);
			assert_int_equal(r->misc, 2);
			assert_string_equal(r->text, "http.route");
			assert_string_equal(r->text + 11, "tenant");
			free(r);
		}
		close(fd);
		waitpid(pid, NULL, 0);
		assert_int_equal(profbuf_otel_keys_read(pid, &r), -ESRCH);
	}
	assert_int_equal(profbuf_otel_keys_read(getpid(), &r), -ENOENT);
}

static int collect(const struct profbuf_record *record, void *context)
{
	struct generated *to = context;

	memcpy(generate(to, 0, 0, 0, record->len - 3), record, record->len * 8);
	return 0;
}

/* The recorder's records after the stream's are a valid stream; they name the keys of a real process, once. */
TEST(the_recorder_names_keys_and_cgroups)
{
	const struct profbuf_program *const *programs;
	struct generated g = { 0 }, made = { 0 };
	struct tag_recorder *recorder;
	const struct profbuf_record *r;
	struct profbuf_profile *p;
	struct profbuf_stream *s;
	struct stat root;
	size_t at;
	pid_t pid;
	int fd;

	pid = publisher(PUBLISH_MEMFD, &fd);
	generate_info(&g, 1);
	at = g.n;
	generate_process(&g, 1, pid, 3, "a", 0);
	if (!stat("/sys/fs/cgroup", &root))
		((struct profbuf_process *)(g.words + at))->cgroup = root.st_ino;
	generate_tagged(&g, 5, pid, pid, 0x10);
	for (int i = 0; i < 3; i++)
		generate_tag(&g, 1 + i, pid, 0x10, PROFBUF_TAG_OTEL, NO_IDS "\1\0\6\0\0\1x\1\1y", 34);
	assert_int_equal(tag_recorder_new(&recorder), 0);
	assert_int_equal(profbuf_stream_new(&s, g.words, g.n * 8), 0);
	while (profbuf_stream_next(s, &r) == 1)
		assert_int_equal(tag_recorder_add(recorder, r, collect, &made), 0);
	assert_int_equal(made.words[0], made.n);
	assert_int_equal(tag_recorder_emit(recorder, collect, &made), 0);
	tag_recorder_free(recorder);
	profbuf_stream_free(s);
	memcpy(generate(&g, 0, 0, 0, made.n - 3), made.words, made.n * 8);
	p = profile_of(&g);
	assert_string_equal(labels_of(p, 0), "http.route=x tenant=y");
	profbuf_profile_programs(p, &programs);
	/* Only if the cgroup hierarchy is mounted where the tool expects it. */
	if (made.words[0] != made.n)
		assert_string_equal(programs[0]->cgroup_path, "/");
	profbuf_profile_free(p);
	close(fd);
	waitpid(pid, NULL, 0);
	generate_free(&g);
	generate_free(&made);
}

/* Names are read once, while their process lives; a later part needs them, too. */
TEST(names_of_keys_are_in_each_part)
{
	struct generated g = { 0 }, made[2] = { { 0 }, { 0 } };
	struct recorder_part *parts[2];
	struct recorder *recorder = NULL;
	size_t bytes;
	pid_t pid;
	int fd;

	pid = publisher(PUBLISH_MEMFD, &fd);
	generate_process(&g, 1, pid, 3, "a", 0);
	generate_tag(&g, 1, pid, 0x10, PROFBUF_TAG_OTEL, NO_IDS "\1\0\6\0\0\1x\1\1y", 34);
	bytes = g.n * 8;
	for (int i = 0; i < 2; i++)
		assert_int_equal(recorder_part_new(&parts[i], collect, &made[i]), 0);
	/* On a busy machine the process may be too slow to have names. Another recorder asks it again. */
	for (int i = 0; i < 100 && made[0].n <= g.n; i++) {
		recorder_free(recorder);
		generate_free(&made[0]);
		assert_int_equal(recorder_new(&recorder, NULL, true), 0);
		assert_int_equal(recorder_add(recorder, parts[0], g.words, g.n), 0);
	}
	close(fd);
	waitpid(pid, NULL, 0);
	assert_int_equal(recorder_begin(recorder, parts[1]), 0);
	for (int i = 0; i < 2; i++) {
		const struct profbuf_otel_keys_record *keys = (const void *)(made[i].words + g.n);

		assert_true(made[i].n > g.n);
		assert_memory_equal(made[i].words, g.words, bytes);
		assert_int_equal(keys->type, PROFBUF_RECORD_OTEL_KEYS);
		assert_int_equal(keys->pid, pid);
		assert_int_equal(made[i].n, g.n + keys->len);
		recorder_part_free(parts[i]);
		generate_free(&made[i]);
	}
	recorder_free(recorder);
	generate_free(&g);
}
