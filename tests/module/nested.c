// SPDX-License-Identifier: GPL-2.0-only
/*
 * nested.c - a tick that comes inside another tick is counted, skipped, and harms nothing
 *
 * profbuf_nested.ko (in $NESTED_MODULE) makes such ticks.
 */
#define _GNU_SOURCE
#include "kt.h"

TEST(nested_ticks_are_skipped_by_name)
{
	struct profbuf_config config = kt_config();
	struct profbuf_counters c;
	struct kt_stream s = { 0 };
	unsigned long long made;
	char command[4200];
	struct kt_sums sums;
	int fd = kt_open();
	FILE *f;

	snprintf(command, sizeof(command), "insmod %s", getenv("NESTED_MODULE"));
	NEED(!system(command));
	kt_configure(fd, &config);
	sums = kt_run_session(fd, 500 * MSEC, &s);
	f = fopen("/sys/module/profbuf_nested/parameters/made", "r");
	NEED(f && fscanf(f, "%llu", &made) == 1);
	fclose(f);
	c = kt_counters(fd, -1);
	ENOUGH(made > 10, "%llu made", made);
	CHECK(c.skipped[PROFBUF_SKIP_NESTED] == made, "%llu skipped, %llu made",
	      (unsigned long long)c.skipped[PROFBUF_SKIP_NESTED], made);
	ENOUGH(sums.all_samples > 100);
	kt_free(&s);
	close(fd);
	NEED(!system("rmmod profbuf_nested"));
}

int main(void)
{
	return kt_main();
}
