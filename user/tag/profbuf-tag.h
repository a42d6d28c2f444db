/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * profbuf-tag.h - libprofbuf-tag: a thread says whose work it does, and profbuf's samples show it
 *
 *	const profbuf_labels_t *l = profbuf_labels("tenant", tenant, "route", "/search", NULL);
 *
 *	PROFBUF_WITH_LABELS(l) {
 *		handle(request);
 *	}
 *
 * A label set never changes and is never freed; equal sets are the same pointer. So a thread says whose work it does by
 * storing a pointer, and a profiler that interrupts the thread has to read only that pointer. A set takes memory until
 * the process ends: use labels for tenants, routes and jobs, not for request ids.
 *
 * Labels are not inherited silently. A thread begins without labels, unless profbuf_thread_create() created it. The
 * child of a fork() begins without labels, too, and may set them again; when it leaves a scope that was open at the
 * fork(), the labels from before that scope are in force again. The child of vfork() or _Fork() keeps the labels until
 * it runs another program. So does the child of fork() in a static musl program that never calls pthread_atfork().
 *
 * All functions may be called from every thread, and in the child of a fork(). Signal handlers may call
 * profbuf_set_labels(), profbuf_get_labels(), profbuf_exchange_labels(), profbuf_label() and profbuf_labels_refused(),
 * and may use scopes. They may not call the functions that make sets, which allocate memory.
 *
 * How to link: if in doubt, with libprofbuf-tag.so. Then the program and all its plugins have one variable. With
 * libprofbuf-tag.a the variable is the program's own, and the profiler has to find it in the program's symbol table,
 * which strip removes. So a program that is stripped, or has plugins that set labels, exports the variable:
 *
 *	-Wl,--export-dynamic-symbol=profbuf_thread_labels_v1
 *
 * A static program cannot do this (with -static-pie and that option it crashes in glibc before main()): do not strip
 * it.
 *
 * With musl a plugin cannot load libprofbuf-tag.so: musl keeps no room for such variables of libraries that dlopen()
 * loads, and dlopen() fails ("initial-exec TLS resolves to dynamic definition"). There the program itself has to be
 * linked with the library (with -Wl,--no-as-needed if only the plugin uses it), or be started with
 * LD_PRELOAD=libprofbuf-tag.so.1.
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
#define PROFBUF_TAG_MAX_BYTES	640	/* of all keys and values, with the zero after each */

/* A label set; its memory is struct profbuf_label_set of profbuf_uapi.h. A thread without labels has NULL. */
typedef struct profbuf_label_set profbuf_labels_t;

/*
 * The variable that the profiler reads. With the initial-exec model it lies at the same distance from the thread
 * pointer in every thread, and is there from the thread's start. So reading or writing it is one instruction and never
 * allocates memory.
 */
extern __thread const profbuf_labels_t *profbuf_thread_labels_v1 __attribute__((tls_model("initial-exec")));

/**
 * profbuf_labels() - get the label set with these keys and values: pairs of strings, then NULL
 * @key: the first key
 *
 * The order of keys makes no difference. If a key comes twice, its later value counts. A key may not be empty; a value
 * may. Both should be UTF-8, which is not checked.
 *
 * Return: the set; NULL with errno: EINVAL: no label at all, an empty key, or a key without a value; E2BIG: more than
 * PROFBUF_TAG_MAX_LABELS or PROFBUF_TAG_MAX_BYTES; ENOMEM. A scope with NULL does not change the labels.
 */
const profbuf_labels_t *profbuf_labels(const char *key, ...) __attribute__((sentinel));

/* Like profbuf_labels(), but with arrays of @n strings, for other languages. */
const profbuf_labels_t *profbuf_labels_array(const char *const *keys, const char *const *values, size_t n);

/**
 * profbuf_labels_merge() - get the label set @base with more labels: a value given here replaces that of @base
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
 * How many sets could not be made since the program began: how often a function above returned NULL. It is for the
 * program's own metrics and tests: if it is not 0, work was done under the wrong labels.
 */
unsigned long profbuf_labels_refused(void);

/* Returns the value of a key in a set, which may be NULL; NULL if the set does not have the key. */
const char *profbuf_label(const profbuf_labels_t *labels, const char *key);

static inline const profbuf_labels_t *profbuf_get_labels(void)
{
	return __atomic_load_n(&profbuf_thread_labels_v1, __ATOMIC_RELAXED);
}

/*
 * From now on this thread works for @labels; NULL: for nobody. For an interrupt of this thread, the work before the
 * call comes before the store, and the work after the call comes after it.
 *
 * Return: the set that the thread had, to be set again.
 */
static inline const profbuf_labels_t *profbuf_set_labels(const profbuf_labels_t *labels)
{
	const profbuf_labels_t *former = profbuf_get_labels();

	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	__atomic_store_n(&profbuf_thread_labels_v1, labels, __ATOMIC_RELAXED);
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	return former;
}

/* profbuf_set_labels() as a function of the library, for other languages. */
const profbuf_labels_t *profbuf_exchange_labels(const profbuf_labels_t *labels);

/* Like pthread_create(), but the thread begins with the set that its creator has now. */
int profbuf_thread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*start)(void *), void *arg);

/*
 * Scopes can be nested. The former set is back however control leaves the scope, except by longjmp() or at the thread's
 * end.
 *
 * A scope with NULL, a set that could not be made, changes nothing: its work counts for the labels that were in force,
 * which is less wrong than counting for nobody; profbuf_labels_refused() counts the failure. To work for nobody, call
 * profbuf_set_labels(NULL); the end of the scope around the call undoes it.
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

/* A scope that lasts to the end of the block in which it stands. */
#define PROFBUF_LABEL_SCOPE(labels) \
	__attribute__((cleanup(profbuf_label_scope_end), unused)) struct profbuf_label_scope \
	PROFBUF_TAG_PASTE(profbuf_scope_, __COUNTER__) = profbuf_label_scope_begin(labels)

/* PROFBUF_WITH_LABELS(l) { ... }: a scope for the block that follows. break and continue leave only that block. */
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
	const profbuf_labels_t *const former;	/* const, so a scope cannot be assigned */
};
}
#endif

#endif /* PROFBUF_TAG_H */
