// SPDX-License-Identifier: GPL-2.0-only
/*
 * tag_cxx.cc - libprofbuf-tag from C++: scopes nest, also past exceptions
 */
#include <cstdio>
#include <stdexcept>

#include "profbuf-tag.h"

static int failed;

static void expect(bool ok, const char *what)
{
	if (!ok) {
		std::printf("# C++: %s\n", what);
		failed = 1;
	}
}

int main()
{
	const profbuf_labels_t *a = profbuf_labels("x", "a", nullptr), *b = profbuf_labels("x", "b", nullptr);

	expect(a && b && a != b, "sets");
	{
		profbuf::label_scope outer(a);

		expect(profbuf_get_labels() == a, "a scope");
		try {
			profbuf::label_scope inner(b);

			expect(profbuf_get_labels() == b, "a scope within");
			throw std::runtime_error("");
		} catch (const std::runtime_error &) {
			expect(profbuf_get_labels() == a, "an exception ends a scope");
		}
		{
			profbuf::label_scope none(nullptr);

			expect(profbuf_get_labels() == a, "a scope of a set that could not be made");
		}
		PROFBUF_WITH_LABELS(b)
			expect(profbuf_get_labels() == b, "PROFBUF_WITH_LABELS");
		{
			PROFBUF_LABEL_SCOPE(b);
			expect(profbuf_get_labels() == b, "PROFBUF_LABEL_SCOPE");
		}
		expect(profbuf_get_labels() == a, "a scope after others");
	}
	expect(!profbuf_get_labels(), "no labels in the end");
	return failed;
}
