// SPDX-License-Identifier: GPL-2.0-only
/*
 * tags.c - which tag a thread has now, and what it means
 */
#include <linux/pid.h>
#include <linux/rcupdate.h>
#include <linux/sched/mm.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "compat.h"
#include "gfp.h"
#include "hash.h"
#include "label_set.h"
#include "notes.h"
#include "opener.h"
#include "outside_tags.h"
#include "tag_sources.h"
#include "tags.h"
#include "unwind.h"
#include "usermem.h"

/* The bit of tags that are hashes of a thread context. No address has it, and no tag from outside. */
#define TAG_HASHED	BIT_ULL(62)

/* OTEP 4947's record: the size of its header, and the offsets of the fields that are used here. */
#define OTEL_HEADER	28
#define OTEL_VALID	24
#define OTEL_SIZE	26

/* Tables of signatures: entries in a row; a signature may be in any of them. */
#define WAYS	8

/* The tick: the thread-local variable */

/* Finds the block of a module's thread-local variables in the thread's vector; 0: this thread has none yet. */
static bool read_block(const struct profbuf_tag_location *at, u64 tp, u64 *block)
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

static noinline bool read_dynamic(const struct profbuf_tag_location *at, u64 tp, u64 *pointer)
{
	u64 block;

	*pointer = 0;
	if (!read_block(at, tp, &block))
		return false;
	return !block || profbuf_user_words(pointer, block + at->offset, 1);
}

static __always_inline bool read_pointer(const struct profbuf_tag_location *at, u64 tp, u64 *pointer)
{
	if (likely(at->tls == PROFBUF_TLS_STATIC))
		return profbuf_user_words(pointer, tp + at->offset, 1);
	return read_dynamic(at, tp, pointer);
}

static void count_failed(struct profbuf_tags *t, enum profbuf_tag_cause cause)
{
	atomic64_inc(&t->failed[cause]);
}

/* The tick: was this tag seen before? */

/*
 * A tag that is a thread's own has its meaning in one process only. The key is secret, so that another process cannot
 * make a tag whose signature is one that was seen in this process.
 */
static u64 signature(const struct profbuf_tag_process *process, u64 tag)
{
	u64 h = profbuf_hash(tag ^ (process ? process->key + ((u64)current->tgid << 48) : 0));

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

/* When the generation changes, ticks ask again for what they have asked for. */
static u32 generation_of(const struct profbuf_cpu_tags *tags)
{
	return READ_ONCE(tags->all->notes->generation);
}

static __always_inline bool is_seen(const struct profbuf_cpu_tags *tags, u64 signature)
{
	return tags->asked[signature % PROFBUF_TAG_ASKED] == signature + generation_of(tags) ||
	       is_defined(tags->all, signature);
}

static void set_fresh(struct profbuf_cpu_tags *tags, u64 signature)
{
	tags->signature = signature;
	tags->fresh = true;
}

/* The tick: the tag */

/*
 * Reads what @from points to, if it is a label set. If it is none, the reader does not learn why: the session must not
 * find out whether there is memory at an address.
 */
static noinline bool read_labels(struct profbuf_cpu_tags *tags, u64 from)
{
	struct profbuf_label_set set;

	if (copy_from_user_nofault(&set, (const void __user *)from, sizeof(set)) ||
	    set.magic != PROFBUF_LABELS_MAGIC || set.bytes > PROFBUF_LABELS_BYTES || set.zero ||
	    copy_from_user_nofault(tags->data, (const void __user *)(from + sizeof(set)), set.bytes) ||
	    !profbuf_label_set_is_valid((const char *)tags->data, set.bytes, set.count))
		return false;
	tags->bytes = set.bytes;
	return true;
}

/* Are these @size bytes attributes of a thread context, each a key, a length and a text without NUL, and no more? */
static bool are_attributes(const u8 *at, unsigned int size)
{
	unsigned int begin, end;

	for (begin = 0; begin + 2 <= size; begin = end) {
		end = begin + 2 + at[begin + 1];
		if (end > size || memchr(at + begin + 2, 0, at[begin + 1]))
			return false;
	}
	return begin == size;
}

static u64 hash_context(const u64 *words, unsigned int n)
{
	u64 h = n;
	unsigned int i;

	for (i = 0; i < n; i++)
		h = (h ^ words[i]) * GOLDEN_RATIO_64 ^ h >> 29;
	return profbuf_hash(h) >> 2 | TAG_HASHED;
}

/* Copies a thread context. Return: whether it may be one; there is no magic number to be sure by. */
static bool copy_context(struct profbuf_cpu_tags *tags, u64 from, bool *is_valid)
{
	u8 *to = (u8 *)tags->data;
	u16 size;

	if (from % 2 || copy_from_user_nofault(to, (const void __user *)from, OTEL_HEADER))
		return false;
	*is_valid = to[OTEL_VALID] == 1;
	memcpy(&size, to + OTEL_SIZE, sizeof(size));
	if (!*is_valid)
		return true;
	if (size > PROFBUF_LABELS_BYTES ||
	    copy_from_user_nofault(to + OTEL_HEADER, (const void __user *)from + OTEL_HEADER, size))
		return false;
	tags->bytes = OTEL_HEADER + size;
	memset(to + tags->bytes, 0, -tags->bytes & 7);
	return true;
}

/* A thread context changes in place, so all of it is read for each sample. @tag stays 0 if the thread has none now. */
static noinline enum profbuf_tag_cause read_context(struct profbuf_cpu_tags *tags,
						    const struct profbuf_tag_process *process, u64 tp, u64 *tag)
{
	const struct profbuf_opener *opener = tags->all->opener;
	bool is_valid;
	u64 from, sig;

	/* There is no magic number: this may be other memory, which the opener must be allowed to read. */
	if (!opener->may_ptrace && !profbuf_process_is_own(opener, current_real_cred(), current, current->mm))
		return PROFBUF_TAG_RIGHTS;
	if (!read_pointer(&process->at[PROFBUF_TAG_OTEL], tp, &from))
		return PROFBUF_TAG_FAULT;
	if (!from)
		return PROFBUF_TAG_KNOWN;
	if (!copy_context(tags, from, &is_valid))
		return PROFBUF_TAG_BAD;
	if (!is_valid)
		return PROFBUF_TAG_KNOWN;
	*tag = hash_context(tags->data, PROFBUF_WORDS(tags->bytes));
	sig = signature(process, *tag);
	if (is_seen(tags, sig))
		return PROFBUF_TAG_KNOWN;
	if (!are_attributes((u8 *)tags->data + OTEL_HEADER, tags->bytes - OTEL_HEADER)) {
		*tag = 0;
		return PROFBUF_TAG_BAD;
	}
	set_fresh(tags, sig);
	return PROFBUF_TAG_KNOWN;
}

/* Reads the thread's pointer. It becomes a tag, and leaves the process, only if it points to a label set. */
static __always_inline enum profbuf_tag_cause read_tag(struct profbuf_cpu_tags *tags,
						       const struct profbuf_tag_process *process, u64 tp, u64 *tag)
{
	u64 word, sig;

	if (!read_pointer(&process->at[PROFBUF_TAG_LABELS], tp, &word))
		return PROFBUF_TAG_FAULT;
	if (!word)
		return PROFBUF_TAG_KNOWN;
	/* No pointer has these bits. */
	if (unlikely(word & (TAG_HASHED | PROFBUF_TAG_OUTSIDE)))
		return PROFBUF_TAG_BAD;
	sig = signature(process, word);
	if (unlikely(!is_seen(tags, sig))) {
		if (!read_labels(tags, word))
			return PROFBUF_TAG_BAD;
		set_fresh(tags, sig);
	}
	*tag = word;
	return PROFBUF_TAG_KNOWN;
}

/* The tag that the thread has set itself; 0: none, or @cause says why it is not known. */
static __always_inline u64 own_tag(struct profbuf_cpu_tags *tags, const struct profbuf_tag_process *process,
				   struct pt_regs *regs, enum profbuf_tag_cause *cause)
{
	u64 tp, tag = 0;

	if (!profbuf_thread_pointer(regs, &tp)) {
		*cause = PROFBUF_TAG_CONTEXT;
	} else {
		profbuf_user_begin();
		if (process->at[PROFBUF_TAG_LABELS].known)
			*cause = read_tag(tags, process, tp, &tag);
		if (!tag && !*cause && process->at[PROFBUF_TAG_OTEL].known)
			*cause = read_context(tags, process, tp, &tag);
		profbuf_user_end();
	}
	if (unlikely(*cause))
		count_failed(tags->all, *cause);
	return tag;
}

static noinline u64 outside_tag(struct profbuf_cpu_tags *tags, struct task_struct *task)
{
	const struct profbuf_outside_tag *outside = profbuf_outside_tag_of(task);
	u64 sig;

	if (!outside)
		return 0;
	sig = signature(NULL, outside->tag);
	if (!is_seen(tags, sig))
		set_fresh(tags, sig);
	return outside->tag;
}

u64 profbuf_tags_read(struct profbuf_cpu_tags *tags, struct pt_regs *regs, enum profbuf_tag_cause *cause)
{
	struct task_struct *task = current;
	const struct profbuf_tag_process *process;
	u64 tag = 0;

	if (likely(!READ_ONCE(tags->all->processes.n) && !profbuf_outside_tags_nr()))
		return 0;
	if (!task->mm || profbuf_compat_kernel_thread(task))
		return 0;
	/* RCU: interrupts are off, as everywhere in a tick, and grace periods wait for that. */
	/* Another thread may free the thread-local variables of a thread that exits. */
	process = task->flags & PF_EXITING ? NULL : profbuf_tag_process_find(&tags->all->processes, task->mm);
	if (process)
		tag = own_tag(tags, process, regs, cause);
	return tag ? tag : outside_tag(tags, task);
}

void profbuf_tags_count_unread(struct profbuf_tags *t, enum profbuf_tag_cause cause)
{
	atomic64_inc(&t->unread[cause]);
}

/* The tick: the meaning of the tag */

static enum profbuf_tag_kind kind_of(u64 tag)
{
	return !(tag & PROFBUF_TAG_OUTSIDE) && tag & TAG_HASHED ? PROFBUF_TAG_OTEL : PROFBUF_TAG_LABELS;
}

/* Copies what the tag means. Return: FAULT if another CPU has replaced a tag from outside in between. */
static enum profbuf_tag_cause copy_meaning(const struct profbuf_cpu_tags *tags, struct profbuf_tag_request *r)
{
	const struct profbuf_outside_tag *outside;

	if (!(r->tag & PROFBUF_TAG_OUTSIDE)) {
		r->bytes = tags->bytes;
		memcpy(r->data, tags->data, r->bytes);
		return PROFBUF_TAG_KNOWN;
	}
	r->bytes = 0;
	outside = profbuf_outside_tag_of(current);
	if (!outside || outside->tag != r->tag)
		return PROFBUF_TAG_FAULT;
	r->bytes = outside->bytes;
	memcpy(r->data, outside->text, outside->bytes);
	return PROFBUF_TAG_KNOWN;
}

bool profbuf_tags_ask(struct profbuf_cpu_tags *tags, u64 now, u32 pid, u64 tag)
{
	struct profbuf_tags *t = tags->all;
	u64 sig = tags->signature, *asked = &tags->asked[sig % PROFBUF_TAG_ASKED];
	struct profbuf_tag_request *r;
	u32 generation = generation_of(tags);

	tags->fresh = false;
	if (!t->defines) {
		*asked = sig + generation;
		return false;
	}
	if (profbuf_fifo_is_full(&tags->fifo, PROFBUF_TAG_REQUESTS)) {
		count_failed(t, PROFBUF_TAG_BUSY);
		profbuf_notes_count(t->notes, PROFBUF_SIDEBAND_TAGS);
		return false;
	}
	r = &tags->ring[tags->fifo.head % PROFBUF_TAG_REQUESTS];
	r->time = now;
	r->tag = tag;
	r->pid = tag & PROFBUF_TAG_OUTSIDE ? 0 : pid;
	r->kind = kind_of(tag);
	r->cause = copy_meaning(tags, r);
	if (r->cause) {
		count_failed(t, r->cause);
		/* The cause is told once. The tag is asked for again, as its meaning may be known later. */
		sig ^= r->cause;
		asked = &tags->asked[sig % PROFBUF_TAG_ASKED];
		if (*asked == sig + generation || is_defined(t, sig))
			return false;
	}
	r->signature = sig;
	profbuf_fifo_add(&tags->fifo);
	*asked = sig + generation;
	return true;
}

/* The worker */

bool profbuf_tags_pending(const struct profbuf_cpu_tags *tags)
{
	return !profbuf_fifo_is_empty(&tags->fifo);
}

static void set_defined(struct profbuf_tags *t, u64 signature)
{
	u64 *at = &t->defined[(signature >> 32) % (PROFBUF_TAG_DEFINED / WAYS) * WAYS];
	unsigned int i;

	for (i = 0; i < WAYS && at[i]; i++)
		;
	/* If there is no room, one signature is forgotten; its tag is defined again if it comes again. */
	WRITE_ONCE(at[i < WAYS ? i : signature % WAYS], signature);
}

static void define(struct profbuf_tags *t, struct profbuf_tag_request *r)
{
	struct profbuf_note *note;
	struct profbuf_tag *tag;

	if (is_defined(t, r->signature))
		return;
	note = profbuf_note_alloc(sizeof(*tag) + r->bytes);
	if (!note) {
		profbuf_notes_lose(t->notes, PROFBUF_SIDEBAND_MEMORY);
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
	if (!profbuf_notes_add(t->notes, note)) {
		profbuf_notes_lose(t->notes, PROFBUF_SIDEBAND_LIMIT);
		return;
	}
	set_defined(t, r->signature);
	atomic64_inc(&t->definitions);
}

void profbuf_tags_define(struct profbuf_cpu_tags *tags)
{
	while (!profbuf_fifo_is_empty(&tags->fifo)) {
		define(tags->all, &tags->ring[tags->fifo.tail % PROFBUF_TAG_REQUESTS]);
		profbuf_fifo_drop(&tags->fifo);
	}
}

/* Init and exit */

size_t profbuf_tags_cpu_memory(void)
{
	return sizeof(struct profbuf_cpu_tags);
}

size_t profbuf_tags_memory(void)
{
	return PROFBUF_TAG_DEFINED * sizeof(u64);
}

struct profbuf_cpu_tags *profbuf_tags_alloc_cpu(struct profbuf_tags *t)
{
	struct profbuf_cpu_tags *tags;

	BUILD_BUG_ON(PROFBUF_TAG_DATA % sizeof(u64) || PROFBUF_TAG_DATA < OTEL_HEADER + PROFBUF_LABELS_BYTES);
	tags = __vmalloc(sizeof(*tags), PROFBUF_GFP_LARGE);
	if (!tags)
		return NULL;
	tags->all = t;
	profbuf_fifo_init(&tags->fifo, PROFBUF_TAG_REQUESTS);
	return tags;
}

void profbuf_tags_init(struct profbuf_tags *t, const struct profbuf_opener *opener, struct profbuf_notes *notes)
{
	t->opener = opener;
	t->notes = notes;
	profbuf_tag_processes_init(&t->processes);
}

int profbuf_tags_alloc(struct profbuf_tags *t, bool defines)
{
	unsigned int i;

	t->defines = defines;
	/* A start that failed may have counted. */
	atomic64_set(&t->definitions, 0);
	for (i = 0; i < PROFBUF_NR_TAG_CAUSES; i++) {
		atomic64_set(&t->failed[i], 0);
		atomic64_set(&t->unread[i], 0);
	}
	t->defined = __vmalloc(profbuf_tags_memory(), PROFBUF_GFP_LARGE);
	return t->defined ? 0 : -ENOMEM;
}

void profbuf_tags_free(struct profbuf_tags *t)
{
	vfree(t->defined);
	t->defined = NULL;
}

void profbuf_tags_exit(struct profbuf_tags *t)
{
	profbuf_tag_processes_exit(&t->processes);
}
