// SPDX-License-Identifier: GPL-2.0-only
/*
 * profbuf_tags.c - which tag a thread has now, and what it means
 */
#include <linux/pid.h>
#include <linux/rcupdate.h>
#include <linux/sched/mm.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "profbuf_compat.h"
#include "profbuf_labels.h"
#include "profbuf_session.h"
#include "profbuf_places.h"
#include "profbuf_tags.h"
#include "profbuf_unwind.h"
#include "profbuf_user.h"

/* A hash of a thread context; no address has it, and no tag from outside. */
#define TAG_HASHED	BIT_ULL(62)

/* OTEP 4947's record: offsets of what is looked at here. */
#define OTEL_HEADER	28
#define OTEL_VALID	24
#define OTEL_SIZE	26

/* Tables of signatures: entries in a row that may have one. */
#define WAYS	8

/* The tick: the tag */

/* The block of a module's thread-local variables, by the thread's vector of them; 0: this thread has none yet. */
static bool read_block(const struct profbuf_location *at, u64 tp, u64 *block)
{
	bool glibc = at->tls == PROFBUF_TLS_GLIBC;
	u64 entry = glibc ? 16 : 8, dtv, length;

	/* The vector's length is in front of it (glibc), or its first word (musl). */
	if (!profbuf_user_words(&dtv, tp + 8, 1) || !profbuf_user_words(&length, glibc ? dtv - 16 : dtv, 1))
		return false;
	*block = 0;
	if (at->module > length)
		return true;
	if (!profbuf_user_words(block, dtv + at->module * entry, 1))
		return false;
	if (*block == U64_MAX)
		*block = 0;
	return true;
}

static noinline bool read_dynamic(const struct profbuf_location *at, u64 tp, u64 *pointer)
{
	u64 block;

	*pointer = 0;
	if (!read_block(at, tp, &block))
		return false;
	return !block || profbuf_user_words(pointer, block + at->offset, 1);
}

static __always_inline bool read_pointer(const struct profbuf_location *at, u64 tp, u64 *pointer)
{
	if (likely(at->tls == PROFBUF_TLS_STATIC))
		return profbuf_user_words(pointer, tp + at->offset, 1);
	return read_dynamic(at, tp, pointer);
}

static u64 hash_context(const u64 *words, unsigned int n)
{
	u64 h = n;
	unsigned int i;

	for (i = 0; i < n; i++)
		h = (h ^ words[i]) * GOLDEN_RATIO_64 ^ h >> 29;
	return profbuf_hash(h) >> 2 | TAG_HASHED;
}

/*
 * Attributes end at the first one that does not fit, or is not text. Returns the bytes of those before: what comes
 * after is nobody's, and does not leave the process.
 */
static unsigned int attributes_bytes(const u8 *at, unsigned int size)
{
	unsigned int bytes = 0, next;

	while (bytes + 2 <= size) {
		next = bytes + 2 + at[bytes + 1];
		if (next > size || memchr(at + bytes + 2, 0, at[bytes + 1]))
			break;
		bytes = next;
	}
	return bytes;
}

static void count_failed(struct profbuf_cpu *c, enum profbuf_tag_cause cause)
{
	atomic64_inc(&c->session->tags.failed[cause]);
}

/* A thread context changes in place, so it is read whole at each sample; 0: the thread has none now. */
static noinline bool read_context(struct profbuf_cpu *c, const struct profbuf_location *at, u64 tp, u64 *tag)
{
	struct profbuf_cpu_tags *tags = c->tags;
	u8 *to = (u8 *)tags->otel;
	unsigned int bytes;
	u64 from;
	u16 size;

	*tag = 0;
	if (!read_pointer(at, tp, &from))
		return false;
	if (!from)
		return true;
	if (copy_from_user_nofault(to, (const void __user *)from, OTEL_HEADER))
		return false;
	if (to[OTEL_VALID] != 1)
		return true;
	memcpy(&size, to + OTEL_SIZE, sizeof(size));
	/* More than there may be is cut off, at an attribute's end. */
	bytes = min_t(unsigned int, size, PROFBUF_LABELS_BYTES);
	if (copy_from_user_nofault(to + OTEL_HEADER, (const void __user *)from + OTEL_HEADER, bytes))
		return false;
	bytes = attributes_bytes(to + OTEL_HEADER, bytes);
	if (bytes != size)
		count_failed(c, PROFBUF_TAG_BAD);
	size = bytes;
	memcpy(to + OTEL_SIZE, &size, sizeof(size));
	tags->otel_bytes = OTEL_HEADER + bytes;
	memset(to + tags->otel_bytes, 0, -tags->otel_bytes & 7);
	*tag = hash_context(tags->otel, PROFBUF_WORDS(tags->otel_bytes));
	return true;
}

/* The tag the thread has set itself; 0: none, or @cause says why it is not known. */
static __always_inline u64 own_tag(struct profbuf_cpu *c, const struct profbuf_place *place, struct pt_regs *regs,
				   enum profbuf_tag_cause *cause)
{
	const struct profbuf_location *labels = &place->at[PROFBUF_TAG_LABELS], *otel = &place->at[PROFBUF_TAG_OTEL];
	u64 tp, tag = 0;
	bool ok = true;

	if (!profbuf_thread_pointer(regs, &tp)) {
		*cause = PROFBUF_TAG_CONTEXT;
		goto out_failed;
	}
	profbuf_user_begin();
	if (labels->known)
		ok = read_pointer(labels, tp, &tag);
	/* No pointer has these bits. */
	if (ok && unlikely(tag & (TAG_HASHED | PROFBUF_TAG_OUTSIDE)))
		*cause = PROFBUF_TAG_BAD;
	else if (ok && !tag && otel->known)
		ok = read_context(c, otel, tp, &tag);
	profbuf_user_end();
	if (!ok)
		*cause = PROFBUF_TAG_FAULT;
	if (likely(!*cause))
		return tag;
out_failed:
	count_failed(c, *cause);
	return 0;
}

u64 profbuf_tags_get(struct profbuf_cpu *c, struct pt_regs *regs, enum profbuf_tag_cause *cause)
{
	struct task_struct *task = current;
	const struct profbuf_labels *labels;
	const struct profbuf_place *place;
	u64 tag = 0;

	if (likely(!READ_ONCE(c->session->tags.places.n) && !profbuf_labels_tagged()))
		return 0;
	if (!task->mm || profbuf_compat_kernel_thread(task))
		return 0;
	/* RCU: interrupts are off, as everywhere in a tick, and grace periods wait for that. */
	/* A thread that exits may have its variables freed by another one. */
	place = task->flags & PF_EXITING ? NULL : profbuf_place_find(&c->session->tags.places, task->mm);
	if (place)
		tag = own_tag(c, place, regs, cause);
	if (!tag) {
		labels = profbuf_labels_of(task);
		if (labels)
			tag = labels->id;
	}
	return tag;
}

void profbuf_tags_count_unread(struct profbuf_cpu *c, enum profbuf_tag_cause cause)
{
	atomic64_inc(&c->session->tags.unread[cause]);
}

/* The tick: its meaning */

static enum profbuf_tag_kind kind_of(u64 tag)
{
	return !(tag & PROFBUF_TAG_OUTSIDE) && tag & TAG_HASHED ? PROFBUF_TAG_OTEL : PROFBUF_TAG_LABELS;
}

/* What a tag means is the process's, of the program it runs; a tag from outside means the same everywhere. */
static u64 signature(u64 tag)
{
	u64 h = tag;

	/* A pointer has its low bits, a start time changes in all that are left. */
	if (!(tag & PROFBUF_TAG_OUTSIDE))
		h ^= rol64(current->group_leader->start_boottime, 24) + ((u64)current->tgid << 48) +
		     (current->self_exec_id << 40);
	h = profbuf_hash(h);
	return h ? h : 1;
}

static bool is_defined(const struct profbuf_tags *t, u64 signature)
{
	const u64 *at = &t->defined[(signature >> 32) % (PROFBUF_TAG_DEFINED / WAYS) * WAYS];
	unsigned int i;

	for (i = 0; i < WAYS; i++) {
		if (READ_ONCE(at[i]) == signature)
			return true;
	}
	return false;
}

/* What the tick copies of a label set in the current task's memory. */
static enum profbuf_tag_cause read_labels(struct profbuf_tag_request *r)
{
	struct profbuf_label_set set;

	if (copy_from_user_nofault(&set, (const void __user *)r->tag, sizeof(set)))
		return PROFBUF_TAG_FAULT;
	if (set.magic != PROFBUF_LABELS_MAGIC || set.bytes > PROFBUF_LABELS_BYTES || set.zero)
		return PROFBUF_TAG_BAD;
	if (copy_from_user_nofault(r->data, (const void __user *)(r->tag + sizeof(set)), set.bytes))
		return PROFBUF_TAG_FAULT;
	if (!profbuf_labels_valid((const char *)r->data, set.bytes, set.count))
		return PROFBUF_TAG_BAD;
	r->bytes = set.bytes;
	return PROFBUF_TAG_KNOWN;
}

static enum profbuf_tag_cause read_meaning(struct profbuf_cpu *c, struct profbuf_tag_request *r)
{
	const struct profbuf_labels *labels;
	enum profbuf_tag_cause cause = PROFBUF_TAG_FAULT;

	if (r->kind == PROFBUF_TAG_OTEL) {
		r->bytes = c->tags->otel_bytes;
		memcpy(r->data, c->tags->otel, r->bytes);
		return PROFBUF_TAG_KNOWN;
	}
	if (!(r->tag & PROFBUF_TAG_OUTSIDE))
		return read_labels(r);
	labels = profbuf_labels_of(current);
	/* They may have been replaced since, on another CPU. */
	if (labels && labels->id == r->tag) {
		r->bytes = labels->bytes;
		memcpy(r->data, labels->text, labels->bytes);
		cause = PROFBUF_TAG_KNOWN;
	}
	return cause;
}

/* What is asked for is asked for again when that has changed. */
static u32 generation_of(const struct profbuf_cpu *c)
{
	return READ_ONCE(c->session->sideband.generation);
}

/* The session has not said what a tag with that signature means. */
static noinline bool ask(struct profbuf_cpu *c, u64 now, u32 pid, u64 tag, u64 sig)
{
	u64 *asked = &c->tags->asked[sig % PROFBUF_TAG_ASKED];
	struct profbuf_tags *t = &c->session->tags;
	struct profbuf_cpu_tags *tags = c->tags;
	struct profbuf_tag_request *r;
	u32 generation = generation_of(c);

	/* The worker has done with the entries before tail. */
	if (tags->head - smp_load_acquire(&tags->tail) == PROFBUF_TAG_REQUESTS) {
		count_failed(c, PROFBUF_TAG_BUSY);
		atomic64_inc(&c->session->sideband.lost[PROFBUF_SIDEBAND_TAGS]);
		return false;
	}
	r = &tags->ring[tags->head % PROFBUF_TAG_REQUESTS];
	r->time = now;
	r->tag = tag;
	r->pid = tag & PROFBUF_TAG_OUTSIDE ? 0 : pid;
	r->kind = kind_of(tag);
	r->bytes = 0;
	r->cause = read_meaning(c, r);
	if (r->cause) {
		count_failed(c, r->cause);
		/* Said once; what is there later may be better. */
		sig ^= r->cause;
		asked = &tags->asked[sig % PROFBUF_TAG_ASKED];
		if (*asked == sig + generation || is_defined(t, sig))
			return false;
		r->bytes = 0;
	}
	r->signature = sig;
	smp_store_release(&tags->head, tags->head + 1);	/* pairs with profbuf_tags_define() */
	*asked = sig + generation;
	return true;
}

bool profbuf_tags_see(struct profbuf_cpu *c, u64 now, u32 pid, u64 tag)
{
	const struct profbuf_tags *t = &c->session->tags;
	u64 sig = signature(tag);

	if (likely(c->tags->asked[sig % PROFBUF_TAG_ASKED] == sig + generation_of(c) || is_defined(t, sig)))
		return false;
	return ask(c, now, pid, tag, sig);
}

/* The worker */

bool profbuf_tags_pending(const struct profbuf_cpu *c)
{
	return c->tags && READ_ONCE(c->tags->head) != READ_ONCE(c->tags->tail);
}

static void set_defined(struct profbuf_tags *t, u64 signature)
{
	u64 *at = &t->defined[(signature >> 32) % (PROFBUF_TAG_DEFINED / WAYS) * WAYS];
	unsigned int i;

	for (i = 0; i < WAYS && at[i]; i++)
		;
	/* One is forgotten, and said again if it comes again. */
	WRITE_ONCE(at[i < WAYS ? i : signature % WAYS], signature);
}

static void define(struct profbuf_session *s, struct profbuf_tag_request *r)
{
	struct profbuf_tags *t = &s->tags;
	struct profbuf_note *note;
	struct profbuf_tag *tag;

	if (is_defined(t, r->signature))
		return;
	note = profbuf_note_alloc(sizeof(*tag) + r->bytes);
	if (!note) {
		profbuf_sideband_lose(&s->sideband, PROFBUF_SIDEBAND_MEMORY);
		return;
	}
	tag = (struct profbuf_tag *)note->words;
	tag->time = r->time;
	tag->type = PROFBUF_RECORD_TAG;
	tag->cpu = PROFBUF_CPU_NONE;
	tag->misc = r->kind;
	tag->pid = r->pid;
	tag->cause = r->cause;
	tag->bytes = r->bytes;
	tag->tag = r->tag;
	memcpy(tag->data, r->data, r->bytes);
	if (!profbuf_sideband_put(&s->sideband, note)) {
		profbuf_sideband_lose(&s->sideband, PROFBUF_SIDEBAND_LIMIT);
		return;
	}
	set_defined(t, r->signature);
	atomic64_inc(&t->definitions);
}

void profbuf_tags_define(struct profbuf_cpu *c)
{
	struct profbuf_cpu_tags *tags = c->tags;

	while (tags && tags->tail != smp_load_acquire(&tags->head)) {	/* pairs with profbuf_tags_see() */
		define(c->session, &tags->ring[tags->tail % PROFBUF_TAG_REQUESTS]);
		smp_store_release(&tags->tail, tags->tail + 1);	/* likewise */
	}
}

/* Life */

size_t profbuf_tags_cpu_memory(void)
{
	return sizeof(struct profbuf_cpu_tags);
}

size_t profbuf_tags_memory(void)
{
	return PROFBUF_TAG_DEFINED * sizeof(u64);
}

struct profbuf_cpu_tags *profbuf_tags_alloc_cpu(void)
{
	BUILD_BUG_ON(PROFBUF_TAG_DATA % sizeof(u64) || PROFBUF_TAG_DATA < OTEL_HEADER + PROFBUF_LABELS_BYTES);
	return __vmalloc(sizeof(struct profbuf_cpu_tags), PROFBUF_GFP_LARGE);
}

void profbuf_tags_init(struct profbuf_tags *t)
{
	profbuf_places_init(&t->places);
}

int profbuf_tags_start(struct profbuf_tags *t)
{
	unsigned int i;

	/* Of a start that failed. */
	atomic64_set(&t->definitions, 0);
	for (i = 0; i < PROFBUF_NR_TAG_CAUSES; i++) {
		atomic64_set(&t->failed[i], 0);
		atomic64_set(&t->unread[i], 0);
	}
	t->defined = __vmalloc(profbuf_tags_memory(), PROFBUF_GFP_LARGE);
	return t->defined ? 0 : -ENOMEM;
}

void profbuf_tags_stop(struct profbuf_tags *t)
{
	vfree(t->defined);
	t->defined = NULL;
}

void profbuf_tags_exit(struct profbuf_tags *t)
{
	profbuf_places_exit(&t->places);
}
