// SPDX-License-Identifier: GPL-2.0-only
/*
 * threads.c - names of threads over time
 */
#include "base/sorted.h"
#include "threads.h"

/* INDEX_NONE: no memory. */
static uint32_t get_id(struct threads *t, uint32_t pid, uint32_t tid, const char *comm)
{
	uint64_t hash = hash_mix(hash_mix(pid, tid), (uintptr_t)comm), at = hash;
	uint32_t id;

	while ((id = index_next(&t->index, hash, &at)) != INDEX_NONE) {
		const struct profbuf_thread_name *name = &t->names[id];

		if (name->pid == pid && name->tid == tid && name->comm == comm)
			return id;
	}
	if (!ARRAY_GROW(t->names, t->nr_names, t->room_names) || !index_add(&t->index, hash, t->nr_names))
		return INDEX_NONE;
	t->names[t->nr_names] = (struct profbuf_thread_name){ t->nr_names, pid, tid, comm };
	return t->nr_names++;
}

bool threads_add(struct threads *t, struct strings *strings, const struct profbuf_thread *r)
{
	const char *comm = strings_intern(strings, *r->comm ? r->comm : "[no name]");
	uint32_t id = comm ? get_id(t, r->pid, r->tid, comm) : INDEX_NONE;

	if (id == INDEX_NONE || !ARRAY_GROW(t->all, t->n, t->room))
		return false;
	t->all[t->n] = (struct thread_name){ .pid = r->pid, .tid = r->tid, .time = r->time, .id = id, .order = t->n };
	t->n++;
	return true;
}

static int by_thread_and_time(const void *a, const void *b)
{
	const struct thread_name *x = a, *y = b;

	if (x->pid != y->pid)
		return x->pid < y->pid ? -1 : 1;
	if (x->tid != y->tid)
		return x->tid < y->tid ? -1 : 1;
	if (x->time != y->time)
		return x->time < y->time ? -1 : 1;
	return x->order < y->order ? -1 : x->order > y->order;
}

void threads_sort(struct threads *t)
{
	if (t->nr_sorted != t->n)
		qsort(t->all, t->n, sizeof(*t->all), by_thread_and_time);
	t->nr_sorted = t->n;
}

const struct thread_name *threads_find(const struct threads *t, uint32_t pid, uint32_t tid, uint64_t time)
{
	const struct thread_name key = { .pid = pid, .tid = tid, .time = time, .order = UINT32_MAX };
	size_t after = sorted_after(t->all, t->n, sizeof(key), by_thread_and_time, &key);

	if (after && t->all[after - 1].pid == pid && t->all[after - 1].tid == tid)
		return &t->all[after - 1];
	if (after < t->n && t->all[after].pid == pid && t->all[after].tid == tid)
		return &t->all[after];
	return NULL;
}

void threads_exit(struct threads *t)
{
	index_exit(&t->index);
	free(t->names);
	free(t->all);
}
