// SPDX-License-Identifier: GPL-2.0-only
/*
 * json.c - writes JSON, and knows itself where a comma is due
 */
#include <inttypes.h>

#include "cmd.h"
#include "json.h"

/* A character past U+FFFF is a pair of UTF-16 surrogates. */
static void print_escape(FILE *f, uint32_t c)
{
	if (c > 0xffff) {
		fprintf(f, "\\u%04x", 0xd800 | (c - 0x10000) >> 10);
		c = 0xdc00 | (c & 0x3ff);
	}
	fprintf(f, "\\u%04x", c);
}

static void print_string(FILE *f, const char *text)
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
			print_escape(f, control_character(text));
		else
			fwrite(text, 1, n, f);
	}
	fputc('"', f);
}

/* Writes what comes before each value. */
static void begin_value(struct json *json, const char *name)
{
	if (json->comma)
		fputc(',', json->f);
	if (json->line)
		fputc('\n', json->f);
	if (name) {
		print_string(json->f, name);
		fputc(':', json->f);
	}
	json->comma = true;
	json->line = false;
}

static void begin(struct json *json, const char *name, char bracket)
{
	begin_value(json, name);
	fputc(bracket, json->f);
	json->depth++;
	json->comma = false;
}

static void end(struct json *json, char bracket)
{
	fputc(bracket, json->f);
	json->comma = --json->depth;
	json->line = false;
	if (!json->depth)
		fputc('\n', json->f);
}

void json_object_begin(struct json *json, const char *name)
{
	begin(json, name, '{');
}

void json_object_end(struct json *json)
{
	end(json, '}');
}

void json_array_begin(struct json *json, const char *name)
{
	begin(json, name, '[');
}

void json_array_end(struct json *json)
{
	end(json, ']');
}

void json_string(struct json *json, const char *name, const char *text)
{
	begin_value(json, name);
	print_string(json->f, text);
}

void json_unsigned(struct json *json, const char *name, uint64_t value)
{
	begin_value(json, name);
	fprintf(json->f, "%" PRIu64, value);
}

void json_double(struct json *json, const char *name, const char *format, double value)
{
	begin_value(json, name);
	fprintf(json->f, format, value);
}

void json_bytes(struct json *json, const char *name, const uint8_t *bytes, size_t n)
{
	begin_value(json, name);
	fputc('"', json->f);
	for (size_t i = 0; i < n; i++)
		fprintf(json->f, "%02x", bytes[i]);
	fputc('"', json->f);
}

void json_bool(struct json *json, const char *name, bool value)
{
	begin_value(json, name);
	fputs(value ? "true" : "false", json->f);
}

void json_address(struct json *json, const char *name, uint64_t address)
{
	begin_value(json, name);
	fprintf(json->f, "\"0x%" PRIx64 "\"", address);
}

void json_line(struct json *json)
{
	json->line = true;
}
