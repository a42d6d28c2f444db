// SPDX-License-Identifier: GPL-2.0-only
//
// export_target.cc - functions with names to demangle; it is never run
namespace work {
int leaf(int a, const char *b) __attribute__((noinline));
int leaf(int a, const char *b)
{
	return a + *b;
}

int caller(int a) __attribute__((noinline));
int caller(int a)
{
	return leaf(a, "x") + 1;
}
}

int main(int argc, char **)
{
	return work::caller(argc);
}
