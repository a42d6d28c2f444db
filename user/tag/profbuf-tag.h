/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * profbuf-tag.h - libprofbuf-tag: says whose work a thread does, for profbuf's samples
 *
 *	const profbuf_labels_t *l = profbuf_labels("tenant", tenant, "route", "/search", NULL);
 *
 *	PROFBUF_WITH_LABELS(l) {
 *		handle(request);
 *	}
 *
 * A label set never changes and is never freed; equal sets are one pointer. So a thread says whose work it does by
 * storing a pointer, and a profiler that interrupts it needs to read no more than that. What a set costs is memory for
 * the rest of the process's life: make labels of tenants, routes and jobs, not of request ids.
 *
 * Nothing is inherited silently: a thread begins without labels, but for one of profbuf_thread_create(), and so does
 * the child of a fork(), which may set them again; when it leaves scopes that were open at the fork(), what was in
 * force around them is back. The child of vfork() or _Fork() keeps the labels until it runs another program; so
 * does that of fork() in a static program of musl that does not call pthread_atfork() itself.
 *
 * Which functions may be called where: profbuf_set_labels(), profbuf_get_labels(), profbuf_exchange_labels(),
 * profbuf_label(), profbuf_labels_refused() and the scopes also from a signal handler; those that make sets take
 * memory, so they may not. All may be called from every thread, and in the child of a fork().
 *
 * How to link: with libprofbuf-tag.so, if in doubt: there is one variable then, for the program and all its plugins.
 * With libprofbuf-tag.a the variable is the program's own, and has to be found in its symbol table, which strip
 * removes; so a program that is stripped, or has plugins that set labels, exports it:
 *
 *	-Wl,--export-dynamic-symbol=profbuf_thread_labels_v1
 *
 * A static program cannot (with -static-pie and that option it crashes in glibc before main()): do not strip it.
 *
 * With musl a plugin cannot bring libprofbuf-tag.so along: musl keeps no room for variables as this one that come with
 * dlopen(), which fails ("initial-exec TLS resolves to dynamic definition"). There the program has to be linked with
 * it, with -Wl,--no-as-needed if it does not use it itself, or be started with LD_PRELOAD=libprofbuf-tag.so.1.
 */
#ifndef PROFBUF_TAG_H
#define PROFBUF_TAG_H

#include <pthread.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

#pragma GCC visibility push(default)

#define PROFBUF_TAG_MAX_LABELS	16	/* labels in a set */
#define PROFBUF_TAG_MAX_BYTES	640	/* of all keys and values with their zeros */

/* A label set; its memory is struct profbuf_label_set of profbuf_uapi.h. NULL is a thread's set if it has none. */
typedef struct profbuf_label_set profbuf_labels_t;

/*
 * What the profiler reads. Initial exec: at the same distance from the thread pointer in every thread, and there from
 * its start, so that reading and writing it is one instruction and never takes memory.
 */
extern __thread const profbuf_labels_t *profbuf_thread_labels_v1 __attribute__((tls_model("initial-exec")));

/**
 * profbuf_labels() - the label set with these keys and values: pairs of strings, then NULL
 * @key: the first key
 *
 * The order of keys makes no difference. Of two values for one key the later counts. Keys are not empty, values may be;
 * they are meant to be UTF-8, which is not checked.
 *
 * Return: the set; NULL with errno: EINVAL: no label at all, an empty key, or a key without a value; E2BIG: more than
 * PROFBUF_TAG_MAX_LABELS or PROFBUF_TAG_MAX_BYTES; ENOMEM. A scope with NULL leaves the labels as they are.
 */
const profbuf_labels_t *profbuf_labels(const char *key, ...) __attribute__((sentinel));

/* The same of arrays of @n strings, for other languages. */
const profbuf_labels_t *profbuf_labels_array(const char *const *keys, const char *const *values, size_t n);

/**
 * profbuf_labels_merge() - a label set and more: values given here replace those of the set
 * @base: may be NULL
 * @key: the first key
 *
 * Return: as profbuf_labels().
 */
const profbuf_labels_t *profbuf_labels_merge(const profbuf_labels_t *base, const char *key, ...)
	__attribute__((sentinel));
const profbuf_labels_t *profbuf_labels_merge_array(const profbuf_labels_t *base, const char *const *keys,
						   const char *const *values, size_t n);

/*
 * How many sets could not be made since the program began: NULL returned by one of the functions above. For a program's
 * own metrics, and its tests: anything but 0 is work under the wrong labels.
 */
unsigned long profbuf_labels_refused(void);

/* The value of a key in a set that may be NULL; NULL: it is not there. */
const char *profbuf_label(const profbuf_labels_t *labels, const char *key);

static inline const profbuf_labels_t *profbuf_get_labels(void)
{
	return __atomic_load_n(&profbuf_thread_labels_v1, __ATOMIC_RELAXED);
}

/*
 * From here on this thread works for @labels; NULL: for nobody. The work before and after stays on its side of the
 * store, as seen by what interrupts the thread.
 *
 * Return: the set it had, to be set again.
 */
static inline const profbuf_labels_t *profbuf_set_labels(const profbuf_labels_t *labels)
{
	const profbuf_labels_t *former = profbuf_get_labels();

	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	__atomic_store_n(&profbuf_thread_labels_v1, labels, __ATOMIC_RELAXED);
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	return former;
}

/* profbuf_set_labels() as a function to be called, for other languages. */
const profbuf_labels_t *profbuf_exchange_labels(const profbuf_labels_t *labels);

/* As pthread_create(); the thread begins with the set its creator has now. */
int profbuf_thread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*start)(void *), void *arg);

/*
 * Scopes: nest; the former set is back however control leaves, but not by longjmp() or the thread's end.
 *
 * A scope with NULL, a set that could not be made, changes nothing: its work stays the work of whom it was, which is
 * less wrong than nobody's; profbuf_labels_refused() counts it. To work for nobody, call profbuf_set_labels(NULL),
 * which the end of the scope around it undoes.
 */

struct profbuf_label_scope {
	const profbuf_labels_t *former;
	int once;
};

static inline struct profbuf_label_scope profbuf_label_scope_begin(const profbuf_labels_t *labels)
{
	struct profbuf_label_scope scope = { profbuf_get_labels(), 1 };

	if (labels)
		profbuf_set_labels(labels);
	return scope;
}

static inline void profbuf_label_scope_end(struct profbuf_label_scope *scope)
{
	profbuf_set_labels(scope->former);
}

#define PROFBUF_TAG_PASTE_(a, b)	a##b
#define PROFBUF_TAG_PASTE(a, b)		PROFBUF_TAG_PASTE_(a, b)

/* To the end of the block it stands in. */
#define PROFBUF_LABEL_SCOPE(labels) \
	__attribute__((cleanup(profbuf_label_scope_end), unused)) struct profbuf_label_scope \
	PROFBUF_TAG_PASTE(profbuf_scope_, __COUNTER__) = profbuf_label_scope_begin(labels)

/* PROFBUF_WITH_LABELS(l) { ... }: for the block that follows. break and continue leave that block only. */
#define PROFBUF_WITH_LABELS(labels) \
	PROFBUF_WITH_LABELS_(labels, PROFBUF_TAG_PASTE(profbuf_scope_, __COUNTER__))
#define PROFBUF_WITH_LABELS_(labels, scope) \
	for (__attribute__((cleanup(profbuf_label_scope_end))) struct profbuf_label_scope scope = \
		profbuf_label_scope_begin(labels); scope.once; scope.once = 0)

#pragma GCC visibility pop

#ifdef __cplusplus
}

namespace profbuf {
/* A scope: profbuf::label_scope scope(l); */
class label_scope {
public:
	explicit label_scope(const profbuf_labels_t *labels) : former(profbuf_get_labels())
	{
		if (labels)
			profbuf_set_labels(labels);
	}
	~label_scope() { profbuf_set_labels(former); }
	label_scope(const label_scope &) = delete;

private:
	const profbuf_labels_t *const former;	/* const: no assignment either */
};
}
#endif

#endif /* PROFBUF_TAG_H */
