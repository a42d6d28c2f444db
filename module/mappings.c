// SPDX-License-Identifier: GPL-2.0-only
/*
 * mappings.c - a process's executable mappings, and the files behind them
 */
#include <linux/dcache.h>
#include <linux/elf.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/highmem.h>
#include <linux/kdev_t.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <asm/elf.h>

#include "compat.h"
#include "hash.h"
#include "mappings.h"
#include "notes.h"
#include "requests.h"

/* The type of the ELF note that has the build id, with the owner GNU. No header of the kernel has a name for it. */
#define NT_GNU_BUILD_ID	3

/* The owner of the file may write to the page meanwhile, so the code checks and uses the same copy. */
static void copy_once(void *to, const void *from, size_t bytes)
{
	memcpy(to, from, bytes);
	barrier();	/* the compiler must not read the page again */
}

/*
 * The build id of the ELF file @file, if the first page of the file is in memory, as it is while the file is executed.
 * Nothing is read from disk, so that a filesystem that hangs does not hang the worker.
 */
static u32 build_id_of(const struct file *file, u8 *build_id, u32 max)
{
	struct page *page;
	Elf64_Ehdr ehdr;
	Elf64_Phdr phdr;
	Elf64_Nhdr note;
	const u8 *elf;
	u32 i, len = 0;

	page = find_get_page(file->f_mapping, 0);
	if (!page)
		return 0;
	if (!PageUptodate(page))
		goto out_put;

	elf = kmap_local_page(page);
	copy_once(&ehdr, elf, sizeof(ehdr));
	if (memcmp(ehdr.e_ident, ELFMAG, SELFMAG) || ehdr.e_ident[EI_CLASS] != ELFCLASS64 ||
	    ehdr.e_phentsize != sizeof(phdr) || ehdr.e_phoff > PAGE_SIZE || ehdr.e_phoff % 8 ||
	    ehdr.e_phnum > (PAGE_SIZE - ehdr.e_phoff) / sizeof(phdr))
		goto out_unmap;
	for (i = 0; i < ehdr.e_phnum && !len; i++) {
		u64 at, end;

		copy_once(&phdr, elf + ehdr.e_phoff + i * sizeof(phdr), sizeof(phdr));
		at = phdr.p_offset;
		end = at + phdr.p_filesz;
		if (phdr.p_type != PT_NOTE || at % 4 || end < at || end > PAGE_SIZE)
			continue;
		while (at + sizeof(note) <= end) {
			u64 name, desc;

			copy_once(&note, elf + at, sizeof(note));
			name = at + sizeof(note);
			desc = name + ALIGN((u64)note.n_namesz, 4);
			at = desc + ALIGN((u64)note.n_descsz, 4);
			if (at > end)
				break;
			if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == sizeof("GNU") &&
			    !memcmp(elf + name, "GNU", sizeof("GNU")) && note.n_descsz <= max) {
				len = note.n_descsz;
				memcpy(build_id, elf + desc, len);
				break;
			}
		}
	}
out_unmap:
	kunmap_local(elf);
out_put:
	put_page(page);
	return len;
}

static const char *vma_path(struct vm_area_struct *vma, char *buf, int size)
{
	const char *path = NULL;

	if (vma->vm_file) {
		path = d_path(profbuf_compat_user_path(vma->vm_file), buf, size);
		return IS_ERR(path) ? "" : path;
	}
	if (vma->vm_ops && vma->vm_ops->name)
		path = vma->vm_ops->name(vma);	/* [vdso] */
	return path ? path : "";
}

/* Adds the record of a mapping to @notes. Returns its bytes; 0: no memory. */
static size_t describe_vma(const struct profbuf_request *r, struct vm_area_struct *vma, char *buf, int size,
			   struct list_head *notes)
{
	const char *path = vma_path(vma, buf, size);
	size_t len = strlen(path) + 1;
	struct profbuf_mapping *m;
	struct profbuf_note *note;

	note = profbuf_note_alloc(sizeof(*m) + len);
	if (!note)
		return 0;
	list_add_tail(&note->list, notes);
	m = (struct profbuf_mapping *)note->words;
	m->time = r->time;
	m->type = PROFBUF_RECORD_MAPPING;
	m->cpu = PROFBUF_CPU_NONE;
	m->pid = r->pid;
	m->start_time = r->start_time;
	m->start = vma->vm_start;
	m->end = vma->vm_end;
	memcpy(m->path, path, len);
	if (vma->vm_file) {
		const struct inode *inode = profbuf_compat_user_inode(vma->vm_file);

		m->offset = (u64)vma->vm_pgoff << PAGE_SHIFT;
		m->inode = inode->i_ino;
		m->dev_major = MAJOR(inode->i_sb->s_dev);
		m->dev_minor = MINOR(inode->i_sb->s_dev);
		m->build_id_len = build_id_of(vma->vm_file, m->build_id, sizeof(m->build_id));
	} else {
		m->misc = PROFBUF_MAPPING_ANON;
	}
	return note->words[0] * sizeof(u64);
}

u64 profbuf_mappings_signature(struct mm_struct *mm)
{
	struct vm_area_struct *vma;
	u64 h = 1;

	VMA_ITERATOR(vmi, mm, 0);

	for_each_vma(vmi, vma) {
		cond_resched();
		if (!(vma->vm_flags & VM_EXEC))
			continue;
		h = profbuf_hash(h + vma->vm_start);
		h = profbuf_hash(h + vma->vm_end);
		h = profbuf_hash(h + vma->vm_pgoff);
		h = profbuf_hash(h + (vma->vm_file ? file_inode(vma->vm_file)->i_ino : 0));
	}
	return h;
}

int profbuf_mappings_describe(const struct profbuf_request *r, char *buf, int size, size_t max, struct list_head *notes,
			      u32 *nr)
{
	struct vm_area_struct *vma;
	size_t bytes, all = 0;

	VMA_ITERATOR(vmi, r->mm, 0);

	for_each_vma(vmi, vma) {
		cond_resched();
		if (!(vma->vm_flags & VM_EXEC))
			continue;
		bytes = describe_vma(r, vma, buf, size, notes);
		if (!bytes)
			return -ENOMEM;
		all += bytes;
		if (all > max)
			return -E2BIG;
		(*nr)++;
	}
	return 0;
}
