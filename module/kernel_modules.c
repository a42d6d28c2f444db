// SPDX-License-Identifier: GPL-2.0-only
/*
 * kernel_modules.c - records of the kernel's modules, so that kernel addresses can be resolved elsewhere
 *
 * The kernel does not export the list of modules, but this module is one of its members. The list is read as the
 * kernel's own readers do it: members come and go by RCU.
 */
#include <linux/module.h>
#include <linux/rculist.h>
#include <linux/slab.h>
#include <linux/timekeeping.h>

#include "compat.h"
#include "kernel_modules.h"
#include "notes.h"

/* Room for modules that are loaded between counting and reading. */
#define SPARE	16

/* The head of the list is the only part of it that is not in a module's memory. */
static bool is_head(const struct module *mod)
{
	return (unsigned long)mod < MODULES_VADDR || (unsigned long)mod >= MODULES_END;
}

static void fill(struct profbuf_module *m, const struct module *mod)
{
	profbuf_compat_module_text(mod, &m->start, &m->end);
	strscpy(m->name, mod->name, sizeof(m->name));
#ifdef CONFIG_STACKTRACE_BUILD_ID
	memcpy(m->build_id, mod->build_id, min(sizeof(m->build_id), sizeof(mod->build_id)));
#endif
}

/* Fills as many entries as there is room for. Return: how many modules there are. */
static unsigned int read_modules(struct profbuf_module *to, unsigned int room)
{
	const struct module *mod;
	unsigned int n = 0;

	rcu_read_lock();
	list_for_each_entry_rcu(mod, &THIS_MODULE->list, list) {
		/* An unformed module has no memory yet. */
		if (is_head(mod) || mod->state == MODULE_STATE_UNFORMED)
			continue;
		if (n < room)
			fill(&to[n], mod);
		n++;
	}
	/* The walk began after this module, and did not meet it. */
	if (n < room)
		fill(&to[n], THIS_MODULE);
	rcu_read_unlock();
	return n + 1;
}

void profbuf_kernel_modules_describe(struct profbuf_notes *notes)
{
	unsigned int room = read_modules(NULL, 0) + SPARE, n, i;
	struct profbuf_module *modules, *m;
	struct profbuf_note *note;

	modules = kvcalloc(room, sizeof(*modules), GFP_KERNEL_ACCOUNT);
	if (!modules) {
		profbuf_notes_count(notes, PROFBUF_SIDEBAND_MEMORY);
		return;
	}
	n = read_modules(modules, room);
	for (i = 0; i < n; i++) {
		note = i < room ? profbuf_note_alloc(sizeof(*m)) : NULL;
		if (!note) {
			profbuf_notes_count(notes, PROFBUF_SIDEBAND_MEMORY);
			continue;
		}
		m = (struct profbuf_module *)note->words;
		modules[i].len = m->len;
		*m = modules[i];
		m->time = ktime_get_ns();
		m->type = PROFBUF_RECORD_MODULE;
		m->cpu = PROFBUF_CPU_NONE;
		if (!profbuf_notes_add(notes, note))
			profbuf_notes_count(notes, PROFBUF_SIDEBAND_LIMIT);
	}
	kvfree(modules);
}
