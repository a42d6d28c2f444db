// SPDX-License-Identifier: GPL-2.0-only
/*
 * json_test.c - the writer of JSON: where commas are, and what becomes of names and strings
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "../tap.h"
#include "json.h"

static char *text;
static size_t bytes;
static struct json json;

static void open_memory(void)
{
	json = (struct json){ .f = open_memstream(&text, &bytes) };
	assert_non_null(json.f);
}

static void close_memory(void)
{
	fclose(json.f);
	free(text);
}

static void assert_written(const char *expected)
{
	fflush(json.f);
	assert_string_equal(text, expected);
}

TEST(a_comma_is_only_between_two_values, .setup = open_memory, .teardown = close_memory)
{
	json_object_begin(&json, NULL);
	json_array_begin(&json, "none");
	json_array_end(&json);
	json_array_begin(&json, "some");
	for (int i = 0; i < 2; i++) {
		json_line(&json);
		json_object_begin(&json, NULL);
		json_unsigned(&json, "n", UINT64_MAX);
		json_bool(&json, "b", !i);
		json_object_end(&json);
	}
	json_line(&json);
	json_array_end(&json);
	json_object_end(&json);
	assert_written("{\"none\":[],\"some\":[\n{\"n\":18446744073709551615,\"b\":true},\n"
		       "{\"n\":18446744073709551615,\"b\":false}]}\n");
}

TEST(each_outermost_object_is_by_itself, .setup = open_memory, .teardown = close_memory)
{
	for (int i = 0; i < 2; i++) {
		json_object_begin(&json, NULL);
		json_double(&json, "d", "%.3f", 0.25);
		json_object_end(&json);
	}
	assert_written("{\"d\":0.250}\n{\"d\":0.250}\n");
}

TEST(names_and_strings_are_escaped, .setup = open_memory, .teardown = close_memory)
{
	json_object_begin(&json, NULL);
	json_string(&json, "a\"\n", "\\ \xff \xe2\x80\xae \xf3\xa0\x80\x81 \xc3\xa4");
	json_address(&json, "at", 0xffffffff81000000);
	json_bytes(&json, "id", (const uint8_t *)"\x00\xab", 2);
	json_object_end(&json);
	assert_written("{\"a\\\"\\u000a\":\"\\\\ \\ufffd \\u202e \\udb40\\udc01 \xc3\xa4\","
		       "\"at\":\"0xffffffff81000000\",\"id\":\"00ab\"}\n");
}

int main(void)
{
	return tap_cmocka_main();
}
