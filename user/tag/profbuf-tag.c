// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * profbuf-tag.c - make label sets, each set once
 *
 * All sets are in one tree, which only grows. Each node has four children; at each node, the next two bits of a set's
 * hash, from the top, say which child to follow. After the last bits it is always the first child. A thread first makes
 * a node and then puts it where the look-up found NULL, by compare and exchange; if another thread put its own node
 * there first, the look-up goes on from that node. So there is no lock: no thread waits, and a fork() at any moment
 * leaves the child a complete tree.
 *
 * The compare and exchange (release) that publishes a node pairs with the loads (acquire) of look-ups.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "profbuf-tag.h"
#include "profbuf_uapi.h"

_Static_assert(PROFBUF_TAG_MAX_LABELS == PROFBUF_LABELS_MAX, "as in the ABI");
_Static_assert(PROFBUF_TAG_MAX_BYTES == PROFBUF_LABELS_BYTES, "as in the ABI");

struct node {
	struct node *child[4];
	uint64_t hash;
	/* A struct profbuf_label_set follows; it cannot be a member, as its size is not fixed. */
};

/* The labels of a set that is being made: sorted by key, each key once. */
struct draft {
	struct {
		const char *key, *value;
	} labels[PROFBUF_LABELS_MAX];
	unsigned int n;
};

/* PROFBUF_LABELS_SYMBOL. gcc takes the TLS model from the definition, whatever the declaration says. */
__thread const profbuf_labels_t *profbuf_thread_labels_v1 __attribute__((tls_model("initial-exec")));

static struct node *root;
static unsigned long refused;

/* The child of a fork() works for nobody until it sets labels. Called in the child, which has one thread: one store. */
static void forget_labels(void)
{
	profbuf_set_labels(NULL);
}

/*
 * The functions that register it. glibc links pthread_atfork() statically into each caller, where it calls
 * __register_atfork(); musl has only pthread_atfork(). The same file runs with both libraries, so both are weak.
 */
extern int __register_atfork(void (*prepare)(void), void (*parent)(void), void (*child)(void), void *dso)
	__attribute__((weak));
extern int pthread_atfork(void (*prepare)(void), void (*parent)(void), void (*child)(void)) __attribute__((weak));
extern void *__dso_handle __attribute__((visibility("hidden")));

/*
 * Runs when the program or the plugin is loaded, not at the first call of another function here: that call may come
 * from a thread that forks.
 */
static void __attribute__((constructor)) watch_forks(void)
{
	if (__register_atfork)
		__register_atfork(NULL, NULL, forget_labels, &__dso_handle);
	else if (pthread_atfork)
		pthread_atfork(NULL, NULL, forget_labels);
}

static struct profbuf_label_set *node_set(struct node *node)
{
	return (struct profbuf_label_set *)(node + 1);
}

static int draft_put(struct draft *draft, const char *key, const char *value)
{
	unsigned int i;
	int order = 1;

	if (!key || !value || !*key)
		return -EINVAL;
	/* A longer label never fits; the limit also bounds the comparisons below. */
	if (strnlen(key, PROFBUF_LABELS_BYTES) + strnlen(value, PROFBUF_LABELS_BYTES) + 2 > PROFBUF_LABELS_BYTES)
		return -E2BIG;
	for (i = 0; i < draft->n; i++) {
		order = strcmp(draft->labels[i].key, key);
		if (order >= 0)
			break;
	}
	if (i == draft->n || order) {
		if (draft->n == PROFBUF_LABELS_MAX)
			return -E2BIG;
		memmove(&draft->labels[i + 1], &draft->labels[i], (draft->n - i) * sizeof(*draft->labels));
		draft->n++;
		draft->labels[i].key = key;
	}
	draft->labels[i].value = value;
	return 0;
}

static void draft_put_set(struct draft *draft, const struct profbuf_label_set *set)
{
	const char *at = set ? set->text : NULL;
	unsigned int i;

	/* The labels of a set are sorted already, and fit. */
	for (i = 0; set && i < set->count; i++) {
		draft->labels[i].key = at;
		at += strlen(at) + 1;
		draft->labels[i].value = at;
		at += strlen(at) + 1;
	}
	draft->n = i;
}

/* Return: bytes of the text; if that is more than @room, the text is not complete. */
static size_t draft_text(const struct draft *draft, char *text, size_t room)
{
	size_t bytes = 0, key, value;
	unsigned int i;

	for (i = 0; i < draft->n; i++) {
		key = strlen(draft->labels[i].key) + 1;
		value = strlen(draft->labels[i].value) + 1;
		if (bytes + key + value <= room) {
			memcpy(text + bytes, draft->labels[i].key, key);
			memcpy(text + bytes + key, draft->labels[i].value, value);
		}
		bytes += key + value;
	}
	return bytes;
}

static uint64_t hash_text(const char *text, size_t bytes)
{
	uint64_t hash = bytes, word;

	for (; bytes; text += sizeof(word), bytes -= sizeof(word)) {
		word = 0;
		if (bytes < sizeof(word)) {
			memcpy(&word, text, bytes);
			bytes = sizeof(word);
		} else {
			memcpy(&word, text, sizeof(word));
		}
		/*
		 * A multiplication spreads bits upwards only, so mix the upper half into the lower before the next one.
		 */
		hash = (hash ^ word) * 0x9e3779b97f4a7c15ULL;
		hash ^= hash >> 32;
	}
	return hash * 0xd1b54a32d192ed03ULL;
}

static struct node *make_node(const char *text, size_t bytes, unsigned int count, uint64_t hash)
{
	struct node *node = calloc(1, sizeof(*node) + sizeof(struct profbuf_label_set) + bytes);
	struct profbuf_label_set *set;

	if (!node)
		return NULL;
	node->hash = hash;
	set = node_set(node);
	set->magic = PROFBUF_LABELS_MAGIC;
	set->bytes = bytes;
	set->count = count;
	memcpy(set->text, text, bytes);
	return node;
}

/* Returns the one set with this text: finds it in the tree, or adds it. */
static const struct profbuf_label_set *find_set(const char *text, size_t bytes, unsigned int count)
{
	uint64_t hash = hash_text(text, bytes), way = hash;
	struct node **at = &root, *made = NULL, *node;
	const struct profbuf_label_set *set;

	for (;;) {
		node = __atomic_load_n(at, __ATOMIC_ACQUIRE);
		if (!node) {
			if (!made)
				made = make_node(text, bytes, count, hash);
			if (!made)
				return NULL;
			if (__atomic_compare_exchange_n(at, &node, made, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
				return node_set(made);
			/* Now node is the one that another thread put there. */
		}
		set = node_set(node);
		if (node->hash == hash && set->bytes == bytes && !memcmp(set->text, text, bytes)) {
			free(made);
			return set;
		}
		at = &node->child[way >> 62];
		way <<= 2;
	}
}

static const profbuf_labels_t *draft_finish(const struct draft *draft, int err)
{
	const struct profbuf_label_set *set = NULL;
	char text[PROFBUF_LABELS_BYTES];
	size_t bytes;

	if (!err && !draft->n)
		err = -EINVAL;
	if (!err) {
		bytes = draft_text(draft, text, sizeof(text));
		if (bytes > sizeof(text)) {
			err = -E2BIG;
		} else {
			set = find_set(text, bytes, draft->n);
			err = set ? 0 : -ENOMEM;
		}
	}
	if (err) {
		__atomic_add_fetch(&refused, 1, __ATOMIC_RELAXED);
		errno = -err;
	}
	return set;
}

unsigned long profbuf_labels_refused(void)
{
	return __atomic_load_n(&refused, __ATOMIC_RELAXED);
}

static const profbuf_labels_t *merge_list(const profbuf_labels_t *base, const char *key, va_list list)
{
	struct draft draft;
	int err = 0;

	draft_put_set(&draft, base);
	for (; key && !err; key = err ? NULL : va_arg(list, const char *))
		err = draft_put(&draft, key, va_arg(list, const char *));
	return draft_finish(&draft, err);
}

const profbuf_labels_t *profbuf_labels(const char *key, ...)
{
	const profbuf_labels_t *labels;
	va_list list;

	va_start(list, key);
	labels = merge_list(NULL, key, list);
	va_end(list);
	return labels;
}

const profbuf_labels_t *profbuf_labels_merge(const profbuf_labels_t *base, const char *key, ...)
{
	const profbuf_labels_t *labels;
	va_list list;

	va_start(list, key);
	labels = merge_list(base, key, list);
	va_end(list);
	return labels;
}

const profbuf_labels_t *profbuf_labels_merge_array(const profbuf_labels_t *base, const char *const *keys,
						   const char *const *values, size_t n)
{
	struct draft draft;
	int err = 0;
	size_t i;

	draft_put_set(&draft, base);
	for (i = 0; i < n && !err; i++)
		err = draft_put(&draft, keys[i], values[i]);
	return draft_finish(&draft, err);
}

const profbuf_labels_t *profbuf_labels_array(const char *const *keys, const char *const *values, size_t n)
{
	return profbuf_labels_merge_array(NULL, keys, values, n);
}

const char *profbuf_label(const profbuf_labels_t *labels, const char *key)
{
	const char *at = labels ? labels->text : NULL, *value;
	unsigned int i;

	for (i = 0; labels && i < labels->count; i++) {
		value = at + strlen(at) + 1;
		if (!strcmp(at, key))
			return value;
		at = value + strlen(value) + 1;
	}
	return NULL;
}

const profbuf_labels_t *profbuf_exchange_labels(const profbuf_labels_t *labels)
{
	return profbuf_set_labels(labels);
}

/* What a new thread needs to begin. */
struct birth {
	void *(*start)(void *arg);
	void *arg;
	const profbuf_labels_t *labels;
};

static void *thread_start(void *arg)
{
	struct birth birth = *(struct birth *)arg;

	free(arg);
	profbuf_set_labels(birth.labels);
	return birth.start(birth.arg);
}

int profbuf_thread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*start)(void *), void *arg)
{
	struct birth *birth = malloc(sizeof(*birth));
	int err = EAGAIN;

	if (!birth)
		return err;
	birth->start = start;
	birth->arg = arg;
	birth->labels = profbuf_get_labels();
	err = pthread_create(thread, attr, thread_start, birth);
	if (err)
		free(birth);
	return err;
}
