// SPDX-License-Identifier: GPL-2.0-only
/*
 * recorder.c - what only the running system knows of a stream, while the stream is recorded
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "recorder.h"
#include "sideband.h"
#include "symbol_recorder.h"
#include "tag_finder.h"
#include "tag_recorder.h"

struct recorder {
	struct profbuf_session *session;
	struct tag_finder *finder;		/* NULL: the recording takes no tags */
	struct tag_finder_counts scanned;	/* the finder's counts when the scan was over */
	uint64_t lost[8];			/* samples whose tags could not be read, by enum profbuf_tag_cause */
	struct tag_recorder *names;
	struct sideband *sideband;		/* NULL: there is one part only */
};

struct recorder_part {
	struct symbol_recorder *symbols;
	int (*emit)(const struct profbuf_record *record, void *context);
	void *context;
};

int recorder_new(struct recorder **recorder, struct profbuf_session *session, bool parts)
{
	struct recorder *r = calloc(1, sizeof(*r));

	if (!r)
		return -ENOMEM;
	r->session = session;
	if (tag_recorder_new(&r->names) || (session && tag_finder_new(&r->finder)) ||
	    (parts && sideband_new(&r->sideband))) {
		recorder_free(r);
		return -ENOMEM;
	}
	*recorder = r;
	return 0;
}

void recorder_free(struct recorder *r)
{
	if (!r)
		return;
	tag_finder_free(r->finder);
	tag_recorder_free(r->names);
	sideband_free(r->sideband);
	free(r);
}

/*
 * The scan looks at all processes, also at those that are never sampled. So its failures do not count as losses: the
 * finder looks again at the processes that are sampled.
 */
int recorder_scan(struct recorder *r)
{
	int err = r->finder ? tag_finder_scan(r->finder, r->session) : 0;

	if (r->finder)
		tag_finder_counts(r->finder, &r->scanned);
	return err;
}

void recorder_tag_losses(const struct recorder *r, struct recorder_tag_losses *losses)
{
	const struct tag_finder_counts *before = &r->scanned;
	struct tag_finder_counts now = { 0 };

	if (r->finder)
		tag_finder_counts(r->finder, &now);
	*losses = (struct recorder_tag_losses){
		.old_module = now.old_module,
		.rights = now.rights - before->rights,
		.full = now.full - before->full,
		.slow = now.slow - before->slow,
		.given_up = now.given_up - before->given_up,
		.failed = now.failed - before->failed,
	};
	memcpy(losses->samples, r->lost, sizeof(r->lost));
}

/* A part of a recording */

int recorder_part_new(struct recorder_part **part, int (*emit)(const struct profbuf_record *record, void *context),
		      void *context)
{
	struct recorder_part *p = calloc(1, sizeof(*p));

	if (!p || symbol_recorder_new(&p->symbols)) {
		free(p);
		return -ENOMEM;
	}
	p->emit = emit;
	p->context = context;
	*part = p;
	return 0;
}

void recorder_part_free(struct recorder_part *p)
{
	if (!p)
		return;
	symbol_recorder_free(p->symbols);
	free(p);
}

static int add_to_part(const struct profbuf_record *record, void *context)
{
	struct recorder_part *p = context;

	symbol_recorder_add(p->symbols, record);
	return p->emit(record, p->context);
}

/* Whether a record may explain samples that came before it. */
static bool explains_earlier(const struct profbuf_record *record)
{
	return record->type == PROFBUF_RECORD_PROCESS || record->type == PROFBUF_RECORD_MAPPING ||
	       record->type == PROFBUF_RECORD_THREAD || record->type == PROFBUF_RECORD_TAG;
}

int recorder_part_add_late(struct recorder_part *p, const uint64_t *words, size_t n)
{
	int err = 0;

	for (size_t at = 0; at < n && !err; at += words[at]) {
		if (explains_earlier((const void *)(words + at)))
			err = add_to_part((const void *)(words + at), p);
	}
	return err;
}

int recorder_part_finish(struct recorder_part *p)
{
	return symbol_recorder_emit(p->symbols, p->emit, p->context);
}

/* The recording */

int recorder_begin(struct recorder *r, struct recorder_part *part)
{
	return r->sideband ? sideband_emit(r->sideband, add_to_part, part) : 0;
}

int recorder_end(struct recorder *r, struct recorder_part *part)
{
	return tag_recorder_emit(r->names, part->emit, part->context);
}

static void find_tags(struct recorder *r, const struct profbuf_record *record)
{
	const struct profbuf_tag_lost *lost = (const void *)record;

	tag_finder_add(r->finder, r->session, record);
	for (unsigned int i = 0; record->type == PROFBUF_RECORD_TAG_LOST && i < 8; i++)
		r->lost[i] += lost->count[i];
}

/* A name was found for that part. */
struct finding {
	struct recorder *recorder;
	struct recorder_part *part;
};

/* Names that were found are needed in later parts, too. */
static int add_found(const struct profbuf_record *record, void *context)
{
	const struct finding *f = context;

	if (f->recorder->sideband)
		sideband_add(f->recorder->sideband, record);
	return f->part->emit(record, f->part->context);
}

static int add_record(struct recorder *r, struct recorder_part *part, const struct profbuf_record *record)
{
	struct finding finding = { r, part };
	int err = add_to_part(record, part);

	if (err)
		return err;
	if (r->sideband)
		sideband_add(r->sideband, record);
	err = tag_recorder_add(r->names, record, add_found, &finding);
	return err == -ENOMEM ? 0 : err;
}

int recorder_add(struct recorder *r, struct recorder_part *part, const uint64_t *words, size_t n)
{
	int err = 0;

	/* This comes first for all records, as processes end, and samples are without tags until the module is told. */
	for (size_t at = 0; r->finder && at < n; at += words[at])
		find_tags(r, (const void *)(words + at));
	for (size_t at = 0; at < n && !err; at += words[at])
		err = add_record(r, part, (const void *)(words + at));
	return err;
}
