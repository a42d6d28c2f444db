// SPDX-License-Identifier: GPL-2.0-only
/*
 * demangle.c - C++ and Rust names as their sources have them
 */
#include <libiberty/demangle.h>
#include <string.h>

#include "symbols.h"

char *demangle(const char *name)
{
	/* C++ and older Rust: _Z; Rust: _R. Nothing else is touched: a C name that looks mangled in D stays. */
	if (strncmp(name, "_Z", 2) && strncmp(name, "_R", 2))
		return NULL;
	return cplus_demangle(name, DMGL_AUTO);
}
