// SPDX-License-Identifier: GPL-2.0-only
/*
 * text.c - text that others chose, for terminals and for JSON
 *
 * What a process calls itself, its files and its functions may be any bytes: written to a terminal as they are, they
 * could steer it.
 */
#include <stdlib.h>

#include "cmd.h"

size_t utf8_bytes(const char *text)
{
	const unsigned char *c = (const unsigned char *)text;
	/* The second byte's bounds keep out longer forms than needed, surrogates and what is past U+10FFFF. */
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

int control_character(const char *text)
{
	const unsigned char *c = (const unsigned char *)text;

	if (*c < ' ' || *c == 0x7f)
		return *c;
	/* The others are two bytes of UTF-8. */
	return *c == 0xc2 && c[1] >= 0x80 && c[1] < 0xa0 ? c[1] : -1;
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

void print_json_string(FILE *f, const char *text)
{
	size_t n;

	fputc('"', f);
	for (; *text; text += n ? n : 1) {
		n = utf8_bytes(text);
		if (!n)
			fputs("\\ufffd", f);
		else if (*text == '"' || *text == '\\')
			fprintf(f, "\\%c", *text);
		else if (control_character(text) >= 0)
			fprintf(f, "\\u%04x", control_character(text));
		else
			fwrite(text, 1, n, f);
	}
	fputc('"', f);
}
