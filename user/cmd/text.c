// SPDX-License-Identifier: GPL-2.0-only
/*
 * text.c - text from untrusted sources, for terminals
 *
 * The names of processes, files and functions may be any bytes. Written to a terminal as they are, they could steer it,
 * or look like other text: in another order, or with invisible parts.
 */
#include <stdlib.h>

#include "cmd.h"

size_t utf8_bytes(const char *text)
{
	const unsigned char *c = (const unsigned char *)text;
	/* The bounds of the second byte exclude overlong forms, surrogates and code points past U+10FFFF. */
	unsigned int low = *c == 0xe0 ? 0xa0 : *c == 0xf0 ? 0x90 : 0x80;
	unsigned int high = *c == 0xed ? 0x9f : *c == 0xf4 ? 0x8f : 0xbf;
	size_t i, n = *c < 0x80 ? 1 : *c < 0xc2 ? 0 : *c < 0xe0 ? 2 : *c < 0xf0 ? 3 : *c < 0xf5 ? 4 : 0;

	for (i = 1; i < n; i++) {
		if (c[i] < low || c[i] > high)
			return 0;
		low = 0x80;
		high = 0xbf;
	}
	return n;
}

/*
 * Characters that steer a terminal, change the order of the characters around them, or are invisible: Unicode's
 * categories Cc, Zl and Zp, the property Default_Ignorable_Code_Point, and the interlinear annotation characters.
 */
static const struct {
	uint32_t first;
	uint32_t last;
} controls[] = {
	{ 0x0000, 0x001f }, { 0x007f, 0x009f }, { 0x00ad, 0x00ad }, { 0x034f, 0x034f }, { 0x061c, 0x061c },
	{ 0x115f, 0x1160 }, { 0x17b4, 0x17b5 }, { 0x180b, 0x180f }, { 0x200b, 0x200f }, { 0x2028, 0x202e },
	{ 0x2060, 0x206f }, { 0x3164, 0x3164 }, { 0xfe00, 0xfe0f }, { 0xfeff, 0xfeff }, { 0xffa0, 0xffa0 },
	{ 0xfff0, 0xfffb }, { 0x1bca0, 0x1bca3 }, { 0x1d173, 0x1d17a }, { 0xe0000, 0xe0fff },
};

int control_character(const char *text)
{
	size_t i = 0, n = utf8_bytes(text);
	uint32_t c = (unsigned char)*text & (n > 1 ? 0x7f >> n : 0x7f);

	if (!n)
		return -1;
	for (size_t k = 1; k < n; k++)
		c = c << 6 | ((unsigned char)text[k] & 0x3f);
	while (i < sizeof(controls) / sizeof(controls[0]) && c > controls[i].last)
		i++;
	return i < sizeof(controls) / sizeof(controls[0]) && c >= controls[i].first ? (int)c : -1;
}

size_t print_harmless(FILE *f, const char *text, size_t width)
{
	size_t columns = 0, n;

	while (*text && columns < width) {
		for (n = 0; n < width - columns && text[n] >= ' ' && text[n] < 0x7f; n++)
			;
		if (n) {
			fwrite(text, 1, n, f);
			columns += n;
		} else {
			n = utf8_bytes(text);
			if (!n)
				fputs("\xef\xbf\xbd", f);
			else if (control_character(text) >= 0)
				fputc('?', f);
			else
				fwrite(text, 1, n, f);
			columns++;
		}
		text += n ? n : 1;
	}
	return columns;
}
