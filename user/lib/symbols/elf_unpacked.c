// SPDX-License-Identifier: GPL-2.0-only
/*
 * elf_unpacked.c - the unpacked size of an ELF file's compressed sections
 */
#include <endian.h>
#include <gelf.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "elf_header.h"

#define MINI_DEBUG_MAX	(4U << 20)	/* bytes of .gnu_debugdata; distributions mostly have less than 1 MiB */

/* The bytes of a section that are not read yet. */
struct bytes {
	const uint8_t *at;
	size_t left;
};

/* Takes @n bytes. Return: their address; NULL: there are not so many left. */
static const uint8_t *take(struct bytes *b, size_t n)
{
	const uint8_t *at = b->at;

	if (n > b->left)
		return NULL;
	b->at += n;
	b->left -= n;
	return at;
}

/*
 * .gnu_debugdata is an xz file, which contains an ELF file with symbols. Its index gives the size, but the decoder
 * checks that only after it has unpacked all. But each chunk of at most 2 MiB gives its unpacked size, and the decoder
 * obeys that size.
 */

/* Reads one chunk of LZMA2. False: it is the last one, or no chunk. */
static bool add_chunk(struct bytes *b, uint64_t *sum)
{
	const uint8_t *control = take(b, 1), *sizes;
	size_t packed;

	if (!control || !*control)
		return false;
	sizes = take(b, *control < 0x80 ? 2 : 4);
	if (!sizes)
		return false;
	packed = *control < 0x80 ? (sizes[0] << 8 | sizes[1]) + 1 : (sizes[2] << 8 | sizes[3]) + 1 + (*control >= 0xc0);
	*sum += *control < 0x80 ? packed : ((*control & 0x1fU) << 16 | sizes[0] << 8 | sizes[1]) + 1;
	return take(b, packed);
}

/* Reads a block: a header, chunks, up to 3 zeros, and a checksum. */
static bool add_block(struct bytes *b, size_t sum_bytes, uint64_t *sum)
{
	size_t before = b->left;
	const uint8_t *header = take(b, 1);

	if (!header || !*header || !take(b, *header * 4 + 3))
		return false;
	while (add_chunk(b, sum))
		;
	return take(b, -(before - b->left) & 3) && take(b, sum_bytes);
}

/* Return: the unpacked size; UINT64_MAX: it is no xz file, or too large. */
static uint64_t unpacked_xz(struct bytes b)
{
	static const size_t sums[16] = { 0, 4, 4, 4, 8, 8, 8, 16, 16, 16, 32, 32, 32, 64, 64, 64 };
	const uint8_t *header = take(&b, 12);
	uint64_t sum = 0;

	if (!header || memcmp(header, "\3757zXZ", 6) || b.left > MINI_DEBUG_MAX)
		return UINT64_MAX;
	while (add_block(&b, sums[header[7] & 15], &sum))
		;
	return sum;
}

/* For sections named .zdebug*: they begin with "ZLIB" and the size in big-endian order. */
static uint64_t unpacked_old(const struct bytes *b)
{
	uint64_t size;

	if (b->left < 12 || memcmp(b->at, "ZLIB", 4))
		return 0;
	memcpy(&size, b->at + 4, sizeof(size));
	return be64toh(size);
}

static uint64_t unpacked(Elf_Scn *scn, const GElf_Shdr *shdr, const char *name)
{
	struct bytes b = { 0 };
	Elf_Data *data;
	GElf_Chdr chdr;

	if (shdr->sh_flags & SHF_COMPRESSED)
		return gelf_getchdr(scn, &chdr) ? chdr.ch_size : 0;
	if (!name || shdr->sh_type == SHT_NOBITS || (strcmp(name, ".gnu_debugdata") && strncmp(name, ".zdebug", 7)))
		return 0;
	data = elf_rawdata(scn, NULL);
	if (data && data->d_buf)
		b = (struct bytes){ data->d_buf, data->d_size };
	return name[1] == 'z' ? unpacked_old(&b) : unpacked_xz(b);
}

uint64_t elf_unpacked_bytes(Elf *elf)
{
	Elf_Scn *scn = NULL;
	uint64_t sum = 0;
	GElf_Shdr shdr;
	size_t names;

	if (elf_getshdrstrndx(elf, &names))
		return 0;
	while (sum <= ELF_UNPACKED_MAX && (scn = elf_nextscn(elf, scn))) {
		uint64_t more = 0;

		if (gelf_getshdr(scn, &shdr))
			more = unpacked(scn, &shdr, elf_strptr(elf, names, shdr.sh_name));
		sum = more <= ELF_UNPACKED_MAX ? sum + more : more;
	}
	return sum;
}
