/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * json.h - writes JSON, and knows itself where a comma is due
 *
 * A writer begins as { .f = FILE }, and the caller closes the file. It writes one object or array after the other; the
 * end of the outermost one ends the line. @name is the name of a member of an object; NULL: an element of an array, or
 * the outermost value. Names and strings may be any bytes: control characters are escaped, and bytes that are not UTF-8
 * become U+FFFD. The caller checks at the end whether everything was written.
 */
#ifndef PROFBUF_JSON_H
#define PROFBUF_JSON_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct json {
	FILE *f;
	unsigned int depth;	/* how many objects and arrays have begun and not ended */
	bool comma;		/* the object or array has something already */
	bool line;		/* what comes next begins a line */
};

void json_object_begin(struct json *json, const char *name);
void json_object_end(struct json *json);
void json_array_begin(struct json *json, const char *name);
void json_array_end(struct json *json);

void json_string(struct json *json, const char *name, const char *text);

void json_unsigned(struct json *json, const char *name, uint64_t value);

/* @format: for printf, of one number that JSON can have: it is finite. */
void json_double(struct json *json, const char *name, const char *format, double value)
	__attribute__((format(printf, 3, 0)));

/* Any bytes are a string in hexadecimal. */
void json_bytes(struct json *json, const char *name, const uint8_t *bytes, size_t n);

void json_bool(struct json *json, const char *name, bool value);

/* An address is a string in hexadecimal, because numbers in JavaScript have 53 bits. */
void json_address(struct json *json, const char *name, uint64_t address);

/* What comes next, if something does, begins a line. */
void json_line(struct json *json);

#endif /* PROFBUF_JSON_H */
