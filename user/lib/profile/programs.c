// SPDX-License-Identifier: GPL-2.0-only
/*
 * programs.c - processes as the stream describes them
 */
#include "base/sorted.h"
#include "programs.h"
#include "symbols/jit_map.h"

static struct profbuf_program *add_program(struct programs *p, struct index *index, uint64_t hash)
{
	struct profbuf_program *program = arena_alloc(&p->symbols->arena, sizeof(*program));

	if (!program || !ARRAY_GROW(p->all, p->n, p->room) || !index_add(index, hash, p->n))
		return NULL;
	*program = (struct profbuf_program){ .id = p->n };
	p->all[p->n++] = program;
	return program;
}

/* One process under one name is one program, however often it is described. */
static struct profbuf_program *get_program(struct programs *p, uint32_t pid, uint64_t start_time, const char *name)
{
	const char *comm = strings_intern(&p->symbols->strings, *name ? name : "[no name]");
	uint64_t hash = hash_mix(hash_mix(pid, start_time), (uintptr_t)comm), at = hash;
	struct profbuf_program *program;
	uint32_t id;

	if (!comm)
		return NULL;
	while ((id = index_next(&p->index, hash, &at)) != INDEX_NONE) {
		program = p->all[id];
		if (program->pid == pid && program->start_time == start_time && program->comm == comm)
			return program;
	}
	program = add_program(p, &p->index, hash);
	if (!program)
		return NULL;
	program->pid = pid;
	program->start_time = start_time;
	program->comm = comm;
	return program;
}

static struct profbuf_program *get_described(struct programs *p, const struct profbuf_process *r)
{
	struct profbuf_program *program = get_program(p, r->pid, r->start_time, r->comm);

	if (!program || program->described)
		return program;
	program->ns_pid = r->ns_pid;
	program->ppid = r->ppid;
	program->uid = r->uid;
	program->cgroup = r->cgroup;
	program->described = true;
	program->kernel = !r->nr_mappings && !r->exe_start && !(r->misc & PROFBUF_PROCESS_EXITING);
	return program;
}

const struct profbuf_program *programs_named(struct programs *p, uint32_t pid, const char *comm)
{
	return get_program(p, pid, 0, comm);
}

static bool add_description(struct programs *p, const struct profbuf_process *r)
{
	struct description *d = arena_alloc(&p->symbols->arena, sizeof(*d));
	struct profbuf_program *program = get_described(p, r);

	if (!d || !program || !ARRAY_GROW(p->descriptions, p->nr_descriptions, p->room_descriptions) ||
	    !ARRAY_GROW(p->sorted, p->nr_descriptions, p->room_sorted) ||
	    !index_add(&p->last, hash_mix(r->pid, r->start_time), p->nr_descriptions))
		return false;
	*d = (struct description){
		.program = program, .time = r->time, .id = p->nr_descriptions,
		.exiting = r->misc & PROFBUF_PROCESS_EXITING,
	};
	p->descriptions[p->nr_descriptions++] = d;
	return true;
}

/* A mapping belongs to the last description of its process. Without a description it explains nothing. */
static bool add_mapping(struct programs *p, const struct profbuf_mapping *r)
{
	uint64_t hash = hash_mix(r->pid, r->start_time), at = hash;
	struct description *d = NULL;
	struct mapping *m;
	uint32_t id;

	while ((id = index_next(&p->last, hash, &at)) != INDEX_NONE) {
		struct description *found = p->descriptions[id];

		if (found->program->pid == r->pid && found->program->start_time == r->start_time &&
		    (!d || found->id > d->id))
			d = found;
	}
	if (!d)
		return true;
	if (!ARRAY_GROW(d->mappings, d->n, d->room))
		return false;
	m = &d->mappings[d->n++];
	m->start = r->start;
	m->end = r->end;
	m->offset = r->offset;
	m->anonymous = jit_mapping(r);
	m->object = symbols_object(p->symbols, r);
	return m->object;
}

static bool add_cgroup(struct programs *p, const struct profbuf_cgroup_record *r)
{
	const char *path = strings_intern(&p->symbols->strings, r->path);

	if (!path || !ARRAY_GROW(p->cgroups, p->nr_cgroups, p->room_cgroups))
		return false;
	p->cgroups[p->nr_cgroups++] = (struct cgroup){ r->id, path };
	return true;
}

bool programs_add(struct programs *p, const struct profbuf_record *record)
{
	if (record->type == PROFBUF_RECORD_CGROUP)
		return add_cgroup(p, (const struct profbuf_cgroup_record *)record);
	if (record->type == PROFBUF_RECORD_PROCESS)
		return add_description(p, (const struct profbuf_process *)record);
	return add_mapping(p, (const struct profbuf_mapping *)record);
}

static int by_pid_and_time(const void *a, const void *b)
{
	const struct description *x = *(struct description *const *)a, *y = *(struct description *const *)b;

	if (x->program->pid != y->program->pid)
		return x->program->pid < y->program->pid ? -1 : 1;
	if (x->time != y->time)
		return x->time < y->time ? -1 : 1;
	return x->id < y->id ? -1 : x->id > y->id;
}

static void find_cgroups(struct programs *p)
{
	const struct cgroup *found;
	size_t i;

	if (!p->nr_cgroups)
		return;
	qsort(p->cgroups, p->nr_cgroups, sizeof(*p->cgroups), by_word);
	for (i = 0; i < p->n; i++) {
		found = bsearch(&p->all[i]->cgroup, p->cgroups, p->nr_cgroups, sizeof(*p->cgroups), by_word);
		p->all[i]->cgroup_path = found ? found->path : NULL;
	}
}

static bool is_same_process(const struct description *x, const struct description *y)
{
	return x->program->pid == y->program->pid && x->program->start_time == y->program->start_time;
}

/* Whether @d is of an exiting process and says less than an earlier description of it. */
static bool says_less(const struct description *d, const struct description *earlier)
{
	return d->exiting && d->program->pid == earlier->program->pid &&
	       (!d->program->start_time || d->program->start_time == earlier->program->start_time);
}

void programs_sort(struct programs *p)
{
	size_t i;

	find_cgroups(p);
	if (p->nr_descriptions) {
		memcpy(p->sorted, p->descriptions, p->nr_descriptions * sizeof(*p->sorted));
		qsort(p->sorted, p->nr_descriptions, sizeof(*p->sorted), by_pid_and_time);
	}
	for (p->nr_sorted = i = 0; i < p->nr_descriptions; i++) {
		if (!p->nr_sorted || !says_less(p->sorted[i], p->sorted[p->nr_sorted - 1]))
			p->sorted[p->nr_sorted++] = p->sorted[i];
	}
	for (i = 0; i < p->nr_sorted; i++) {
		struct description *next = i + 1 < p->nr_sorted ? p->sorted[i + 1] : NULL;

		p->sorted[i]->next = next && is_same_process(p->sorted[i], next) ? next : NULL;
	}
	for (i = 0; i < p->nr_descriptions; i++) {
		if (p->descriptions[i]->n)
			qsort(p->descriptions[i]->mappings, p->descriptions[i]->n, sizeof(struct mapping), by_word);
	}
}

const struct description *programs_find(const struct programs *p, uint32_t pid, uint64_t time)
{
	struct profbuf_program program = { .pid = pid };
	const struct description place = { .program = &program, .time = time, .id = UINT32_MAX }, *key = &place;
	size_t after = sorted_after(p->sorted, p->nr_sorted, sizeof(*p->sorted), by_pid_and_time, &key);

	if (after && p->sorted[after - 1]->program->pid == pid)
		return p->sorted[after - 1];
	if (after < p->nr_sorted && p->sorted[after]->program->pid == pid)
		return p->sorted[after];
	return NULL;
}

const struct profbuf_program *programs_undescribed(struct programs *p, uint32_t pid)
{
	uint64_t hash = hash_mix(pid, 1), at = hash;
	struct profbuf_program *program;
	uint32_t id;

	while ((id = index_next(&p->nameless, hash, &at)) != INDEX_NONE) {
		if (p->all[id]->pid == pid)
			return p->all[id];
	}
	program = add_program(p, &p->nameless, hash);
	if (!program)
		return NULL;
	program->pid = pid;
	program->kernel = !pid;
	program->comm = pid ? strings_format(&p->symbols->strings, ":%u", pid) : "swapper";
	return program->comm ? program : NULL;
}

static const struct mapping *find_mapping(const struct description *d, uint64_t address)
{
	size_t after = sorted_after(d->mappings, d->n, sizeof(*d->mappings), by_word, &address);

	return after && address < d->mappings[after - 1].end ? &d->mappings[after - 1] : NULL;
}

/* A mapping that changes too fast is described later than it is sampled (see profbuf_uapi.h). */
const struct mapping *description_mapping(const struct description *d, uint64_t address)
{
	const struct mapping *m = find_mapping(d, address);

	return m || !d->next ? m : find_mapping(d->next, address);
}

bool programs_maps(const struct programs *p, struct profbuf_map **maps, size_t *n)
{
	struct profbuf_map *to;
	size_t i, k;

	for (*n = i = 0; i < p->nr_sorted; i++)
		*n += p->sorted[i]->n;
	to = *maps = calloc(*n + 1, sizeof(*to));
	for (i = 0; to && i < p->nr_sorted; i++) {
		const struct description *d = p->sorted[i];

		for (k = 0; k < d->n; k++) {
			const struct mapping *m = &d->mappings[k];

			*to++ = (struct profbuf_map){
				.time = d->time, .start = m->start, .end = m->end, .offset = m->offset,
				.object = &m->object->pub, .program = d->program->id, .anonymous = m->anonymous,
			};
		}
	}
	return *maps;
}

void programs_exit(struct programs *p)
{
	size_t i;

	for (i = 0; i < p->nr_descriptions; i++)
		free(p->descriptions[i]->mappings);
	free(p->descriptions);
	free(p->sorted);
	free(p->all);
	free(p->cgroups);
	index_exit(&p->index);
	index_exit(&p->last);
	index_exit(&p->nameless);
}
